"""Lines that the next events may still change: what they say first, and what becomes of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ringlog.wire.asterisk.log import Line, Log, Place

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Channel

DOUBT_US = 100_000
"""So long an event may be followed by the one that explains it."""


@dataclass(eq=False)
class Doubt:
    """One line in doubt, in its place in the log."""

    log: Log
    place: Place
    otherwise: Line
    """What is said if nothing explains it."""
    if_key: Line | None = None
    """What is said if a key of the same channel follows at once."""

    @property
    def open(self) -> bool:
        return self.place.open

    def settle(self) -> None:
        self.log.settle(self.place, self.otherwise)

    def replace(self, *lines: Line) -> None:
        self.log.settle(self.place, *lines)

    def by_key(self) -> Line | None:
        """A key was pressed, and explains it: what is to be said behind that key instead."""
        if not (self.open and self.if_key):
            return None
        self.replace()
        return self.if_key


def doubt(channel: "Channel", otherwise: Line, if_key: Line | None = None) -> None:
    """Says `otherwise` in a tenth of a second, unless something explains the event at hand before."""
    if channel.doubt:
        channel.doubt.settle()
    log = channel.call.log
    channel.doubt = Doubt(log, log.hold(otherwise), otherwise, if_key)
    channel.keys.after(DOUBT_US, lambda _, doubted=channel.doubt: doubted.settle())


def settle(channel: "Channel") -> None:
    """Nothing more will explain what is in doubt on this channel."""
    for doubted in (channel.back, channel.doubt):
        if doubted:
            doubted.settle()
