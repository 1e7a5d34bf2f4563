"""The words of Ringlog as values: Account, DeveloperKey, Call, Entry, Record, Detail, Order.

Standard library only. Times named `_us` are integer microseconds since 1970 (UTC), `_s` whole seconds.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntFlag, StrEnum
from functools import cached_property
from typing import Any, NamedTuple, Protocol, TypeVar

MICROSECONDS = 1_000_000
DAY_S = 86_400

MAIN_SOURCE = "main"
"""The source of an entry that has a `seq` and names none."""
UNNUMBERED_SOURCE = "-"
"""The source of entries that the store numbers itself, by arrival."""
DETAIL_SOURCE = "detail"
"""The source of entries that came as the body of a read endpoint; seq is their position."""
RESERVED_SOURCE = "ringlog"
"""The source of the one entry that says a call's cap was reached."""

MAX_SEQ = 2**53 - 1
MAX_ENTRIES = 20_000
"""Entries kept for one call."""
MAX_CALL_BYTES = 16 * 2**20
"""Bytes of entry text kept for one call."""
CAP_LINE = "This call has more entries than are kept; the rest was dropped"
MAX_ENTRY_BYTES = 64 * 2**10
MAX_BODY_BYTES = 16 * 2**20
"""Bytes of one request after inflation."""

MASK = "••••"

FOR_EVER_US = 2**63

Clock = Callable[[], int]
"""Now, in microseconds."""


class Kind(StrEnum):
    """An entry's class (`class` on the wire)."""

    INFO = "info"
    EVENT = "event"
    DEBUG = "debug"
    PROMPT = "prompt"
    ERROR = "error"


