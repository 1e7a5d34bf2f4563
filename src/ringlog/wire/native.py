"""Calls and entries as the native routes (`/v1/calls…`) show them, and back again.

`ringlog calls`, `show` and `export` read these forms from a server elsewhere and print the same as from a
store of their own, so a row says as well which of its fields a writer gave: `given`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ringlog.model import Call, CallType, EndedBy, Ending, StoredEntry

GIVEN = ("src", "dest", "type", "start", "end")
"""The fields of a row that may be the store's own reading; `given` lists those that are not."""


def call_row(call: Call) -> dict[str, Any]:
    """The row of a call; `src` is the real number, times are whole seconds but for `last_us`."""
    return {
        "session_id": call.session_id,
        "src": call.src,
        "dest": call.dest,
        "type": call.type,
        "state": call.state,
        "start": call.start_s,
        "end": call.end_s,
        "application": call.application,
        "version": call.version,
        "entries": call.entries,
        "errors": call.errors,
        "dropped": call.dropped,
        "first_error": call.first_error,
        "by": call.ending.by if call.ending else None,
        "cause": call.ending.cause if call.ending else None,
        "log": call.available,
        "last_us": call.last_us,
        "now": call.now,
        "found": call.found,
        "given": [name for name in GIVEN if getattr(call, f"{name}_given")],
    }


def call_from_row(row: Mapping[str, Any]) -> Call:
    """The call that `call_row` showed. Raises KeyError, ValueError where it is no such row."""
    given = set(row["given"])
    by = row["by"]
    return Call(
        session_id=row["session_id"],
        src=row["src"],
        dest=row["dest"],
        type=CallType(row["type"]),
        start_s=row["start"],
        end_s=row["end"],
        application=row["application"],
        version=row["version"],
        entries=row["entries"],
        errors=row["errors"],
        dropped=row["dropped"],
        last_us=row["last_us"],
        first_error=row["first_error"],
        ending=Ending(EndedBy(by), row["cause"]) if by else None,
        available=row["log"],
        now=row["now"],
        found=row["found"],
        **{f"{name}_given": name in given for name in GIVEN},
    )


def entry(stored: StoredEntry) -> bytes:
    """An entry with its identity and fine time: put before the stored text, which is not decoded."""
    head = msgspec.json.encode(stored.source)
    return b'{"source":%b,"seq":%d,"time_us":%d,"arrival":%d,%b' % (
        head,
        stored.seq,
        stored.time_us,
        stored.arrival,
        stored.text[1:],
    )


class _Identity(msgspec.Struct):
    source: str
    seq: int
    time_us: int
    arrival: int


_identity = msgspec.json.Decoder(_Identity)


def stored_from_entry(text: bytes) -> StoredEntry:
    """The entry that `entry` showed, its text byte for byte.

    Raises msgspec.DecodeError, ValueError where it is no such entry.
    """
    at = _identity.decode(text)
    # A quote inside the source is escaped, so this is found nowhere before the entry's own text.
    cut = text.index(b',"event":{')
    return StoredEntry(at.source, at.seq, at.time_us, at.arrival, b"{" + text[cut + 1 :])
