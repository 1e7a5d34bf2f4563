"""An engine whose clock is set back while calls run (NTP, an hour of summer time by hand)."""

import re
from collections.abc import Iterable
from functools import cache

import pytest

from ringlog.model import CallRow, Entry
from ringlog.wire.asterisk import Banner, Message, Translator, time_us
from tests.wire.asterisk.test_stream import T0, begin, event, hangup, key, step
from tests.wire.asterisk.transcripts import RECORDINGS, STREAMS, Said, logs, messages

HOUR_S = 3600
SECOND_US = 1_000_000


@cache
def recorded() -> list[Message | Banner]:
    return list(messages((RECORDINGS / STREAMS["asterisk-2"][0]).read_bytes()))


def set_back(items: Iterable[Message | Banner], at: int, by_s: int) -> list[Message | Banner]:
    """The same, told by a clock that is set back before the item of that number."""
    return [moved(item, by_s) if number >= at else item for number, item in enumerate(items)]


def moved(item: Message | Banner, by_s: int) -> Message | Banner:
    stamp = "" if isinstance(item, Banner) else item.get("Timestamp")
    if isinstance(item, Banner) or time_us(stamp) is None:
        return item
    second, _, rest = stamp.partition(".")
    return Message(
        (k, f"{int(second) - by_s}.{rest}" if k == "Timestamp" else value) for k, value in item.pairs
    )


def told(items: Iterable[Message | Banner]) -> list[list[Said]]:
    """What each item adds."""
    translator = Translator(private=("PIN", "CARD", "HASH"))
    said = [translator.connected() if isinstance(item, Banner) else translator.feed(item) for item in items]
    return [*said, translator.tick(2**61)]


def texts(said: list[list[Said]]) -> list[list[tuple[str, str]]]:
    """But for lengths, which are a little longer over a moment of which nobody knows how long it was."""
    entries = [[item for item in some if isinstance(item, Entry)] for some in said]
    return [[(e.session_id, re.sub(r"\d+\.\d s", "… s", e.line)) for e in some] for some in entries]


def busy_moments() -> list[int]:
    """Where several calls run, and two events are less than a millisecond apart."""
    stamps = [None if isinstance(one, Banner) else time_us(one.get("Timestamp")) for one in recorded()]
    close = [
        number
        for number in range(1, len(stamps))
        if (now := stamps[number]) and (before := stamps[number - 1]) and 0 <= now - before < 1000
    ]
    return [close[len(close) * part // 8] for part in range(1, 7)]


@pytest.mark.parametrize("by_s", [2, HOUR_S, 8 * 24 * HOUR_S])
@pytest.mark.parametrize("moment", range(6))
def test_every_line_comes_when_it_would_and_no_time_steps_back_within_a_log(moment: int, by_s: int) -> None:
    at = busy_moments()[moment]
    whole, found = told(recorded()), told(set_back(recorded(), at, by_s))
    assert texts(found) == texts(whole)
    before = {item.session_id for some in whole[:at] for item in some}
    wholly = logs([item for some in whole for item in some])
    for session_id, log in logs([item for some in found for item in some]).items():
        times = [item.time_us for item in log if isinstance(item, Entry)]
        assert times == sorted(times)
        rows = [item for item in log if isinstance(item, CallRow)]
        (start_s,) = {row.start_s for row in rows} - {None}
        (end_s,) = {row.end_s for row in rows} - {None}
        assert start_s <= end_s
        assert times[-1] // SECOND_US == end_s
        if session_id not in before:
            # What began later bears the times that the engine told.
            assert times == [e.time_us - by_s * SECOND_US for e in wholly[session_id] if isinstance(e, Entry)]


def test_a_call_that_runs_then_stands_still_until_the_clock_has_caught_up() -> None:
    translator = Translator()
    said = [
        one
        for item in (
            begin(), step(0.5, "Answer"), step(1, "Wait", "9", "2"), key(2, "1"), key(2.02, "1"),
            key(7 - HOUR_S, "1"), key(7.5 - HOUR_S, "2"),
        )
        for one in translator.feed(item)
    ]  # fmt: skip
    # Nothing waits for an hour: not by the engine's clock, and not by what the collector makes of it.
    due_us = translator.due_us()
    assert due_us
    assert due_us <= (T0 + 10 - HOUR_S) * SECOND_US
    said += translator.tick((T0 + 10 - HOUR_S) * SECOND_US)
    said += translator.feed(step(11 - HOUR_S, "Verbose", "1,x", "3")) + translator.feed(hangup(12 - HOUR_S))
    lines = {e.line: e.time_us for e in said if isinstance(e, Entry)}
    # One press that was told twice, then the same key again.
    assert {line for line in lines if "Keys" in line} == {"Keys not used: 112"}
    assert (
        lines["Keys not used: 112"]
        == lines["Disconnecting call"]
        == lines["Waiting 9 s"]
        == (T0 + 1) * SECOND_US
    )
    assert [i.end_s for i in said if isinstance(i, CallRow) and i.end_s] == [T0 + 1]


def test_a_clock_that_was_set_back_while_the_connection_was_down() -> None:
    translator = Translator()
    translator.feed(begin())
    translator.lost("gone", (T0 + 5) * SECOND_US)
    translator.connected()
    now_us = (T0 + 60 - HOUR_S) * SECOND_US
    shown = event("CoreShowChannel", 0, "2.2", Timestamp="", Duration="00:00:30")
    said = translator.channels([shown], now_us)
    starts = {i.session_id: i.start_s for i in said if isinstance(i, CallRow) and i.start_s}
    ends = {i.session_id: i.end_s for i in said if isinstance(i, CallRow) and i.end_s}
    assert ends == {"1.1": T0}
    assert set(starts) == {"2.2"}
    (gap,) = [e for e in said if isinstance(e, Entry) and e.line.endswith("was lost")]
    assert gap.data["from"] <= gap.data["to"]
