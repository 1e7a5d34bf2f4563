"""Where a call's time went: a lane of the caller's, one of each dialled leg, totals of what he did."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ringlog.model import Kind
from ringlog.timeline.lines import Line
from ringlog.timeline.moments import DIALLING, WHILE
from ringlog.timeline.rows import Timeline

MOST_LANES = 8
FINEST = 500
"""Parts of the span that are told apart: bars and failures closer than one are drawn as one."""
LEG_DOES = {"dialling": DIALLING, **WHILE, "ended": ""}
"""What a leg does from a state on."""
TOGETHER = 20
"""Failures closer than this part of the span share one label."""


class Bar(NamedTuple):
    doing: str
    """As a Moment says it: `talking`, `playing`, …"""
    from_us: int
    """Since the start of the call; so is `to_us`."""
    to_us: int
    goes_on: bool = False
    """It ends only because it is now."""


class Failures(NamedTuple):
    """Errors at about one time."""

    at_us: int
    """That of the first."""
    errors: int


@dataclass(frozen=True, slots=True)
class Lane:
    name: str
    """What people call the leg; empty: the caller."""
    bars: Sequence[Bar]
    failures: Sequence[int]
    """When something of it failed, since the start of the call."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    span_us: int
    """The call's length, so far where it still runs; at least 1."""
    lanes: Sequence[Lane]
    """The caller's is the first."""
    totals: Mapping[str, int]
    """Microseconds of what the caller did, the longest first; what nothing tells of is left out."""
    failures: Sequence[Failures]


def waterfall(drawn: Timeline, now_us: int) -> Waterfall:
    """`now_us` is the end of a call that runs."""
    running = drawn.call.end_s is None
    end_us = now_us - drawn.started_us if drawn.call.end_s is None else drawn.lasted_us(drawn.call.end_s)
    ats = list(forward(drawn))
    span_us = max(end_us, ats[-1] if ats else 0, 1)
    tellings = _Tellings(drawn, ats, span_us, running)
    caller = tellings.caller()
    totals: dict[str, int] = {}
    for bar in caller:
        totals[bar.doing] = totals.get(bar.doing, 0) + bar.to_us - bar.from_us
    first = Lane("", thinned(caller, span_us), tellings.failed(""))
    return Waterfall(
        span_us,
        [first, *shared([tellings.lane(leg, name) for leg, name in drawn.legs.items()], span_us)],
        dict(sorted(totals.items(), key=lambda total: -total[1])),
        grouped((at for at, line in zip(ats, drawn.lines, strict=True) if line.kind == Kind.ERROR), span_us),
    )


def forward(drawn: Timeline) -> Iterator[int]:
    """Each entry's time since the start of the call; a clock that stepped back stands still instead."""
    latest = 0
    for line in drawn.lines:
        latest = max(latest, drawn.offset_us(line))
        yield latest


@dataclass(frozen=True, slots=True)
class _Tellings:
    """A call's entries, each with its time since the start."""

    drawn: Timeline
    ats: Sequence[int]
    span_us: int
    running: bool

    def caller(self) -> list[Bar]:
        """What he does: a bar begins wherever that, or the step that does it, changes."""
        bars: list[Bar] = []
        ends = [*self.ats[1:], self.span_us]
        for line, moment, at, end in zip(self.drawn.lines, self.drawn.moments, self.ats, ends, strict=False):
            if line.module == "exit":  # he left; others may go on
                break
            anew = not line.leg and moment.doing not in WHILE.values()
            if bars and not anew and bars[-1].doing == moment.doing and bars[-1].to_us == at:
                bars[-1] = bars[-1]._replace(to_us=end)
            elif moment.doing and end > at:
                bars.append(Bar(moment.doing, at, end))
        return self._open(bars)

    def lane(self, leg: str, name: str) -> Lane:
        return Lane(name, thinned(self._of_leg(leg), self.span_us), self.failed(leg))

    def _of_leg(self, leg: str) -> list[Bar]:
        bars: list[Bar] = []
        doing, since = "", 0
        for at, line in self._told_of(leg):
            then = LEG_DOES.get(line.state, doing)
            if then == doing:
                continue
            if doing and at > since:
                bars.append(Bar(doing, since, at))
            doing, since = then, at
        if doing and self.span_us > since:
            bars.append(Bar(doing, since, self.span_us))
        return self._open(bars)

    def failed(self, leg: str) -> list[int]:
        ats = (at for at, line in self._lines(leg) if line.kind == Kind.ERROR)
        return [failures.at_us for failures in grouped(ats, self.span_us, FINEST)]

    def _told_of(self, leg: str) -> Iterator[tuple[int, Line]]:
        """Its lines, and those of the same step that dial several legs at once."""
        steps = {(line.module, line.place) for _, line in self._lines(leg)}
        for at, line in zip(self.ats, self.drawn.lines, strict=True):
            if line.leg == leg or (line.dials and not line.leg and (line.module, line.place) in steps):
                yield at, line

    def _lines(self, leg: str) -> Iterable[tuple[int, Line]]:
        return ((at, line) for at, line in zip(self.ats, self.drawn.lines, strict=True) if line.leg == leg)

    def _open(self, bars: list[Bar]) -> list[Bar]:
        if self.running and bars and bars[-1].to_us == self.span_us:
            bars[-1] = bars[-1]._replace(goes_on=True)
        return bars


def thinned(bars: Sequence[Bar], span_us: int) -> list[Bar]:
    """No more bars than can be seen: alike ones that nearly touch are one, where either is narrow."""
    narrow = span_us // FINEST
    if len(bars) <= FINEST // 10:
        return list(bars)
    kept: list[Bar] = []
    for bar in bars:
        if kept and one_to_the_eye(kept[-1], bar, narrow):
            kept[-1] = kept[-1]._replace(to_us=bar.to_us, goes_on=bar.goes_on)
        else:
            kept.append(bar)
    return kept


def one_to_the_eye(before: Bar, bar: Bar, narrow: int) -> bool:
    alike = bar.doing == before.doing and bar.from_us - before.to_us <= narrow
    return alike or bar.to_us - before.from_us <= narrow


def grouped(ats: Iterable[int], span_us: int, parts: int = TOGETHER) -> list[Failures]:
    groups: list[Failures] = []
    for at in ats:
        if groups and at - groups[-1].at_us <= span_us // parts:
            groups[-1] = groups[-1]._replace(errors=groups[-1].errors + 1)
        else:
            groups.append(Failures(at, 1))
    return groups


def shared(legs: Sequence[Lane], span_us: int) -> list[Lane]:
    """At most so many lanes, with the caller's: legs without an answer share the last one, then the later."""
    if len(legs) < MOST_LANES:
        return list(legs)
    answered = [lane for lane in legs if any(bar.doing == "talking" for bar in lane.bars)]
    own = answered[: MOST_LANES - 2]
    others = [lane for lane in legs if lane not in own]
    bars = sorted((bar for lane in others for bar in lane.bars), key=lambda bar: (bar.from_us, bar.to_us))
    failures = grouped(sorted(at for lane in others for at in lane.failures), span_us, FINEST)
    rest = Lane(f"{len(others)} others", thinned(bars, span_us), [failed.at_us for failed in failures])
    return [*own, rest]
