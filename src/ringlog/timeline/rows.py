"""A call's log as rows: offsets, gaps, legs, loops folded, silences named."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import eq

from ringlog.model import MICROSECONDS, Call, Kind, StoredEntry
from ringlog.timeline.lines import Line, decoded
from ringlog.timeline.moments import Moment, moments

SILENCE_US = 10 * MICROSECONDS
"""So long without an entry becomes a row of its own."""
EQUAL_ROUNDS = 4
"""A loop of fewer rounds is shown whole."""
LONGEST_ROUND = 24
"""Steps of a loop's round; longer rounds are not looked for."""

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class _Row:
    line: Line
    """Its entry; of a fold the first one left out, of a silence the one before."""
    offset_us: int
    """Since the start of the call."""
    gap_us: int | None
    """Until the next entry; None where another row tells it, and at the end."""
    beside: bool
    """A dialled leg is up: the second rail is drawn."""


@dataclass(frozen=True, slots=True)
class Step(_Row):
    """One entry."""

    on_leg: bool
    """It stands on the second rail."""
    begins: bool
    """The second rail begins at it."""
    ends: bool


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
class Only:
    """Which entries become rows."""

    kinds: Collection[Kind] = frozenset(Kind)
    source: str | None = None
    leg: str | None = None
    """Empty: the caller's own."""

    def __contains__(self, line: Line) -> bool:
        return (
            line.kind in self.kinds
            and (self.source is None or line.source == self.source)
            and (self.leg is None or line.leg == self.leg)
        )


EVERYTHING = Only()


@dataclass(frozen=True)
class Timeline:
    call: Call
    started_us: int
    """What offsets are counted from."""
    lines: Sequence[Line]
    """Every entry, in Order."""
    moments: Sequence[Moment]
    """What goes on after each."""
    rows: Sequence[Row]

    @property
    def doing(self) -> str:
        """What was going on after the last entry, such as `talking`; empty where nothing tells."""
        return self.moments[-1].doing if self.moments else ""

    def offset_us(self, line: Line) -> int:
        return max(line.time_us - self.started_us, 0)

    def lasted_us(self, end_s: int) -> int:
        """To the last entry's fine time where that lies in the second of the end."""
        last_us = self.lines[-1].time_us if self.lines else 0
        end_us = last_us if last_us // MICROSECONDS == end_s else end_s * MICROSECONDS
        return max(end_us - self.started_us, 0)

    @cached_property
    def errors(self) -> Sequence[Line]:
        """The earliest first; of several at one time that one whose text the call's row shows."""
        failed = (line for line in self.lines if line.kind == Kind.ERROR)
        return sorted(failed, key=lambda line: (line.time_us, line.text))

    @cached_property
    def sources(self) -> Sequence[str]:
        """In the order of their first entries."""
        return list(dict.fromkeys(line.source for line in self.lines))

    @cached_property
    def legs(self) -> Mapping[str, str]:
        """Dialled legs in the order of their first entries, and what people call each."""
        names: dict[str, str] = {}
        for line in self.lines:
            if line.leg and (line.member or line.leg not in names):
                names[line.leg] = line.member or line.leg.rpartition("/")[2] or line.leg
        return names

    @property
    def cause_text(self) -> str:
        """How the engine words the cause of the end, where the last entry says it."""
        text = self.lines[-1].data.get("cause_text") if self.lines else None
        return text if isinstance(text, str) else ""


def timeline(
    call: Call,
    entries: Sequence[StoredEntry],
    *,
    whole: bool = False,
    only: Only = EVERYTHING,
    pointed: Collection[int] = (),
    opened: Collection[int] = (),
) -> Timeline:
    """The rows of a call. `entries` are all of them, in Order.

    `whole` folds no loops. Entries of the arrival numbers `pointed` are never folded, since a link leads
    there; nor is a loop of which one in `opened` is the first that would be left out.
    """
    lines = [decoded(entry) for entry in entries]
    told = list(moments(lines))
    started_us = start(call, lines)
    if only is EVERYTHING:
        shown: Sequence[int] = range(len(lines))
    else:
        shown = [at for at, line in enumerate(lines) if line in only or line.arrival in pointed]
    alike = [lines[at] for at in shown]
    folds = {} if whole else loops(alike, pointed)
    kept = {at: fold for at, fold in folds.items() if alike[at].arrival not in opened}
    return Timeline(
        call, started_us, lines, told, list(_Drawing(lines, told, shown, kept, started_us).rows())
    )


