"""Records as a Sender writes them: one line of NDJSON each."""

import json
from collections.abc import Mapping
from typing import Any

from ringlog.errors import BadInput
from ringlog.model import MICROSECONDS, CallRow, Entry, is_session_id, mask


def entry_line(entry: Entry, source: str, seq: int) -> bytes:
    """`entry` under its identity, masked where it is private.

    Raises BadInput where its session id cannot exist or its data has no JSON.
    """
    line, data = mask(entry.line, entry.data) if entry.private else (entry.line, entry.data)
    record: dict[str, Any] = {
        "session_id": checked(entry.session_id),
        "event": {"line": line, "data": data},
        "class": entry.kind,
        "timestamp": entry.time_us // MICROSECONDS,
        "source": source,
        "seq": seq,
        "time_us": entry.time_us,
    }
    if entry.private:
        record["private"] = True
    return encoded(record)


def row_line(row: CallRow) -> bytes:
    """What `row` says. Raises BadInput where its session id cannot exist."""
    said = {
        "session_id": checked(row.session_id),
        "src": row.src,
        "dest": row.dest,
        "type": row.type,
        "start": row.start_s,
        "end": row.end_s,
        "application": row.application,
        "version": row.version,
    }
    return encoded({key: value for key, value in said.items() if value is not None})


def checked(session_id: str) -> str:
    if not is_session_id(session_id):
        raise BadInput(f"{session_id[:300]!r} cannot be a session id.")
    return session_id


def encoded(record: Mapping[str, Any]) -> bytes:
    """One line. Lone surrogates, which UTF-8 cannot carry, become `?`."""
    try:
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise BadInput("The data of an entry holds a value that JSON cannot carry.") from None
    return text.encode(errors="replace") + b"\n"
