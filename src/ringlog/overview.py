"""What many calls say together, as values and pure functions: hours, lengths, errors, the flow of callers.

Standard library only. Times named `_s` are whole seconds since 1970 (UTC), lengths whole seconds.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

HOUR_S = 3600
NUMBERS = re.compile(r"\d+")
WITH_NUMBERS = re.compile(r"\S*\d\S*")
TOP_ERRORS = 10


@dataclass(frozen=True, slots=True)
class Period:
    """Calls that start from `start_s` to before `end_s`."""

    start_s: int
    end_s: int

    @property
    def before(self) -> "Period":
        """The one before it, as long."""
        return Period(2 * self.start_s - self.end_s, self.start_s)


class Hour(NamedTuple):
    start_s: int
    calls: int
    with_errors: int


class FirstError(NamedTuple):
    """Of one call."""

    line: str
    application: str
    start_s: int


class TopError(NamedTuple):
    """Calls whose first errors read alike but for their numbers."""

    line: str
    """Of the newest of them."""
    calls: int
    applications: Sequence[str]
    """Most calls first."""
    last_s: int
    """Start of the newest call."""
    text: str
    """What all of them are found by: the line, without the words that differ."""


class StepCount(NamedTuple):
    """Calls that reached a step (`walk.named` takes it apart; empty: other steps), each once."""

    step: str
    reached: int
    left: int
    """Of these, calls whose caller hung up there."""


class MoveCount(NamedTuple):
    """Calls in which a step followed another, each once."""

    from_step: str
    to_step: str
    calls: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Where the callers of an application go and where they leave, over whole Days."""

    application: str
    steps: Sequence[StepCount]
    """Most calls first."""
    moves: Sequence[MoveCount]
    days: Sequence[int]
    """Days since 1970 whose calls are counted."""
    uncounted: Sequence[int]
    """Days that could not be read, or that an older Ringlog sealed."""
    unsealed: int
    """Calls of the period that are not counted yet, because they run or ended a moment ago."""


class Totals(NamedTuple):
    calls: int
    with_errors: int


@dataclass(frozen=True, slots=True)
class Overview:
    """An account's calls of a period."""

    totals: Totals
    before: Totals
    """Of the period before."""
    running: int
    hours: Sequence[Hour]
    """Only hours with calls, in order."""
    p50_s: int | None
    p95_s: int | None
    """Lengths of the calls whose end is known: one in two, one in twenty is longer. None: no end is known."""
    errors: Sequence[TopError]
    """Most calls first."""
    applications: Sequence[str]
    """Most calls first."""
    flow: Flow | None
    """None: there was no call."""
    complete: bool
    """False: there were so many calls that only the newest are counted, or a Day could not be read."""


def percentile(counts: Mapping[int, int], percent: int) -> int | None:
    """The smallest value that so many percent of all do not exceed (nearest rank)."""
    left = -(-sum(counts.values()) * percent // 100)
    for value in sorted(counts):
        left -= counts[value]
        if left <= 0:
            return value
    return None


def top_errors(errors: Iterable[FirstError]) -> Sequence[TopError]:
    alike: dict[str, list[FirstError]] = {}
    for error in errors:
        alike.setdefault(NUMBERS.sub("0", error.line), []).append(error)
    most = sorted(alike.values(), key=lambda group: (-len(group), group[0].line))
    return [_top_error(group) for group in most[:TOP_ERRORS]]


def _top_error(group: Sequence[FirstError]) -> TopError:
    newest = max(group, key=lambda error: error.start_s)
    same = all(error.line == newest.line for error in group)
    text = newest.line if same else " ".join(WITH_NUMBERS.sub(" ", newest.line).split())
    applications = Counter(error.application for error in group).most_common()
    return TopError(newest.line, len(group), [name for name, _ in applications], newest.start_s, text)
