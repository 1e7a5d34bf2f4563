"""A call's log as rows to be drawn: offsets, gaps, legs, loops folded, silences named."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ringlog.model import MICROSECONDS, Call, Kind, StoredEntry

SILENCE_US = 10 * MICROSECONDS
"""So long without an entry becomes a row of its own."""
EQUAL_ROUNDS = 4
"""A loop of fewer rounds is shown whole."""
LONGEST_ROUND = 24
"""Steps of a loop's round; longer rounds are not looked for."""

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Line:
    """An entry, decoded."""

    source: str
    seq: int
    time_us: int
    kind: Kind
    text: str
    """Its line; of a prompt what is played, without a verb."""
    data: Mapping[str, Any]

    @property
    def module(self) -> str:
        return str(self.data["module_type"])

    @property
    def place(self) -> str:
        """Where in the application it happened: the step's `result_variable`."""
        return str(self.data["result_variable"])

    @property
    def leg(self) -> str:
        """The dialled leg it tells of, as dialled; empty for the caller's own steps."""
        leg = self.data.get("leg")
        return leg if isinstance(leg, str) else ""

    @property
    def state(self) -> str:
        """What became of its leg: `dialling`, `ringing`, `answered`, `hold` or `ended`."""
        state = self.data.get("state")
        return state if isinstance(state, str) else ""

    @property
    def private(self) -> bool:
        return self.data.get("private") is True


@dataclass(frozen=True, slots=True)
class _Row:
    offset_us: int
    """Since the start of the call."""
    gap_us: int | None
    """Until the next entry; None where another row tells it, and at the end."""
    beside: bool
    """A dialled leg is up: the second rail is drawn."""


@dataclass(frozen=True, slots=True)
class Step(_Row):
    """One entry."""

    line: Line
    on_leg: bool
    """It stands on the second rail."""


@dataclass(frozen=True, slots=True)
class Fold(_Row):
    """Rounds of a loop that are not shown one by one."""

    steps: int
    rounds: int

    @property
    def entries(self) -> int:
        return self.steps * self.rounds


@dataclass(frozen=True, slots=True)
class Silence(_Row):
    """A long time without an entry."""

    doing: str
    """What was going on, such as `talking`; empty where nothing tells."""


Row = Step | Fold | Silence


@dataclass(frozen=True, slots=True)
class Timeline:
    call: Call
    started_us: int
    """What offsets are counted from."""
    lines: Sequence[Line]
    """Every entry, in Order."""
    rows: Sequence[Row]
    doing: str
    """What was going on after the last entry, such as `talking`; empty where nothing tells."""

    def offset_us(self, line: Line) -> int:
        return max(line.time_us - self.started_us, 0)

    @property
    def errors(self) -> Sequence[Line]:
        return [line for line in self.lines if line.kind == Kind.ERROR]

    @property
    def sources(self) -> Sequence[str]:
        """In the order of their first entries."""
        return list(dict.fromkeys(line.source for line in self.lines))

    @property
    def cause_text(self) -> str:
        """How the engine words the cause of the end, where the last entry says it."""
        text = self.lines[-1].data.get("cause_text") if self.lines else None
        return text if isinstance(text, str) else ""


def timeline(call: Call, entries: Sequence[StoredEntry], *, whole: bool = False) -> Timeline:
    """The rows of a call. `entries` are all of them, in Order; `whole` folds no loops."""
    lines = [decoded(entry) for entry in entries]
    started_us = start(call, lines)
    folds = {} if whole else loops(lines)
    drawing = _Drawing(lines, folds, started_us)
    rows = list(drawing.rows())
    return Timeline(call, started_us, lines, rows, drawing.doing(lines[-1]) if lines else "")


def decoded(entry: StoredEntry) -> Line:
    body = json.loads(entry.text)
    event = body["event"]
    return Line(entry.source, entry.seq, entry.time_us, Kind(body["class"]), event["line"], event["data"])


def start(call: Call, lines: Sequence[Line]) -> int:
    """The call's start in microseconds: its first entry's time where that lies in the start's own second."""
    start_us = call.start_s * MICROSECONDS
    if lines and lines[0].time_us < start_us + MICROSECONDS:
        return lines[0].time_us
    return start_us


