"""How a call's log becomes rows: what is folded, what is said of a silence, where the second rail runs."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringlog.model import Call, CallType, Kind, StoredEntry
from ringlog.timeline import Fold, Silence, Step, Timeline, timeline

START_S = 1_800_000_000
CALL = Call("c", "1", "2", CallType.INBOUND, START_S, None, "", "", 0, 0, 0, None, None, None, available=True)

Said = tuple[int, Kind, str, dict[str, object]]


def drawn(said: Sequence[Said], *, whole: bool = False) -> Timeline:
    """The timeline of entries, each with the milliseconds since the one before it."""
    at_us = START_S * 1_000_000
    entries: list[StoredEntry] = []
    for seq, (gap_ms, kind, line, data) in enumerate(said):
        at_us += gap_ms * 1000
        step = {"module_type": "m", "result_variable": "r", **data}
        body = {"event": {"line": line, "data": step}, "class": kind, "timestamp": at_us // 1_000_000}
        entries.append(StoredEntry("s", seq, at_us, seq, json.dumps(body).encode()))
    return timeline(CALL, entries, whole=whole)


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


LEG = {"leg": "PJSIP/agent"}


@pytest.mark.parametrize(
    ("before", "doing"),
    [
        ([event("x")], ""),
        ([event("x", waits=5)], "waiting for input"),
        ([(0, Kind.PROMPT, "music", {})], "playing"),
        ([event("up", **LEG, state="ringing")], "ringing"),
        ([event("up", **LEG, state="answered")], "talking"),
        ([event("up", **LEG, state="answered"), event("held", **LEG, state="hold")], "on hold"),
        ([event("up", **LEG, state="answered"), event("up", leg="PJSIP/b", state="ringing")], "talking"),
        ([event("up", **LEG, state="answered"), event("down", **LEG, state="ended")], ""),
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
