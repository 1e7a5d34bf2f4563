"""What goes on in a call from one entry to the next: legs that ring or talk, what the caller waits for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ringlog.model import Kind
from ringlog.timeline.lines import Line

WHILE = {"hold": "on hold", "answered": "talking", "ringing": "ringing"}
"""What is going on while a leg is in a state; an earlier one outweighs a later one."""
IN_QUEUE = "waiting in queue"
DIALLING = "dialling"
FOR_INPUT = "waiting for input"
PLAYING = "playing"


class Moment(NamedTuple):
    """From one entry to the next."""

    before: bool
    """A dialled leg was up when the entry came."""
    after: bool
    """One is up after it."""
    doing: str
    """What the caller does after it, such as `talking`; empty where nothing tells."""


def moments(lines: Sequence[Line]) -> Iterator[Moment]:
    """One of each line, in Order."""
    legs = _Legs()
    for line in lines:
        up = bool(legs.up)
        legs.note(line)
        yield Moment(up, bool(legs.up), legs.doing())


@dataclass(slots=True)
class _Legs:
    up: dict[str, str] = field(default_factory=dict[str, str])
    """Legs that are up, and their state."""
    step: str = ""
    """What the caller's last own step goes on doing."""
    source: str = ""
    """Whose step that is: entries of other sources do not end it."""

    def note(self, line: Line) -> None:
        if line.state == "ended":
            self.up.pop(line.leg, None)
            self.step = "" if self.step == DIALLING else self.step
        elif line.leg and line.state in WHILE:
            self.up[line.leg] = line.state
        if not line.on_leg:
            step = going_on(line)
            if step or line.source == self.source:
                self.step, self.source = step, line.source

    def doing(self) -> str:
        for state, words in WHILE.items():
            if state in self.up.values():
                return IN_QUEUE if state == "ringing" and self.step == IN_QUEUE else words
        return self.step


def going_on(line: Line) -> str:
    """What a step of the caller's goes on doing after its entry."""
    if line.waits:
        return FOR_INPUT
    if line.kind == Kind.PROMPT:
        return PLAYING
    if line.module == "queue" and (line.kind == Kind.EVENT or line.dials):
        return IN_QUEUE
    return DIALLING if line.dials else ""
