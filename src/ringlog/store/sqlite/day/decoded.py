"""Entries taken apart, as far as sealing looks into them: for the terms and for the steps alike."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ringlog.store.sqlite.disk.faults import Unreadable


class Data(msgspec.Struct, gc=False):
    module_type: str = ""
    result_variable: str = ""
    prompt_id: Any = None
    by: Any = None


class Event(msgspec.Struct, gc=False):
    line: str
    data: Data


class Entry(msgspec.Struct, gc=False):
    event: Event
    kind: str = msgspec.field(name="class")


_entries = msgspec.json.Decoder(list[Entry])


def decoded(text: bytes) -> Sequence[Entry]:
    """Of entries' JSON, joined by commas. Raises StoreDamaged."""
    try:
        return _entries.decode(b"[%b]" % text)
    except msgspec.MsgspecError as error:
        raise Unreadable from error