# -- loops -------------------------------------------------------------------------------------------


def loops(lines: Sequence[Line]) -> dict[int, tuple[int, int]]:
    """Where rounds are folded: index of the first entry left out → (steps of a round, rounds left out).

    The first round stays and so does the last; where a round was begun and left half-way, that is the last.
    """
    alike = [likeness(line) for line in lines]
    streaks = [streak(alike, steps) for steps in range(1, min(LONGEST_ROUND, len(alike) // EQUAL_ROUNDS) + 1)]
    found: dict[int, tuple[int, int]] = {}
    at = 0
    while at < len(alike):
        for steps, equal in enumerate(streaks, 1):
            rounds, begun = divmod(equal[at], steps)
            if rounds + 1 >= EQUAL_ROUNDS:
                folded = rounds if begun else rounds - 1
                found[at + steps] = (steps, folded)
                at += steps * (folded + 1)
                break
        else:
            at += 1
    return found


def likeness(line: Line) -> object:
    """What entries of equal rounds share. An error is like nothing else, so it is never folded."""
    if line.kind == Kind.ERROR:
        return object()
    return line.kind, line.module, line.place, line.leg, _NUMBER.sub("0", line.text)


def streak(alike: Sequence[object], steps: int) -> list[int]:
    """Of each index, how many entries from there on equal the one `steps` later."""
    equal = [0] * (len(alike) + 1)
    for at in range(len(alike) - steps - 1, -1, -1):
        equal[at] = equal[at + 1] + 1 if alike[at] == alike[at + steps] else 0
    return equal


# -- rows --------------------------------------------------------------------------------------------

WHILE = {"hold": "on hold", "answered": "talking", "ringing": "ringing"}
"""What is going on while a leg is in a state; an earlier one outweighs a later one."""


@dataclass(slots=True)
class _Drawing:
    """Walks over a call's entries once, with the legs that are up."""

    lines: Sequence[Line]
    folds: Mapping[int, tuple[int, int]]
    started_us: int
    legs: dict[str, str] = field(default_factory=dict[str, str])
    """Legs that are up, and their state."""

    def rows(self) -> Iterator[Row]:
        at = 0
        while at < len(self.lines):
            if at in self.folds:
                steps, rounds = self.folds[at]
                yield self._fold(at, steps, rounds)
                at += steps * rounds
            else:
                yield from self._step(at)
                at += 1

    def _offset(self, at: int) -> int:
        return max(self.lines[at].time_us - self.started_us, 0)

    def _gap(self, at: int, after: int) -> int | None:
        if after >= len(self.lines):
            return None
        return max(self.lines[after].time_us - self.lines[at].time_us, 0)

    def _fold(self, at: int, steps: int, rounds: int) -> Fold:
        for line in self.lines[at : at + steps * rounds]:
            self._note(line)
        gap = self._gap(at, at + steps * rounds)
        return Fold(self._offset(at), gap, bool(self.legs), steps, rounds)

    def _step(self, at: int) -> Iterator[Row]:
        line = self.lines[at]
        up = bool(self.legs)
        self._note(line)
        gap = self._gap(at, at + 1)
        silent = gap is not None and gap >= SILENCE_US
        told = silent or at + 1 in self.folds
        on_leg = bool(line.leg) and line.state != "dialling"
        yield Step(self._offset(at), None if told else gap, up or on_leg, line, on_leg)
        if silent and at + 1 not in self.folds:
            yield Silence(self._offset(at), gap, bool(self.legs), self.doing(line))

    def _note(self, line: Line) -> None:
        if line.state == "ended":
            self.legs.pop(line.leg, None)
        elif line.leg and line.state in WHILE:
            self.legs[line.leg] = line.state

    def doing(self, last: Line) -> str:
        """What goes on after `last`, the entry noted last."""
        for state, words in WHILE.items():
            if state in self.legs.values():
                return words
        if "waits" in last.data:
            return "waiting for input"
        return "playing" if last.kind == Kind.PROMPT else ""
