"""Lines as a Sender writes them, read many at once.

Such lines are byte for byte what encoding their values gives. So none has a repeated or unknown key, a number
in another text, or anything nested in its data, and all of it is known from one decoding and one encoding of
all of them. Whatever is written in another way is read record by record (`records`).
"""

from collections.abc import Iterator

import msgspec

from ringlog.model import (
    MAX_ENTRY_BYTES,
    MICROSECONDS,
    OUTBOUND_SRC,
    CallBatch,
    CallRecord,
    CallRow,
    EntryRecord,
    is_session_id,
)
from ringlog.wire.checking import EARLIEST_S, Checking
from ringlog.wire.ending import ending_in
from ringlog.wire.shapes import PlainRecord

PIECE_BYTES = 64 * 2**10
"""Read at once: about half a millisecond."""


def pieces(body: bytes) -> Iterator[bytes]:
    """`body` in pieces of whole lines."""
    at = 0
    while at < len(body):
        end = body.rfind(b"\n", at, at + PIECE_BYTES) + 1 or body.find(b"\n", at) + 1 or len(body)
        yield body[at:end]
        at = end


def plain_records(lines: bytes) -> list[PlainRecord] | None:
    """One of each line, or None where a line is not plain."""
    try:
        records = _decode(lines)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    is_plain = _encode(records).removesuffix(b"\n") == lines.removesuffix(b"\n") and NUL not in lines
    return records if is_plain else None


class Plain:
    """Puts plain records into a batch, but for those that need more than a glance."""

    def __init__(self, checking: Checking) -> None:
        self._checking = checking

    def taken(self, number: int, record: PlainRecord, line: bytes) -> bool:
        """False where the record must be checked by itself."""
        call = self._checking.batch.get(record.session_id)
        if call is None:
            if not is_session_id(record.session_id):
                return False
            call = self._checking.call(record.session_id)
        if record.event is None:
            return self._row(number, record, call)
        return self._entry(number, record, line, call)

    def _entry(self, number: int, record: PlainRecord, line: bytes, call: CallBatch) -> bool:
        event, kind, timestamp = record.event, record.kind, record.timestamp
        text = served(record, line)
        if (
            event is None
            or kind is None
            or text is None
            or len(text) > MAX_ENTRY_BYTES
            or record.source not in self._checking.sources
            or record.seq < 0
            or not EARLIEST_S <= timestamp <= self._checking.latest_s
            or record.time_us // MICROSECONDS != timestamp
            or not (type(event.data.get("module_type")) is type(event.data.get("result_variable")) is str)
        ):
            return False
        call.entries.append(
            EntryRecord(
                number, call.session_id, record.source, record.seq, record.time_us, kind, event.line, text,
                record.private, None if record.private else ending_in(event.data),
            )
        )  # fmt: skip
        return True

    def _row(self, number: int, row: PlainRecord, call: CallBatch) -> bool:
        nothing_else = (row.event, row.kind, row.timestamp, row.source, row.seq, row.time_us, row.private)
        if nothing_else != NO_ENTRY or row.src == OUTBOUND_SRC:
            return False
        if not (self._is_time(row.start) and self._is_time(row.end)):
            return False
        said = CallRow(
            row.session_id, row.src, row.dest, row.type, row.start, row.end, row.application, row.version
        )
        call.rows.append(CallRecord(number, said))
        return True

    def _is_time(self, seconds: int | None) -> bool:
        return seconds is None or EARLIEST_S <= seconds <= self._checking.latest_s


def served(record: PlainRecord, line: bytes) -> bytes | None:
    """An entry's text as it is served, cut out of its line; None where no event follows the call's id."""
    at = len(record.session_id) + len(b'{"session_id":"",')
    if not line.startswith(EVENT, at):
        return None
    # No text of JSON holds a bare quotation mark, so this is the key.
    return b"{%b}" % line[at : line.rfind(SOURCE)]


NO_ENTRY = (None, None, -1, "", -1, -1, False)
"""What a call row has in the fields of an entry."""
EVENT = b'"event":{"'
SOURCE = b',"source":"'
NUL = b"\\u0000"
_decode = msgspec.json.Decoder(PlainRecord).decode_lines
_encode = msgspec.json.Encoder().encode_lines
