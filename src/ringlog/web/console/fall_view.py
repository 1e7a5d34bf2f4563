"""Where a call's time went, as a drawing: per cent across, pixels down."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from ringlog.model import MICROSECONDS
from ringlog.timeline import Bar, Timeline, Waterfall, waterfall
from ringlog.timeline.waterfall import FINEST
from ringlog.wording import minutes

LANE = 24
TOP = 16
SCALE = 20
"""Pixels: a lane's height, what stands above the lanes, and below."""
TICKS = 6
"""Ticks at most, but for the first."""
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
MOST_NUMBERS = 6
"""More numbers than these above the lanes would lie over each other."""
HEADROOM = 1.07
"""What a running call is drawn into, so that it can grow."""

WORDS = {"playing": "prompts"}
"""What the legend says where it is not what the caller does."""
SHAPES = {
    "talking": "b-talk",
    "dialling": "b-dial",
    "ringing": "b-ring",
    "playing": "b-prompt",
    "on hold": "b-hold",
    "waiting for input": "b-wait",
    "waiting in queue": "b-queue",
}


class Drawn(NamedTuple):
    """A bar: its class and place, per cent of the whole."""

    shape: str
    x: float
    width: float
    goes_on: bool


@dataclass(frozen=True, slots=True)
class FallView:
    fall: Waterfall
    scale_us: int
    """What 100 % are."""

    @classmethod
    def of(cls, drawn: Timeline, now_us: int) -> Self:
        fall = waterfall(drawn, now_us)
        running = drawn.call.end_s is None
        return cls(fall, max(int(fall.span_us * HEADROOM), 10 * MICROSECONDS) if running else fall.span_us)

    @property
    def is_empty(self) -> bool:
        return not any(lane.bars or lane.failures for lane in self.fall.lanes)

    @property
    def names(self) -> Sequence[str]:
        return ["Caller", *(lane.name for lane in self.fall.lanes[1:])]

    @property
    def bottom(self) -> int:
        return TOP + LANE * len(self.fall.lanes)

    @property
    def height(self) -> int:
        return self.bottom + SCALE

    @property
    def key(self) -> Iterator[tuple[str, str, int]]:
        """Shape, words, microseconds; but for what is too short to be seen, such as most dialling."""
        for doing, total_us in self.fall.totals.items():
            if total_us * FINEST < self.fall.span_us:
                break
            yield SHAPES[doing], WORDS.get(doing, doing), total_us

    @property
    def ticks(self) -> Iterator[tuple[float, str]]:
        """Per cent and its words."""
        step_s = next((s for s in STEPS_S if self.scale_us / (s * MICROSECONDS) <= TICKS), STEPS_S[-1])
        whole_s = self.scale_us // MICROSECONDS
        for at_s in range(0, whole_s + 1, max(step_s, whole_s // TICKS if step_s == STEPS_S[-1] else 1)):
            x = self.x(at_s * MICROSECONDS)
            if not at_s or x < 97:
                yield x, minutes(at_s)

    def bars(self, lane: int) -> Iterator[Drawn]:
        for bar in self.fall.lanes[lane].bars:
            width = max(self.x(bar.to_us) - self.x(bar.from_us), 0.1)
            yield Drawn(self._shape(bar, lane), self.x(bar.from_us), round(width, 2), bar.goes_on)

    def _shape(self, bar: Bar, lane: int) -> str:
        """The caller's talk is the leg's, drawn lighter."""
        shape = SHAPES[bar.doing]
        return "b-talk2" if shape == "b-talk" and not lane and len(self.fall.lanes) > 1 else shape

    @property
    def failures(self) -> Iterator[tuple[float, str]]:
        """Per cent and words; of many failures the first says how many all are."""
        groups = self.fall.failures
        many = len(groups) > MOST_NUMBERS
        for n, group in enumerate(groups):
            errors = sum(one.errors for one in groups) if many else group.errors
            first = f"{errors:,} error{'s' if errors > 1 else ''}"
            yield self.x(group.at_us), first if not n else "" if many else f"{errors:,}"

    def x(self, at_us: int) -> float:
        return round(100 * at_us / self.scale_us, 2)

    def sentence(self, running: bool) -> str:
        """The drawing for who does not see it."""
        spent = ", ".join(f"{words} {us / MICROSECONDS:.1f} seconds" for _, words, us in self.key)
        failed = ", ".join(f"{one.at_us / MICROSECONDS:.1f}" for one in self.fall.failures)
        said = [f"So far: {spent}" if running else spent, f"errors at {failed} seconds" if failed else ""]
        return "; ".join(part for part in said if part)