def start(call: Call, lines: Sequence[Line]) -> int:
    """The call's start in microseconds: its first entry's time where that lies in the start's own second."""
    start_us = call.start_s * MICROSECONDS
    if lines and lines[0].time_us < start_us + MICROSECONDS:
        return lines[0].time_us
    return start_us


# -- loops -------------------------------------------------------------------------------------------


def loops(lines: Sequence[Line], pointed: Collection[int] = ()) -> dict[int, tuple[int, int]]:
    """Where rounds are folded: index of the first entry left out → (steps of a round, rounds left out).

    The first round stays and so does the last; where a round was begun and left half-way, that is the last.
    """
    names: dict[object, int] = {}
    alike = [
        names.setdefault(object() if line.arrival in pointed else likeness(line), len(names))
        for line in lines
    ]
    looked = [_Rounds(alike, steps) for steps in range(1, min(LONGEST_ROUND, len(alike) // EQUAL_ROUNDS) + 1)]
    found: dict[int, tuple[int, int]] = {}
    at = 0
    while looked:
        at, rounds = min(((rounds.next(at), rounds) for rounds in looked), key=lambda found: found[0])
        if at == len(alike):
            break
        folded = rounds.folded(at)
        found[at + rounds.steps] = (rounds.steps, folded)
        at += rounds.steps * (folded + 1)
    return found


def likeness(line: Line) -> object:
    """What entries of equal rounds share. An error is like nothing else, so it is never folded."""
    if line.kind == Kind.ERROR:
        return object()
    return line.kind, line.module, line.place, line.leg, _NUMBER.sub("0", line.text)


class _Rounds:
    """Where rounds of so many steps follow each other.

    Of each entry it is known whether the one `steps` later equals it: as bytes, so that 20,000 are
    searched in no time.
    """

    def __init__(self, alike: Sequence[int], steps: int) -> None:
        self.steps = steps
        self._end = len(alike)
        self._equal = bytes(map(eq, alike, alike[steps:])) + b"\0"
        self._enough = b"\1" * (steps * (EQUAL_ROUNDS - 1))
        self._next = -1

    def next(self, at: int) -> int:
        """The first place from `at` on where enough rounds begin; behind the last entry if there is none."""
        if self._next < at:
            found = self._equal.find(self._enough, at)
            self._next = self._end if found < 0 else found
        return self._next

    def folded(self, at: int) -> int:
        """How many of the rounds that begin there are left out."""
        rounds, begun = divmod(self._equal.index(b"\0", at) - at, self.steps)
        return rounds if begun else rounds - 1


# -- rows --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Walks once over the entries that are shown; `folds` are indices among those."""

    lines: Sequence[Line]
    moments: Sequence[Moment]
    shown: Sequence[int]
    folds: Mapping[int, tuple[int, int]]
    started_us: int

    def rows(self) -> Iterator[Row]:
        n = 0
        while n < len(self.shown):
            if n in self.folds:
                steps, rounds = self.folds[n]
                yield self._fold(n, steps, rounds)
                n += steps * rounds
            else:
                yield from self._step(n)
                n += 1

    def _offset(self, at: int) -> int:
        return max(self.lines[at].time_us - self.started_us, 0)

    def _gap(self, at: int, after: int) -> int | None:
        if after >= len(self.lines):
            return None
        return max(self.lines[after].time_us - self.lines[at].time_us, 0)

    def _fold(self, n: int, steps: int, rounds: int) -> Fold:
        at, last = self.shown[n], self.shown[n + steps * rounds - 1]
        gap = self._gap(at, last + 1)
        beside = self.moments[last].after
        return Fold(self.lines[at], self._offset(at), gap, beside, steps, rounds)

    def _step(self, n: int) -> Iterator[Row]:
        at = self.shown[n]
        line, moment = self.lines[at], self.moments[at]
        gap = self._gap(at, at + 1)
        folds = n + 1 in self.folds
        silent = gap is not None and gap >= SILENCE_US and not folds
        told = None if silent or folds else gap
        yield self._entry(line, self._offset(at), told, moment)
        if silent:
            yield Silence(line, self._offset(at), gap, moment.after, moment.doing)

    def _entry(self, line: Line, offset_us: int, gap_us: int | None, moment: Moment) -> Step:
        on_leg = line.on_leg
        begins, ends = on_leg and not moment.before, on_leg and not moment.after
        return Step(line, offset_us, gap_us, moment.before or on_leg, on_leg, begins, ends)
