"""Which part of a call its page shows, and how its time is drawn; without a browser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringlog.errors import BadInput
from ringlog.model import MICROSECONDS, CallType, Kind
from ringlog.timeline import Bar, Lane, Waterfall
from ringlog.timeline.moments import DIALLING, FOR_INPUT, IN_QUEUE, PLAYING, WHILE
from ringlog.timeline.waterfall import Failures
from ringlog.web.console.asked import Asked
from ringlog.web.console.fall_view import TICKS, FallView

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ASKED = st.builds(
    Asked,
    kinds=st.frozensets(st.sampled_from(Kind)),
    source=NAMES,
    leg=NAMES,
    at=st.one_of(st.none(), st.integers(0, 2**40)),
    open=st.lists(st.integers(0, 2**40), max_size=3).map(tuple),
    page=st.integers(0, 1000),
)


@given(ASKED)
def test_an_address_asks_for_what_it_was_made_of(asked: Asked) -> None:
    address = asked.address()
    assert address.isascii()
    assert Asked.of(address[1:].encode()) == asked


def test_no_class_is_every_class() -> None:
    assert not Asked.of(b"").is_filter
    assert not Asked.of(b"&".join(b"class=" + kind.encode() for kind in Kind)).is_filter
    assert Asked.of(b"class=error").only.kinds == {Kind.ERROR}
    with pytest.raises(BadInput, match="class takes"):
        Asked.of(b"class=" + CallType.INBOUND.encode())


@given(st.integers(1, 400 * 86_400 * MICROSECONDS))
def test_a_scale_has_few_ticks_inside_the_drawing(scale_us: int) -> None:
    ticks = list(FallView(Waterfall(scale_us, [Lane("", [], [])], {}, []), scale_us).ticks)
    assert ticks[0] == (0.0, "0:00")
    assert len(ticks) <= TICKS + 2
    assert all(0 <= x <= 100 for x, _ in ticks)
    assert len({words for _, words in ticks}) == len(ticks)


def test_the_legend_leaves_out_what_is_too_short_to_be_seen() -> None:
    fall = Waterfall(10_000, [], {PLAYING: 9_000, FOR_INPUT: 20, DIALLING: 19}, [])
    assert [words for _, words, _ in FallView(fall, 10_000).key] == ["prompts", FOR_INPUT]


@pytest.mark.parametrize(
    ("errors", "words"),
    [([1], ["1 error"]), ([5, 2], ["5 errors", "2"]), ([1000] * 7, ["7,000 errors", *[""] * 6])],
)
def test_failures_are_counted_where_there_is_room(errors: list[int], words: list[str]) -> None:
    failures = [Failures(n * 100, count) for n, count in enumerate(errors)]
    assert [said for _, said in FallView(Waterfall(1000, [], {}, failures), 1000).failures] == words


@pytest.mark.parametrize("doing", [DIALLING, FOR_INPUT, IN_QUEUE, PLAYING, *WHILE.values()])
def test_whatever_goes_on_has_a_shape_of_its_own(doing: str) -> None:
    fall = Waterfall(1000, [Lane("", [Bar(doing, 0, 500)], [])], {doing: 500}, [])
    ((shape, _, _),) = FallView(fall, 1000).key
    assert [bar.shape for bar in FallView(fall, 1000).bars(0)] == [shape]
