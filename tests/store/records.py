"""Records as a parsed request holds them."""

from ringlog.config import Retention
from ringlog.model import (
    MICROSECONDS,
    CallBatch,
    CallRecord,
    CallRow,
    EntryRecord,
    Horizon,
    Kind,
    entry_text,
)

NOW = 1_795_000_000 * MICROSECONDS
DAY = 86_400 * MICROSECONDS


def horizon(after_us: int = 0, **retention: int) -> Horizon:
    return Retention(**retention).horizon(NOW + after_us)


def entry(
    session_id: str = "x",
    source: str = "s",
    seq: int | None = 0,
    *,
    time_us: int = NOW,
    line: str = "",
    kind: Kind = Kind.INFO,
    number: int = 1,
) -> EntryRecord:
    line = line or f"{source} {seq}"
    text = entry_text(kind, line, {"module_type": "m", "result_variable": "r"}, time_us // MICROSECONDS)
    return EntryRecord(number, session_id, source, seq, time_us, kind, line, text)


def batch(*records: EntryRecord | CallRow) -> dict[str, CallBatch]:
    """One request, its records numbered in the order given."""
    calls: dict[str, CallBatch] = {}
    for number, record in enumerate(records, 1):
        call = calls.setdefault(record.session_id, CallBatch(record.session_id))
        if isinstance(record, CallRow):
            call.rows.append(CallRecord(number, record))
        else:
            call.entries.append(record._replace(number=number))
    return calls


def ended(session_id: str = "x", start_us: int = NOW) -> CallRow:
    start_s = start_us // MICROSECONDS
    return CallRow(session_id, src="5551234", dest="5559876", start_s=start_s, end_s=start_s + 1)
