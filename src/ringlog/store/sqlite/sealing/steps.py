"""What the process that appends and the one that seals say to each other: lines of JSON."""

import msgspec

from ringlog.model import Backlog
from ringlog.store.sqlite.day.codec import Counts

GO_ON = b"\n"
"""What is said once the frames of a step are built."""

ALIVE = b"\n"
"""What is said in a step that takes long; any number of them before a report."""


class Step(msgspec.Struct):
    """What is asked: to seal some of the calls above the id `after`."""

    after: int
    quiet_before_us: int
    idle_before_us: int
    count: bool = False
    """Also count what waits."""


class Report(msgspec.Struct):
    """What a step did so far."""

    after: int | None
    """Where the next step begins. None: no call is left."""
    calls: list[tuple[int, int]] = msgspec.field(default_factory=list[tuple[int, int]])
    """Of each call its id and the arrival up to which its entries are in the frame."""
    twice: list[tuple[int, Counts]] = msgspec.field(default_factory=list[tuple[int, Counts]])
    """The ids of calls whose rows count entries twice, and how many."""
    failed: str = ""
    """The name of an error; the calls that it concerned are left out."""
    because: str = ""
    """Its sentence."""
    failed_call: int = 0
    failed_unreadable: bool = False
    """Its Day may be damaged."""
    waiting: Backlog | None = None
