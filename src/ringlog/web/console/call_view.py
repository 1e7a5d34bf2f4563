"""A call as its page shows it."""

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ringlog.config import Retention
from ringlog.model import DAY_S, MICROSECONDS, Call, Kind, StoredEntry
from ringlog.timeline import Line, Row, Silence, Step, Timeline, timeline
from ringlog.web.console.asked import CALLER, LEG, Asked
from ringlog.web.console.fall_view import FallView
from ringlog.wording import lasted, visible

ROWS = 250
"""Rows of a page."""
MOST_ERRORS = 11
"""Errors named above the timeline, the first one included."""
MOST_LINE = 600
"""Characters of a line before it is opened."""
MOST_DATA = 4_000
"""Characters of an entry's values, unless a link points to it."""

KINDS = {
    Kind.ERROR: "Errors",
    Kind.PROMPT: "Prompts",
    Kind.EVENT: "Events",
    Kind.INFO: "Info",
    Kind.DEBUG: "Debug",
}
"""In the order of the legend."""


class Part(NamedTuple):
    """Which rows a page holds."""

    page: int
    pages: int

    @property
    def rows(self) -> slice:
        return slice((self.page - 1) * ROWS, self.page * ROWS)


@dataclass(frozen=True)
class CallView:
    drawn: Timeline
    asked: Asked
    now_us: int
    retention: Retention

    @property
    def call(self) -> Call:
        return self.drawn.call

    @property
    def running(self) -> bool:
        return self.call.end_s is None

    @property
    def lasted(self) -> str:
        """The call's length, of a running one so far."""
        return lasted(self.call, self.now_us // MICROSECONDS)

    @property
    def elapsed_us(self) -> int:
        """Of a running call: since what its timeline is counted from."""
        return max(self.now_us - self.drawn.started_us, 0)

    @property
    def ahead_us(self) -> int:
        """That is so long after the second in which the call began, from which its length is counted."""
        return self.drawn.started_us - self.call.start_s * MICROSECONDS

    @property
    def cause(self) -> str:
        ending = self.call.ending
        return "" if ending is None or ending.cause is None else f"{ending.cause} {self.drawn.cause_text}"

    @property
    def answered(self) -> int:
        """Dialled legs that were."""
        return len({line.leg for line in self.drawn.lines if line.leg and line.state == "answered"})

    @property
    def kept_until_s(self) -> int | None:
        days = self.retention.details_days
        return self.call.start_s + days * DAY_S if days else None

    @property
    def latest(self) -> int:
        """The highest arrival number; -1 where there is none."""
        return max((line.arrival for line in self.drawn.lines), default=-1)

    @cached_property
    def fall(self) -> FallView:
        return FallView.of(self.drawn, self.now_us)

    # -- errors ---------------------------------------------------------------------------------------

    @property
    def first_error(self) -> Line | None:
        return self.drawn.errors[0] if self.drawn.errors else None

    @property
    def further_errors(self) -> Sequence[Line]:
        return self.drawn.errors[1:MOST_ERRORS]

    @property
    def unnamed_errors(self) -> int:
        return max(len(self.drawn.errors) - MOST_ERRORS, 0)

    def link(self, line: Line) -> str:
        """To the entry: on this page where it is there."""
        here = f"#e{line.arrival}"
        return here if line.arrival in self._on_page else self.permalink(line)

    def permalink(self, line: Line) -> str:
        return f"?at={line.arrival}#e{line.arrival}"

    # -- rows -----------------------------------------------------------------------------------------

    @property
    def kinds(self) -> Iterator[tuple[Kind, str, int, bool]]:
        """Each class that occurs: its name, how many entries it has, whether it is shown."""
        for kind, name in KINDS.items():
            if count := sum(line.kind == kind for line in self.drawn.lines):
                yield kind, name, count, not self.asked.kinds or kind in self.asked.kinds

    @property
    def legs(self) -> Iterator[tuple[str, str]]:
        """What the address says and what people read, of the caller and each dialled leg."""
        yield CALLER, "Caller"
        for leg, name in self.drawn.legs.items():
            yield LEG + leg, name

    @cached_property
    def part(self) -> Part:
        rows = self.drawn.rows
        pages = max(-(-len(rows) // ROWS), 1)
        pointed = next((n for n, row in enumerate(rows) if shows(row, self.asked.at)), None)
        if self.asked.page:
            page = self.asked.page
        elif pointed is not None:
            page = pointed // ROWS + 1
        else:
            page = pages if self.running else 1
        return Part(min(max(page, 1), pages), pages)

    @property
    def rows(self) -> Sequence[Row]:
        return self.drawn.rows[self.part.rows]

    @cached_property
    def _on_page(self) -> frozenset[int]:
        return frozenset(row.line.arrival for row in self.rows if isinstance(row, Step))

    def is_open(self, line: Line) -> bool:
        return line.arrival == self.asked.at or line is self.first_error

    def said(self, line: Line) -> str:
        """The line, cut where it is long."""
        said = visible(line.said[: MOST_LINE + 1])
        return said if len(line.said) <= MOST_LINE else said[:MOST_LINE] + "…"

    def tag(self, line: Line) -> str:
        """The leg that an entry tells of."""
        return self.drawn.legs[line.leg] if line.on_leg else ""

    def values(self, line: Line) -> Iterator[tuple[str, str]]:
        """What an opened entry shows; the last has no name where something was left out."""
        left = MOST_DATA if line.arrival != self.asked.at else 2**31
        if len(line.said) > MOST_LINE:
            yield "line", lines_visible(line.said[:left])
            left -= len(line.said)
        for key, value in line.data.items():
            if left <= 0:
                break
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield visible(key[:left]), lines_visible(text[:left])
            left -= len(key) + len(text)
        if left <= 0:
            yield "", ""

    # -- elsewhere ------------------------------------------------------------------------------------

    def curl(self, host: str, path: str, email: str) -> str:
        """The command that prints this log; curl asks for the key."""
        return shlex.join(["curl", "-u", email, host + path])


def lines_visible(text: str) -> str:
    """Safe to see, over several lines where it has them."""
    return "\n".join(visible(line) for line in text.split("\n"))


def shows(row: Row, arrival: int | None) -> bool:
    return not isinstance(row, Silence) and row.line.arrival == arrival


def call_view(
    call: Call, entries: Sequence[StoredEntry], asked: Asked, now_us: int, retention: Retention
) -> CallView:
    pointed = () if asked.at is None else (asked.at,)
    drawn = timeline(call, entries, only=asked.only, pointed=pointed, opened=asked.open)
    return CallView(drawn, asked, now_us, retention)


def gone_view(call: Call, now_us: int, retention: Retention) -> CallView:
    """Of a call whose details are gone."""
    return CallView(Timeline(call, call.start_s * MICROSECONDS, (), (), ()), Asked(), now_us, retention)
