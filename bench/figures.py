"""Figures: what the rounds of one line gave."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class Figure:
    """One line's rounds. With a yardstick the figure is the median of the ratios, else of our values."""

    key: str
    unit: str
    ours: list[float] = field(default_factory=list[float])
    theirs: list[float] = field(default_factory=list[float])
    note: str = ""

    @property
    def values(self) -> list[float]:
        if not self.theirs:
            return self.ours
        return [our / their for our, their in zip(self.ours, self.theirs, strict=True)]

    @property
    def median(self) -> float:
        return statistics.median(self.values)


Measure = Callable[[], float]


def in_turns(key: str, unit: str, rounds: int, ours: Measure, theirs: Measure, note: str = "") -> Figure:
    """Both measured in each round, the one that begins changing, so that a drift of the machine hits both."""
    figure = Figure(key, unit, note=note)
    for number in range(rounds):
        if number % 2:
            figure.theirs.append(theirs())
            figure.ours.append(ours())
        else:
            figure.ours.append(ours())
            figure.theirs.append(theirs())
    return figure


def fell(values: Sequence[float], part: float) -> float:
    """The value below which that part of `values` lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]
