"""How a call's log becomes rows: what is folded, what is said of a silence, where the second rail runs."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringlog.model import MICROSECONDS, Call, CallType, Kind, StoredEntry
from ringlog.timeline import Fold, Only, Silence, Step, Timeline, timeline, waterfall
from ringlog.timeline.waterfall import FINEST, MOST_LANES, Waterfall

START_S = 1_800_000_000
CALL = Call("c", "1", "2", CallType.INBOUND, START_S, None, "", "", 0, 0, 0, None, None, None, available=True)

Said = tuple[int, Kind, str, dict[str, object]]


def drawn(said: Sequence[Said], *, call: Call = CALL, **how: Any) -> Timeline:
    """The timeline of entries, each with the milliseconds since the one before it."""
    at_us = START_S * 1_000_000
    entries: list[StoredEntry] = []
    for seq, (gap_ms, kind, line, data) in enumerate(said):
        at_us += gap_ms * 1000
        step = {"module_type": "m", "result_variable": "r", **data}
        body = {"event": {"line": line, "data": step}, "class": kind, "timestamp": at_us // 1_000_000}
        entries.append(StoredEntry(str(data.get("source", "s")), seq, at_us, seq, json.dumps(body).encode()))
    return timeline(call, entries, **how)


def event(line: str, gap_ms: int = 100, **data: object) -> Said:
    return gap_ms, Kind.EVENT, line, data


def rows(of: Timeline) -> list[str]:
    words: list[str] = []
    for row in of.rows:
        match row:
            case Step():
                words.append(row.line.text)
            case Fold():
                words.append(f"{row.steps}x{row.rounds}")
            case Silence():
                words.append(f"({row.doing})")
    return words


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        ("aaa", "a a a"),
        ("aaaa", "a 1x2 a"),
        ("abababab", "a b 2x2 a b"),
        ("xababababaxx", "x a b 2x3 a x x"),  # a round left half-way is the last one
        ("abcabcabcd", "a b c a b c a b c d"),
        ("aaaabbbb", "a 1x2 a b 1x2 b"),
    ],
)
def test_loops_of_four_rounds_keep_their_first_and_last(texts: str, shown: str) -> None:
    assert " ".join(rows(drawn([event(text) for text in texts]))) == shown


def test_numbers_do_not_tell_rounds_apart_but_words_and_places_do() -> None:
    assert rows(drawn([event(f"N = {n}") for n in range(5)])) == ["N = 0", "1x3", "N = 4"]
    assert len(rows(drawn([event("N", result_variable=f"{'abcde'[n]}") for n in range(5)]))) == 5


def test_an_error_is_never_folded_and_whole_folds_nothing() -> None:
    failing = [event("a"), (100, Kind.ERROR, "failed", {})] * 6
    assert rows(drawn(failing)) == ["a", "failed"] * 6
    assert rows(drawn([event("a")] * 9, whole=True)) == ["a"] * 9


def test_of_errors_at_one_time_the_first_is_the_one_that_lists_show() -> None:
    said = [(100, Kind.ERROR, "refused", {}), (0, Kind.ERROR, "busy", {}), (9, Kind.ERROR, "after", {})]
    assert [line.text for line in drawn(said).errors] == ["busy", "refused", "after"]


LEG = {"leg": "PJSIP/agent"}


@pytest.mark.parametrize(
    ("before", "doing"),
    [
        ([event("x")], ""),
        ([event("x", waits=5)], "waiting for input"),
        ([(0, Kind.PROMPT, "music", {})], "playing"),
        ([event("dial", **LEG, state="dialling")], "dialling"),
        ([event("dial several", state="dialling")], "dialling"),
        ([event("dial", **LEG, state="dialling"), event("busy", **LEG, state="ended")], ""),
        ([event("dial", **LEG, state="dialling"), event("up", **LEG, state="ringing")], "ringing"),
        ([event("up", **LEG, state="ringing")], "ringing"),
        ([event("up", **LEG, state="answered")], "talking"),
        ([event("up", **LEG, state="answered"), event("held", **LEG, state="hold")], "on hold"),
        ([event("up", **LEG, state="answered"), event("up", leg="PJSIP/b", state="ringing")], "talking"),
        ([event("up", **LEG, state="answered"), event("down", **LEG, state="ended")], ""),
        (
            [event("Waiting in queue", module_type="queue"), event("up", **LEG, state="ringing")],
            "waiting in queue",
        ),
        ([event("Waiting in queue", module_type="queue"), event("up", **LEG, state="answered")], "talking"),
        (
            [
                event("Waiting in queue", module_type="queue"),
                (0, Kind.DEBUG, "Calling", {**LEG, "module_type": "queue", "state": "dialling"}),
            ],
            "waiting in queue",
        ),
        ([event("x", waits=5), event("noted", source="other")], "waiting for input"),
        ([event("x", waits=5), event("next")], ""),
    ],
)
def test_a_silence_says_what_was_going_on(before: list[Said], doing: str) -> None:
    assert rows(drawn([*before, event("later", 10_000)]))[-2:] == [f"({doing})", "later"]
    assert not any(row.startswith("(") for row in rows(drawn([*before, event("soon", 9_999)])))
    assert drawn(before).doing == doing


def test_the_second_rail_runs_while_a_leg_is_up() -> None:
    log = drawn([
        event("dial", **LEG, state="dialling"),
        event("ringing", **LEG, state="ringing"),
        event("set", 1),
        event("over", **LEG, state="ended"),
        event("after"),
    ])  # fmt: skip
    steps = [(row.on_leg, row.beside) for row in log.rows if isinstance(row, Step)]
    assert steps == [(False, False), (True, True), (False, True), (True, True), (False, False)]


def test_offsets_count_from_the_first_entry_of_the_first_second() -> None:
    early = drawn([event("a", 250), event("b", 100)])
    assert [row.offset_us for row in early.rows] == [0, 100_000]
    late = drawn([event("a", 3250)])
    assert [row.offset_us for row in late.rows] == [3_250_000]


SAID = st.tuples(
    st.integers(0, 20_000),
    st.sampled_from(Kind),
    st.sampled_from(["a", "b", "c 1", "c 2"]),
    st.fixed_dictionaries(
        {},
        optional={
            "leg": st.sampled_from(["PJSIP/a", "PJSIP/b", 7]),
            "state": st.sampled_from(["dialling", "ringing", "answered", "hold", "ended", None]),
        },
    ),
)


@given(st.lists(st.one_of(SAID, st.just(event("loop"))), max_size=60))
def test_every_entry_is_in_one_row_and_no_time_is_lost(said: list[Said]) -> None:
    log = drawn(said)
    counted = sum(row.entries if isinstance(row, Fold) else isinstance(row, Step) for row in log.rows)
    assert counted == len(said)
    gaps = sum(row.gap_us or 0 for row in log.rows)
    folds_after = [
        after.offset_us - row.offset_us
        for row, after in zip(log.rows, log.rows[1:], strict=False)
        if isinstance(after, Fold)
    ]
    span = log.lines[-1].time_us - log.lines[0].time_us if log.lines else 0
    assert gaps + sum(folds_after) >= span
    assert [line for line in log.lines if line.kind == Kind.ERROR] == [
        row.line for row in log.rows if isinstance(row, Step) and row.line.kind == Kind.ERROR
    ]


def test_what_a_link_points_to_is_never_folded_nor_is_a_loop_that_was_opened() -> None:
    loop = [event("a"), event("b")] * 6
    assert rows(drawn(loop)) == ["a", "b", "2x4", "a", "b"]
    pointed = drawn(loop, pointed={6})
    assert 6 in {row.line.arrival for row in pointed.rows if isinstance(row, Step)}
    folds = [row.line.arrival for row in drawn(loop).rows if isinstance(row, Fold)]
    assert rows(drawn(loop, opened=folds)) == ["a", "b"] * 6
    assert rows(drawn(loop, opened={0})) == rows(drawn(loop))


MIXED = [
    event("a"),
    (0, Kind.ERROR, "no", LEG),
    event("b", **LEG, state="ringing"),
    (0, Kind.DEBUG, "d", {"source": "other"}),
    event("later", 20_000),
]


@pytest.mark.parametrize(
    ("only", "shown"),
    [
        (Only({Kind.ERROR, Kind.DEBUG}), ["no", "d", "(ringing)"]),
        (Only(source="other"), ["d", "(ringing)"]),
        (Only(leg=""), ["a", "d", "(ringing)", "later"]),
        (Only(leg="PJSIP/agent"), ["no", "b"]),
        (Only({Kind.ERROR}, source="nobody"), []),
    ],
)
def test_a_filter_leaves_rows_out_and_what_goes_on_is_told_of_all(only: Only, shown: list[str]) -> None:
    log = drawn(MIXED, only=only)
    assert rows(log) == shown
    assert len(log.lines) == len(MIXED)


def test_a_filter_shows_what_is_pointed_to_all_the_same() -> None:
    assert rows(drawn(MIXED, only=Only(leg="PJSIP/agent"), pointed={0})) == ["a", "no", "b"]


# -- where the time went -----------------------------------------------------------------------------


def fall(said: Sequence[Said], lasts_s: int | None = None, now_s: int = 60) -> Waterfall:
    call = replace(CALL, end_s=None if lasts_s is None else START_S + lasts_s)
    return waterfall(drawn(said, call=call), (START_S + now_s) * MICROSECONDS)


def bars(of: Waterfall, lane: int = 0) -> list[tuple[str, int, int]]:
    return [(bar.doing, bar.from_us // 1000, bar.to_us // 1000) for bar in of.lanes[lane].bars]


DIALLED = [
    (0, Kind.PROMPT, "menu", {"waits": 2}),
    event("User input: 2", 3000),
    (0, Kind.PROMPT, "hold on", {}),
    event("dial", 1000, **LEG, state="dialling"),
    event("ringing", 0, **LEG, state="ringing"),
    event("answered", 2000, **LEG, state="answered"),
    event("held", 4000, **LEG, state="hold"),
    event("back", 500, **LEG, state="answered"),
    (1500, Kind.ERROR, "over", {**LEG, "state": "ended"}),
    event("exit", 1000),
]


def test_the_waterfall_has_a_lane_of_the_caller_and_one_of_each_leg() -> None:
    of = fall(DIALLED, 13)
    assert bars(of) == [
        ("waiting for input", 0, 3000),
        ("playing", 3000, 4000),
        ("ringing", 4000, 6000),
        ("talking", 6000, 10_000),
        ("on hold", 10_000, 10_500),
        ("talking", 10_500, 12_000),
    ]
    assert bars(of, 1) == bars(of)[2:]
    assert [(lane.name, list(lane.failures)) for lane in of.lanes] == [("", []), ("agent", [12_000_000])]
    assert of.span_us == 13 * MICROSECONDS
    assert list(of.totals.items())[:2] == [("talking", 5_500_000), ("waiting for input", 3_000_000)]
    assert of.failures == [(12_000_000, 1)]


@pytest.mark.parametrize(("state", "after"), [("answered", "talking"), ("ended", "")])
@pytest.mark.parametrize("several", [False, True])
def test_dialling_is_drawn_where_nothing_is_heard_to_ring(state: str, after: str, several: bool) -> None:
    dialled = event("dial", 1000, **({} if several else LEG), state="dialling")
    early = [] if several else [event("early media", 500, **LEG, state="dialling")]
    of = fall([event("start", 0), dialled, *early, event("news", 2000, **LEG, state=state)], 6)
    news = 3000 + 500 * len(early)
    drawn_bars = [("dialling", 1000, news), *([(after, news, 6000)] if after else [])]
    assert bars(of) == bars(of, 1) == drawn_bars
    assert of.totals["dialling"] == (news - 1000) * 1000


def test_who_is_dialled_anew_is_dialled_from_then_on() -> None:
    dial, over = event("dial", 0, **LEG, state="dialling"), event("busy", 1000, **LEG, state="ended")
    other = event("dial both", 0, state="dialling", result_variable="elsewhere")
    of = fall([dial, over, event("wait", 2000), other, event("next", 1000), dial, over], 9)
    assert bars(of, 1) == [("dialling", 0, 1000), ("dialling", 4000, 5000)]
    assert bars(of) == [("dialling", 0, 1000), ("dialling", 3000, 5000)]


def test_a_running_call_reaches_to_now_and_its_open_bars_say_so() -> None:
    of = fall(DIALLED[:6], None, now_s=20)
    assert of.span_us == 20 * MICROSECONDS
    assert [lane.bars[-1].goes_on for lane in of.lanes] == [True, True]
    assert of.totals["talking"] == 14 * MICROSECONDS
    assert not any(lane.bars[-1].goes_on for lane in fall(DIALLED[:6], 20).lanes)


def test_a_caller_who_left_the_others_does_nothing_any_more() -> None:
    of = fall([*DIALLED[:6], event("Caller left", 1000, module_type="exit"), event("over", 5000)], 12)
    assert bars(of)[-1] == ("talking", 6000, 7000)
    assert bars(of, 1)[-1] == ("talking", 6000, 12_000)


def test_a_queue_calls_its_member_by_name() -> None:
    of = fall(
        [event("ringing", **LEG, state="ringing"), event("no answer", **LEG, state="ended", member="Sylvia")],
        9,
    )
    assert of.lanes[1].name == "Sylvia"


def test_legs_without_an_answer_share_a_lane_where_there_are_many() -> None:
    said: list[Said] = []
    for n in range(MOST_LANES + 3):
        leg = {"leg": f"PJSIP/{n}"}
        said.append(event("ringing", **leg, state="ringing"))
        if n == 9:
            said.append(event("answered", **leg, state="answered"))
        said.append((100, Kind.ERROR, "busy", {**leg, "state": "ended"}))
    of = fall(said, 60)
    assert [lane.name for lane in of.lanes] == ["", "9", f"{MOST_LANES + 2} others"]


def test_a_call_of_20_000_entries_has_no_more_bars_than_can_be_seen() -> None:
    of = fall([(7, Kind(("prompt", "event", "error")[n % 3]), "x", {}) for n in range(20_000)], 140)
    assert len(of.lanes[0].bars) <= FINEST
    assert len(of.lanes[0].failures) <= FINEST
    assert sum(failures.errors for failures in of.failures) == 6666


@given(st.lists(SAID, max_size=40), st.one_of(st.none(), st.integers(0, 100)))
def test_bars_lie_in_the_span_and_no_two_of_a_lane_overlap(said: list[Said], lasts_s: int | None) -> None:
    of = fall(said, lasts_s, now_s=1)
    for lane in of.lanes:
        ends = [at for bar in lane.bars for at in (bar.from_us, bar.to_us)]
        assert ends == sorted(ends)
        assert all(0 <= at <= of.span_us for at in (*ends, *lane.failures))
    assert sum(of.totals.values()) <= of.span_us
