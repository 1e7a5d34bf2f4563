"""The drawing of where callers go and leave: nothing overlaps, nothing leaves the paper, loops are cut."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringlog.overview import Flow, MoveCount, StepCount
from ringlog.web.console.flow import HEIGHT, MOST_STEPS, WIDTH, Drawing, drawn

NUMBER = re.compile(r"-?\d+\.\d")


def flow(steps: dict[str, tuple[int, int]], moves: dict[str, int]) -> Flow:
    """Steps are letters, moves two of them."""
    return Flow(
        application="menu",
        steps=[StepCount(f"say\t{step}", *counts) for step, counts in steps.items()],
        moves=[MoveCount(f"say\t{move[0]}", f"say\t{move[1]}", calls) for move, calls in moves.items()],
        days=[1],
        uncounted=[],
        unsealed=0,
    )


def made(steps: dict[str, tuple[int, int]], moves: dict[str, int]) -> Drawing:
    drawing = drawn(flow(steps, moves))
    assert drawing
    return drawing


def letters(drawing: Drawing) -> str:
    return "".join(step[-1] for step in drawing.order)


def test_nothing_to_draw() -> None:
    assert drawn(flow({}, {})) is None
    assert drawn(Flow("menu", [StepCount("", 5, 1)], [], [1], [], 0)) is None


def test_a_menu_and_its_branches() -> None:
    drawing = made({"a": (100, 10), "b": (60, 0), "c": (30, 3)}, {"ab": 60, "ac": 30})
    assert letters(drawing) == "abc"
    a, b, c = drawing.bars
    assert a.y < b.y == c.y
    assert b.width == pytest.approx(0.6 * a.width)
    assert b.x + b.width < c.x
    assert [(one.calls, one.percent, one.most) for one in drawing.left] == [(10, 10, True), (3, 10, False)]
    assert len(drawing.rivers) == 2


def test_a_loop_is_cut_where_fewest_go() -> None:
    drawing = made({"a": (10, 0), "b": (10, 0), "c": (8, 0)}, {"ab": 10, "bc": 8, "cb": 5, "ca": 1})
    assert letters(drawing) == "abc"
    assert len(drawing.rivers) == 2


def test_where_as_many_go_back_as_forth_the_way_forth_is_drawn() -> None:
    drawing = made({"a": (10, 0), "c": (10, 0), "b": (1, 0)}, {"ac": 10, "bc": 1, "cb": 1})
    assert letters(drawing) == "acb"


def test_calls_begin_where_more_were_than_came() -> None:
    drawing = made({"b": (10, 0), "c": (10, 0), "a": (10, 0)}, {"ab": 10, "bc": 10, "ca": 3})
    assert letters(drawing) == "abc"
    circle = made({"a": (10, 0), "b": (10, 0)}, {"ab": 10, "ba": 10})
    assert sorted(letters(circle)) == ["a", "b"]


def test_a_step_lies_below_all_that_lead_to_it() -> None:
    assert letters(made({"a": (9, 0), "c": (9, 0), "b": (4, 0)}, {"ab": 4, "ac": 5, "bc": 4})) == "abc"


def test_rare_moves_are_left_out_unless_nothing_else_leads_there() -> None:
    drawing = made({"a": (1000, 0), "b": (900, 0), "c": (5, 0)}, {"ab": 900, "ac": 5, "bc": 1})
    assert letters(drawing) == "abc"
    assert len(drawing.rivers) == 2


def test_of_many_steps_those_are_drawn_that_hang_together() -> None:
    steps = {"a": (50, 0), **{chr(98 + n): (40 - n, 0) for n in range(20)}, "z": (21, 0)}
    moves = {"ab": 40, **{f"a{chr(98 + n)}": 40 - n for n in range(1, 20)}, "uz": 21}
    drawing = made(steps, moves)
    assert len(drawing.bars) == MOST_STEPS
    assert "z" not in letters(drawing)


names = st.sampled_from("abcdefghijklmnop")


@given(
    st.dictionaries(names, st.tuples(st.integers(1, 10_000), st.integers(0, 10_000)), min_size=1),
    st.dictionaries(st.tuples(names, names), st.integers(1, 10_000), max_size=40),
)
def test_any_counts_stay_on_the_paper_and_apart(
    steps: dict[str, tuple[int, int]], moves: dict[tuple[str, str], int]
) -> None:
    counts = {step: (reached, min(left, reached)) for step, (reached, left) in steps.items()}
    drawing = made(counts, {one + other: calls for (one, other), calls in moves.items() if one != other})
    assert drawing.width == WIDTH
    rows: dict[float, list[tuple[float, float]]] = {}
    for bar in drawing.bars:
        assert bar.x >= -0.01
        assert bar.x + bar.width <= WIDTH + 0.01
        assert bar.y + HEIGHT <= drawing.height
        rows.setdefault(bar.y, []).append((bar.x, bar.x + bar.width))
    for row in rows.values():
        row.sort()
        assert all(one[1] <= other[0] for one, other in pairwise(row))
    for path in (*drawing.rivers, *(one.path for one in drawing.left)):
        assert all(float(number) <= max(WIDTH, drawing.height) + 20 for number in NUMBER.findall(path))
    assert len(set(drawing.order)) == len(drawing.bars) == len(drawing.labels)


def test_a_long_name_is_cut_and_kept_in_full_beside() -> None:
    drawing = made({"a": (5, 0)}, {})
    (label,) = drawing.labels
    assert (label.name, label.module, label.title) == ("a", "say", "say a")
    long = drawn(Flow("menu", [StepCount("say\t" + "x" * 100, 5, 0)], [], [1], [], 0))
    assert long
    assert len(long.labels[0].name) < 100
    assert long.labels[0].title == "say " + "x" * 100


def test_names_that_would_act_are_spelled_out() -> None:
    drawing = drawn(Flow("menu", [StepCount("say\t\u202eabc", 5, 0)], [], [1], [], 0))
    assert drawing
    assert drawing.labels[0].name == r"\u202eabc"
