"""Server-sent events: what followers are told, and how a program reads it.

`call`: a call's row. `entry`: one entry; its id is the arrival number. `end`: nothing more is expected of the
call. `snapshot`: the rows that a list begins with. `gone`: a row that is in the list no longer.
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from ringlog.model import Call, StoredEntry
from ringlog.wire.native import call_row, entry

HEART_BEAT = b":\n\n"
"""A comment: it keeps a connection that nothing happens on."""
RECONNECT = b"retry: 1000\n\n"
"""Milliseconds that a browser waits before it connects again."""

_encode = msgspec.json.Encoder().encode


def call_event(call: Call) -> bytes:
    return b"event: call\ndata: %b\n\n" % _encode(call_row(call))


def entry_event(stored: StoredEntry) -> bytes:
    return b"event: entry\nid: %d\ndata: %b\n\n" % (stored.arrival, entry(stored))


def end_event(arrival: int) -> bytes:
    """Its id lets a client that connects again be told that nothing is left, also where no entry was."""
    return b"event: end\nid: %d\ndata: {}\n\n" % arrival


def snapshot_event(calls: Iterable[Call]) -> bytes:
    return b"event: snapshot\ndata: %b\n\n" % _encode({"calls": [call_row(call) for call in calls]})


def gone_event(session_id: str) -> bytes:
    return b"event: gone\ndata: %b\n\n" % _encode({"session_id": session_id})


class Event(NamedTuple):
    name: str
    id: str
    """The last that was given, also by an earlier event."""
    data: bytes


def parsed(lines: Iterable[bytes], last_id: str = "") -> Iterator[Event]:
    """The events in lines that end with LF, as these functions write them."""
    name, data = "", list[bytes]()
    for line in lines:
        field, _, value = line.rstrip(b"\r\n").partition(b": ")
        if field == b"event":
            name = value.decode()
        elif field == b"id":
            last_id = value.decode()
        elif field == b"data":
            data.append(value)
        elif not field and data:
            yield Event(name, last_id, b"\n".join(data))
            name, data = "", []
