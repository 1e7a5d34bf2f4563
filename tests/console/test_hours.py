"""Calls per hour as bars."""

import pytest

from ringlog.overview import Hour, Period
from ringlog.web.console.hours import HEIGHT, TOP, chart, round_up, summed

DAY = Period(0, 24 * 3600 - 100)


def test_no_calls_no_chart() -> None:
    assert chart([], DAY, 3600) is None


def test_a_column_an_hour_whether_or_not_there_were_calls() -> None:
    drawn = chart([Hour(3600, 10, 4), Hour(7200, 4, 0)], DAY, 3600)
    assert drawn
    assert len(drawn.columns) == 24
    empty, one, other = drawn.columns[:3]
    assert (empty.ok_height, empty.bad_height) == (0, 0)
    assert (one.ok_height, one.bad_height) == (pytest.approx(HEIGHT * 0.6), pytest.approx(HEIGHT * 0.4))
    assert one.ok_y == pytest.approx(TOP)
    assert other.bad_height == 0
    assert [line.calls for line in drawn.lines] == [0, 5, 10]
    assert (drawn.most.calls, drawn.most_errors.with_errors) == (10, 4)
    assert drawn.columns[-1].x + drawn.columns[-1].width <= 100
    assert sum(column.labelled for column in drawn.columns) == 8


def test_hours_make_days() -> None:
    days = summed([Hour(0, 1, 1), Hour(23 * 3600, 2, 0), Hour(24 * 3600, 5, 0)], Period(0, 90_000), 86_400)
    assert days == [Hour(0, 3, 1), Hour(86_400, 5, 0)]


@pytest.mark.parametrize(
    ("calls", "top"), [(1, 2), (3, 4), (7, 10), (10, 10), (11, 20), (103, 200), (900, 1000)]
)
def test_the_highest_line_is_easy_to_read(calls: int, top: int) -> None:
    assert round_up(calls) == top
