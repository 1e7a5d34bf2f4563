"""Whatever the stream does: no exception, no entry in another call's log, every call ends."""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise, takewhile
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringlog.model import Entry
from ringlog.wire.asterisk import Banner, Message, Splitter, Translator
from tests.wire.asterisk import damage
from tests.wire.asterisk.transcripts import RECORDINGS, STREAMS, Said, logs

BOTH = pytest.mark.parametrize("stream", ["asterisk", "asterisk-2"])
QUICK = settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking a recording takes minutes
)
SEED = st.integers(0, 2**32)
NOISE = frozenset({"Cdr", "RTCPSent", "RTCPReceived", "DeviceStateChange", "ChallengeSent"})
"""Events that no log reads, left out to be quick."""


@cache
def data(stream: str) -> bytes:
    return (RECORDINGS / STREAMS[stream][0]).read_bytes()


@cache
def items(stream: str) -> list[damage.Item]:
    return [
        damage.tagged(item)
        for item in damage.recorded(stream)
        if isinstance(item, Banner) or item.name not in NOISE
    ]


@cache
def calls(stream: str) -> damage.Calls:
    return damage.Calls(items(stream))


@cache
def whole(stream: str) -> dict[str, list[Said]]:
    return logs(damage.told(items(stream)))


def untouched(said: list[Said], stream: str, touched: set[str]) -> None:
    """All calls but those have the log that they have anyway; none is open, nothing in another's log."""
    found = logs(said)
    for session_id, log in whole(stream).items():
        if session_id not in touched:
            assert found.get(session_id) == log, session_id
    assert damage.open_calls(said) == set()
    assert damage.strangers(said, calls(stream)) == []
    for item in said:
        if isinstance(item, Entry):
            assert len(item.line) <= 2000
            assert {"module_type", "result_variable"} <= item.data.keys()


@BOTH
def test_the_marks_tell_whose_an_entry_is(stream: str) -> None:
    said = damage.told(items(stream))
    assert damage.strangers(said, calls(stream)) == []
    other = [Entry("1.1", e.kind, e.line, e.data, e.time_us) for e in said if isinstance(e, Entry)]
    assert len(damage.strangers(other, calls(stream))) > 100


@BOTH
@QUICK
@given(cuts=st.lists(st.floats(0, 1), max_size=40))
def test_cut_anywhere_the_messages_are_the_same(stream: str, cuts: list[float]) -> None:
    splitter = Splitter()
    edges = [0, *sorted(int(cut * len(data(stream))) for cut in cuts), len(data(stream))]
    found = [m for a, b in pairwise(edges) for m in splitter.feed(data(stream)[a:b])]
    assert found == list(damage.recorded(stream))


@BOTH
@QUICK
@given(cut=st.floats(0, 1))
def test_cut_at_any_byte_and_continued_on_a_new_connection_only_the_cut_message_is_missed(
    stream: str, cut: float
) -> None:
    """The engine is asked for its channels then; calls that the message does not speak of lose nothing."""
    text = data(stream)
    byte = int(cut * len(text))
    first = Splitter().feed(text[:byte])
    rest = Splitter().feed(b"Asterisk Call Manager/11.0.0\r\n" + text[byte:])
    missed = damage.recorded(stream)[len(first)] if len(first) < len(damage.recorded(stream)) else first[-1]
    translator = Translator()
    said = _fed(first, translator)
    said += translator.connected()
    said += translator.channels(damage.up(first), damage.last_us(first))
    said += _fed(rest[1:], translator)
    said += damage.over(translator)
    found = logs(said)
    expected = logs(damage.told(damage.recorded(stream)))
    touched = damage.Calls(damage.recorded(stream)).named(missed) if isinstance(missed, Message) else set()
    assert {one for one in expected if found.get(one) != expected[one]} <= touched
    assert damage.open_calls(said) == set()


def _fed(heard: list[Message | Banner], translator: Translator) -> list[Said]:
    return [
        said
        for item in heard
        for said in (translator.connected() if isinstance(item, Banner) else translator.feed(item))
    ]


@QUICK
@given(st.binary(max_size=4000))
def test_any_bytes_are_taken(data: bytes) -> None:
    translator = Translator()
    for item in Splitter().feed(data + b"\r\n\r\n"):
        if isinstance(item, Message):
            translator.feed(item)


@BOTH
@QUICK
@given(seed=SEED)
def test_interleaved_in_any_order_that_keeps_each_channels_own_no_log_is_anothers(
    stream: str, seed: int
) -> None:
    """Within one run of the engine; time then jumps to and fro, so only what waits for it may differ."""
    chosen = [item for item in first_run(stream) if damage.pairs_of_ids(item)]
    said = damage.told(damage.interleaved(chosen, Random(seed)))
    assert damage.strangers(said, calls(stream)) == []
    assert damage.open_calls(said) == set()
    expected = logs(damage.told(chosen))
    assert logs(said).keys() == expected.keys()
    for session_id, log in logs(said).items():
        if (
            len({uid for item in chosen for uid, call in damage.pairs_of_ids(item) if call == session_id})
            == 1
        ):
            assert _timeless(log) == _timeless(expected[session_id]), session_id


def first_run(stream: str) -> Iterator[Message]:
    """What the engine says before it is started again."""
    run = takewhile(lambda item: isinstance(item, Message), items(stream)[1:])
    return (item for item in run if isinstance(item, Message))


def _timeless(log: list[Said]) -> list[str]:
    """What does not depend on when other calls' events came: nothing that waits or times."""
    lines = [item.line for item in log if isinstance(item, Entry)]
    timeless = ("Dialling", "Command", "Set", "Waiting for", "Disconn")
    return [line for line in lines if line.startswith(timeless)]


@BOTH
@QUICK
@given(seed=SEED)
def test_a_broken_field_breaks_nothing_else(stream: str, seed: int) -> None:
    """Missing, doubled, empty, 10 kB long or with line feeds, in every third of sixty messages."""
    random, faulty = Random(seed), list(items(stream))
    touched: set[str] = set()
    position = random.randrange(len(faulty))
    for index in range(position, min(position + 60, len(faulty)), 3):
        item = faulty[index]
        if isinstance(item, Message) and (named := calls(stream).named(item)):
            touched |= named
            faulty[index] = damage.broken(item, random)
    untouched(damage.told(faulty), stream, touched)
