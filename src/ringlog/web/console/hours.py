"""Calls per hour, or per day, as bars: a pure function from counts to shapes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ringlog.overview import HOUR_S, Hour, Period

HEIGHT = 260
TOP = 36
"""Above the highest line."""
FEWEST_LABELS = 5
HOURS_A_LABEL = (1, 3, 6, 12, 24, 48, 120, 240)


class Column(NamedTuple):
    """Percentages from the left, pixels from above."""

    start_s: int
    x: float
    width: float
    ok_y: float
    ok_height: float
    bad_y: float
    bad_height: float
    labelled: bool


class Line(NamedTuple):
    y: float
    calls: int


@dataclass(frozen=True, slots=True)
class Chart:
    columns: Sequence[Column]
    lines: Sequence[Line]
    bottom: int
    most: Hour
    most_errors: Hour


def chart(hours: Sequence[Hour], period: Period, step_s: int) -> Chart | None:
    """A column each `step_s` seconds, from the period's start on. None where there was no call."""
    if not hours:
        return None
    steps = summed(hours, period, step_s)
    top = round_up(max(step.calls for step in steps))
    each = 100 / len(steps)
    every = next((n for n in HOURS_A_LABEL if len(steps) * step_s / HOUR_S / n <= 2 * FEWEST_LABELS), 480)
    return Chart(
        columns=[
            column(step, n * each, each * 0.78, top, labelled=step.start_s // HOUR_S % every == 0)
            for n, step in enumerate(steps)
        ],
        lines=[Line(TOP + HEIGHT * (1 - part / 2), top * part // 2) for part in (0, 1, 2)],
        bottom=TOP + HEIGHT,
        most=max(steps, key=lambda step: step.calls),
        most_errors=max(steps, key=lambda step: step.with_errors),
    )


def summed(hours: Sequence[Hour], period: Period, step_s: int) -> Sequence[Hour]:
    found: dict[int, Hour] = {
        start_s: Hour(start_s, 0, 0) for start_s in range(period.start_s, period.end_s, step_s)
    }
    for hour in hours:
        start_s = period.start_s + (hour.start_s - period.start_s) // step_s * step_s
        if start_s in found:
            _, calls, with_errors = found[start_s]
            found[start_s] = Hour(start_s, calls + hour.calls, with_errors + hour.with_errors)
    return list(found.values())


def column(step: Hour, x: float, width: float, top: int, *, labelled: bool) -> Column:
    """What failed stands below the rest."""
    bad = HEIGHT * step.with_errors / top
    ok = HEIGHT * (step.calls - step.with_errors) / top
    bottom = TOP + HEIGHT
    return Column(step.start_s, x, width, bottom - bad - ok, ok, bottom - bad, bad, labelled)


def round_up(calls: int) -> int:
    """An even number that is easy to read."""
    for zeros in range(12):
        for first in (2, 4, 6, 10):
            if first * 10**zeros >= calls:
                return first * 10**zeros
    return calls
