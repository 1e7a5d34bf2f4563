"""The shapes of an entry and of a call row on the wire, and what is said where something does not fit."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from ringlog.errors import BadInput
from ringlog.model import MAX_SEQ, CallType, Kind

MAX_ROW_TEXT = 1024
"""Characters of a call row's src, dest, application or version."""
ShortText = Annotated[str, msgspec.Meta(max_length=MAX_ROW_TEXT)]


# gc=False: what is decoded cannot hold itself, and a request makes thousands of these.
class Event(msgspec.Struct, gc=False):
    line: str
    data: dict[str, Any]


class WireEntry(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """The fields stand in the order in which a Sender writes them."""

    session_id: str | UnsetType = UNSET
    event: Event
    kind: Kind = msgspec.field(name="class")
    timestamp: int
    source: str | UnsetType = UNSET
    seq: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQ)] | UnsetType = UNSET
    time_us: int | UnsetType = UNSET
    private: bool = False


class PlainEvent(msgspec.Struct, gc=False):
    line: str
    data: dict[str, str | int | float | bool | None]
    """Nothing nested, so that it cannot be too deep."""


class PlainRecord(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """An entry or a call row, its fields in the order in which a Sender writes them. What is absent has a
    value that none can have, and which encoding leaves out.
    """

    session_id: str
    src: ShortText | None = None
    dest: ShortText | None = None
    type: CallType | None = None
    start: int | None = None
    end: int | None = None
    application: ShortText | None = None
    version: ShortText | None = None
    event: PlainEvent | None = None
    kind: Kind | None = msgspec.field(name="class", default=None)
    timestamp: int = -1
    source: str = ""
    seq: Annotated[int, msgspec.Meta(le=MAX_SEQ)] = -1
    time_us: int = -1
    private: bool = False


class WireRow(msgspec.Struct):
    session_id: str
    src: str | UnsetType = UNSET
    dest: str | UnsetType = UNSET
    type: CallType | UnsetType = UNSET
    start: int | str | UnsetType = UNSET
    end: int | str | UnsetType = UNSET
    application: str | UnsetType = UNSET
    version: str | UnsetType = UNSET
    log: Any = None
    detail: list[Any] | UnsetType = UNSET


class Served(msgspec.Struct, gc=False):
    """An entry as it is served: the keys in the contract's order."""

    event: Event
    kind: Kind = msgspec.field(name="class")
    timestamp: int


class EventText(msgspec.Struct):
    line: msgspec.Raw
    data: msgspec.Raw


class EntryText(msgspec.Struct):
    event: EventText


class RowText(msgspec.Struct):
    detail: list[msgspec.Raw]


IN_EVENT = frozenset({"line", "data"})
IN_ENTRY = frozenset({"session_id", "event", "class", "timestamp", "source", "seq", "time_us", "private"})
IN_DETAIL = IN_ENTRY - {"session_id"}
IN_ROW = frozenset(
    {"session_id", "src", "dest", "type", "start", "end", "application", "version", "log", "detail"}
)


class Fault(BadInput):
    """A field that does not fit. The message goes on behind `Record 3`; it quotes no value."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f": {field} {what}" if field else f" {what}")
        self.field = field
        self.what = what

    def inside(self, field: str) -> "Fault":
        """The same, in an entry that stands in a row's `field`."""
        return Fault(f"{field}.{self.field}" if self.field else field, self.what)


SAYINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"Expected `int` [<>]="), "is out of range"),
    (re.compile(r"Expected `int \| str`"), "must be an integer, or digits as text"),
    (re.compile(r"Expected `int`"), "must be an integer"),
    (re.compile(r"Expected `str`"), "must be text"),
    (re.compile(r"Expected `bool`"), "must be true or false"),
    (re.compile(r"Expected `object`"), "must be an object"),
    (re.compile(r"Expected `array`"), "must be an array"),
)
"""msgspec's words to ours."""

CHOICES: dict[str, type[Kind | CallType]] = {"class": Kind, "type": CallType}


def fault(error: msgspec.ValidationError) -> Fault:
    """What msgspec found, in our words; the value that it may quote is left out."""
    said, _, path = str(error).partition(" - at `$")
    field = path.removesuffix("`").removeprefix(".")
    if missing := re.match(r"Object missing required field `(\w+)`", said):
        return Fault(f"{field}.{missing[1]}" if field else missing[1], "is missing")
    if said.startswith("Invalid enum value"):
        return Fault(field, f"must be one of {', '.join(CHOICES[field])}")
    return Fault(field, next((words for found, words in SAYINGS if found.match(said)), "does not fit"))


def known(
    value: Mapping[str, Any], keys: frozenset[str], field: str = "", *, private: bool | None = None
) -> None:
    """Raises Fault for a key of `value` that is none of `keys`: a typo must not be lost in silence."""
    if value.keys() <= keys:
        return
    strange = next(key for key in value if key not in keys)
    if private or (private is None and value.get("private", False) is not False):
        raise Fault(field, "has a key that is not known")
    raise Fault(field, f"has the key {strange[:64]!r}, which is not known")