class CallType(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    TRANSFER = "transfer"


class CallState(StrEnum):
    """How a call stands, as its row says."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    """Completed, with errors."""


OUTBOUND_SRC = "Outbound"
"""What the contract's list shows as `src` of every outbound call."""


class EndedBy(StrEnum):
    """Who ended a call: the `by` of its last entry."""

    CALLER = "caller"
    CANCELLED = "cancelled before answer"
    APPLICATION = "application"
    FAR_END = "far end"
    OPERATOR = "operator"
    ENGINE = "engine"
    TRANSFER = "transfer"
    """The caller is gone for a transfer, and others went on without him."""
    JOINING = "joining another call"
    UNKNOWN = "unknown"


class Scope(IntFlag):
    """What a developer key may do."""

    READ = 1
    WRITE = 2
    ADMIN = 4


@dataclass(frozen=True, slots=True)
class Account:
    id: int
    email: str
    active: bool
    created_us: int


@dataclass(frozen=True, slots=True)
class DeveloperKey:
    """A key of an account. `digest` is the SHA-256 of the key's text, which nobody keeps."""

    id: int
    account_id: int
    digest: bytes
    scopes: Scope
    created_us: int
    expires_us: int | None = None
    last_used_us: int | None = None


class Login(NamedTuple):
    """A log-in to the console: whose it is, by which key, and until when."""

    account: Account
    key: DeveloperKey
    expires_us: int


# -- what a writer says ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a call's log, as a collector or a program makes it; a Sender numbers it."""

    session_id: str
    kind: Kind
    line: str
    data: Mapping[str, Any]
    """Holds at least `module_type` and `result_variable`, both text."""
    time_us: int
    private: bool = False


@dataclass(frozen=True, slots=True)
class CallRow:
    """What a writer knows of a call; None is "nothing said", and leaves what is stored."""

    session_id: str
    src: str | None = None
    dest: str | None = None
    type: CallType | None = None
    start_s: int | None = None
    end_s: int | None = None
    application: str | None = None
    version: str | None = None


# -- what arrives: units of ingest -------------------------------------------------------------------


class Ending(NamedTuple):
    """How a call ended, as its last entry says: data `by` and `cause`."""

    by: EndedBy
    cause: int | None


class EntryRecord(NamedTuple):
    """One entry of a request, checked.

    `number` is its record's, from 1; `seq` is None only in source `-`. `text` is the entry as it will be
    served: compact JSON, keys in the contract's order.
    """

    number: int
    session_id: str
    source: str
    seq: int | None
    time_us: int
    kind: Kind
    line: str
    text: bytes
    private: bool = False
    ending: Ending | None = None


class CallRecord(NamedTuple):
    """One call row of a request, checked."""

    number: int
    row: CallRow


@dataclass(slots=True)
class CallBatch:
    """All records of one call in one request, each kind in the request's order."""

    session_id: str
    rows: list[CallRecord] = field(default_factory=list[CallRecord])
    entries: list[EntryRecord] = field(default_factory=list[EntryRecord])


Batch = Mapping[str, CallBatch]
"""One request: its calls by session_id."""


class Appended(NamedTuple):
    """What became of a request's entries. `dropped` ones lay above their call's cap."""

    accepted: int
    duplicates: int
    dropped: int = 0


# -- what is stored ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """One session, as the call index knows it."""

    session_id: str
    src: str
    """The real number where one is known, also of an outbound call; else empty."""
    dest: str
    type: CallType
    start_s: int
    end_s: int | None
    """The end a row gave, or, of a call idle for too long, the second of its last entry; None: running."""
    application: str
    version: str
    entries: int
    """Entries stored, the cap's own one included."""
    errors: int
    dropped: int
    last_us: int | None
    """Time of the last entry."""
    first_error: str | None
    """The line of its first `error` entry while details are kept."""
    ending: Ending | None
    available: bool
    """True exactly when the call's details can be read now."""
    start_given: bool = True
    """False where no row gave a start."""
    end_given: bool = True
    """False where `end_s` is only the idle rule's reading."""
    type_given: bool = True
    src_given: bool = True
    dest_given: bool = True
    now: str | None = None
    """Of a running call, in lists: the line of its last entry that is no `debug`, `playing …` of a prompt."""
    until_us: int = field(default=FOR_EVER_US, compare=False)
    """Until then the clock alone changes nothing of this."""
    found: str | None = None
    """Where a text was searched for: the line of this call that shows it."""
    found_arrival: int | None = None
    """The arrival number of that line's entry, where the store that was searched is at hand."""

    @property
    def state(self) -> CallState:
        if self.end_s is None:
            return CallState.RUNNING
        return CallState.FAILED if self.errors else CallState.COMPLETED

    @property
    def lasted_s(self) -> int | None:
        """From its start to its end, both the whole seconds of its row; None: it runs."""
        return None if self.end_s is None else max(self.end_s - self.start_s, 0)


class StoredEntry(NamedTuple):
    """One entry as stored. `time_us` is its own time; its place in the log is the Order's business."""

    source: str
    seq: int
    time_us: int
    arrival: int
    text: bytes


class Detail:
    """All entries of a call, in Order.

    `text` is their JSON joined by commas, without brackets: what is served. The entries themselves are
    taken apart only when somebody asks.
    """

    def __init__(self, call: Call, text: bytes, entries: Callable[[], Sequence[StoredEntry]]) -> None:
        self.call = call
        self.text = text
        self._entries = entries

    @cached_property
    def entries(self) -> Sequence[StoredEntry]:
        return self._entries()


class LogText(NamedTuple):
    """A call's entries as they are served, and until when they are."""

    text: bytes
    """Their JSON in Order, joined by commas, without brackets."""
    until_us: int
    """When retention ends; what arrives meanwhile changes the text."""


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """What arrived of a call behind some arrival number, and the call's row at the same moment."""

    call: Call
    entries: Sequence[StoredEntry]
    """By arrival."""
    arrival: int
    """No entry up to here is left to be told: where the next tail begins."""
    more: bool
    """Entries behind `arrival` are stored already: this one would have been too large."""
    last_arrival: int
    """The last number that the call gave."""
    quiet: bool
    """The call has ended, and nothing arrived for a while."""
    until_us: int
    """Until then the clock alone changes nothing of this."""


class _Ordered(Protocol):
    @property
    def source(self) -> str: ...
    @property
    def seq(self) -> int: ...
    @property
    def time_us(self) -> int: ...


E = TypeVar("E", bound=_Ordered)


def in_order(entries: Sequence[E]) -> list[E]:
    """The entries of one call by the key (t, source, seq).

    In a numbered source, t is the largest time seen up to that seq, so that a source never overtakes itself
    even if its clock steps back; in source `-` it is the entry's own time. All entries of the call
    must be given: the running maximum is over everything that is known.
    """
    keyed: list[tuple[int, str, int, E]] = []
    source, latest = "", 0
    for entry in sorted(entries, key=lambda entry: (entry.source, entry.seq)):
        if entry.source != source or source == UNNUMBERED_SOURCE:
            source, latest = entry.source, entry.time_us
        latest = max(latest, entry.time_us)
        keyed.append((latest, entry.source, entry.seq, entry))
    keyed.sort(key=lambda key: key[:3])
    return [key[3] for key in keyed]


# -- what is asked -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Horizon:
    """What the clock makes of things right now. None: kept for ever."""

    now_us: int
    details_from_s: int | None
    """The earliest start whose details still answer."""
    calls_from_s: int | None
    """The earliest start that still stands in the call index."""
    idle_before_us: int
    """A call without an end that received nothing since then reads as ended."""
    quiet_before_us: int
    """An ended call that received nothing since then may be sealed."""

    def details_gone(self, start_s: int) -> bool:
        return self.details_from_s is not None and start_s < self.details_from_s

    def kept_until_us(self, start_s: int) -> int:
        """When the details or the row of a call that began then will be too old, whichever is first."""
        return min(self._until_us(self.details_from_s, start_s), self._until_us(self.calls_from_s, start_s))

    def row_until_us(self, start_s: int, received_us: int, runs: bool, available: bool) -> int:
        """When the clock alone will change the row of a call that began and last received something then."""
        kept_us = self.kept_until_us(start_s) if available else self._until_us(self.calls_from_s, start_s)
        return min(kept_us, self._in_us(self.idle_before_us, received_us)) if runs else kept_us

    def quiet_at_us(self, received_us: int) -> int:
        """When an ended call that received nothing since then is quiet."""
        return self._in_us(self.quiet_before_us, received_us)

    def _in_us(self, before_us: int, received_us: int) -> int:
        """When `received_us` will lie before what is `before_us` now."""
        return received_us + self.now_us - before_us + 1

    def _until_us(self, from_s: int | None, start_s: int) -> int:
        if from_s is None:
            return FOR_EVER_US
        return (self.now_us // MICROSECONDS + start_s - from_s + 1) * MICROSECONDS


Place = tuple[int, str] | int
"""Of a call in a list: its start_s and session_id; in a search, a number of the store's own."""


@dataclass(frozen=True, slots=True)
class CallQuery:
    """Which calls of an account, newest start first, then session_id ascending.

    Where entries are searched, the newest Day first, and in it the call that was heard of last; details must
    be readable then, and neither `offset` nor `count` is known.
    """

    start_s: int | None = None
    """Inclusive."""
    end_s: int | None = None
    """Exclusive."""
    number: str = ""
    """Keeps calls to this number, compared by `number_key`; empty: no filter."""
    either_side: bool = False
    """`number` may be the caller's as well."""
    running: bool = True
    """Calls still running are among them."""
    type: CallType | None = None
    state: CallState | None = None
    application: str = ""
    """Keeps calls of the application of just that name; empty: no filter."""
    kind: Kind | None = None
    """Only calls with an entry of that class."""
    module_type: str = ""
    """Only calls with an entry of that module, without regard to case; empty: no filter."""
    text: str = ""
    """Only calls whose lines hold this, as search.py understands it; blank: no filter."""
    available: bool = False
    """Only calls whose details can be read."""
    limit: int = 1000
    offset: int = 0
    after: Place | None = None
    """Only calls behind this place: pages by key."""
    count: bool = False
    """Also count all calls that match, whatever the limit and offset."""

    @property
    def searches(self) -> bool:
        """Whether entries are asked, and not only rows."""
        return bool(self.text.strip() or self.module_type) or self.kind not in {None, Kind.ERROR}

    def matches(self, call: Call) -> bool:
        """Whether a call is one of these, as far as its row tells; where a page lies is not asked."""
        return (
            (self.start_s is None or call.start_s >= self.start_s)
            and (self.end_s is None or call.start_s < self.end_s)
            and self._is_number_of(call)
            and (self.running or call.state is not CallState.RUNNING)
            and self.type in {None, call.type}
            and self.state in {None, call.state}
            and self.application in {"", call.application}
            and (call.errors > 0 or self.kind is not Kind.ERROR)
            and (call.available or not self.available)
        )

    def _is_number_of(self, call: Call) -> bool:
        key = number_key(self.number)
        return key in {"", number_key(call.dest)} or (self.either_side and key == number_key(call.src))


class CallPage(NamedTuple):
    calls: Sequence[Call]
    total: int | None
    """None unless it was asked for."""
    next: Place | None = None
    """Behind it the next page begins; None: there is none. A search that takes long gives a short page."""
    complete: bool = True
    """False: calls may be missing in a search, unsealed ones for want of time, or what cannot be read."""


class Expired(NamedTuple):
    """What an expiry dropped."""

    days: int
    calls: int
    """Rows of the call index."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is finished and not sealed yet, as of the last seconds."""

    calls: int = 0
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """What an operator should know of a store that works."""

    broken_days: Sequence[str] = ()
    """Days (`2026-11-23`) that could not be read; their calls answer 500, all others do."""
    unsealed: Backlog = Backlog()


# -- rules that several rooms share ------------------------------------------------------------------


def number_key(text: str) -> int | str:
    """What two numbers are compared by; `int` where the digits fit in 18 places, else text; "" for none.

    Digits only, ignoring `tel:`, a `;ani=…` or `;postd=…` suffix and the leading 1 of an 11-digit number;
    a text without digits (a SIP name) is compared as text without regard to case (contract, `number`).
    A leading 1 is put before the digits, so that leading zeros count.
    """
    bare = text.split(";", 1)[0] if ";ani=" in text or ";postd=" in text else text
    digits = bare if bare.isascii() and bare.isdigit() else "".join(c for c in bare if c in "0123456789")
    if not digits:
        return bare.removeprefix("tel:").casefold()
    if len(digits) == 11 and digits[0] == "1":
        digits = digits[1:]
    return int("1" + digits) if len(digits) <= 18 else digits


def mask(line: str, data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """What a private entry leaves: the line up to its first `: `, and no data but what names the step.

    Masking twice changes nothing.
    """
    head, colon, _ = line.partition(": ")
    kept = {key: data[key] for key in ("module_type", "result_variable")}
    return (head + colon if colon else "") + MASK, {**kept, "private": True}


def entry_text(kind: Kind, line: str, data: Mapping[str, Any], timestamp: int) -> bytes:
    """An entry as it is served: compact UTF-8 JSON, keys in the contract's order."""
    entry = {"event": {"line": line, "data": data}, "class": kind, "timestamp": timestamp}
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()


def cap_entry_text(timestamp: int) -> bytes:
    """The one entry of source `ringlog`, seq 0, at the time of the last entry kept."""
    data = {"module_type": "ringlog", "result_variable": "cap"}
    return entry_text(Kind.ERROR, CAP_LINE, data, timestamp)


CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def no_control_characters(text: str) -> bool:
    """No character of Unicode's category Cc: C0, DEL and C1."""
    return CONTROL.search(text) is None


def is_session_id(text: str) -> bool:
    """1–255 characters without control characters, and not `.` or `..` (contract, Session ids)."""
    return 1 <= len(text) <= 255 and text not in {".", ".."} and no_control_characters(text)


def is_source(text: str) -> bool:
    """1–128 characters without control characters."""
    return 1 <= len(text) <= 128 and no_control_characters(text)
