"""Whatever the stream does: no exception, no entry in another call's log, every call ends."""

from collections import defaultdict
from itertools import pairwise

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringlog.model import CallRow, Entry
from ringlog.wire.asterisk import Message, Splitter, Translator
from tests.wire.asterisk.transcripts import RECORDINGS, logs, messages, translate

DATA = (RECORDINGS / "asterisk/ami-joined-midcall.txt").read_bytes()
FULL = [
    item for item in messages((RECORDINGS / "asterisk/ami.txt").read_bytes()) if isinstance(item, Message)
]
STRIPPED = [item for item in FULL if item.name not in {"CEL", "Cdr", "RTCPSent", "DeviceStateChange"}]
QUICK = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking a recording takes minutes
)


def call_of(message: Message) -> str:
    return next(
        (message.get(k) for k in ("Linkedid", "DestLinkedid", "LocalOneLinkedid") if message.get(k)), ""
    )


@QUICK
@given(st.lists(st.integers(0, len(DATA)), max_size=40))
def test_cut_anywhere_the_messages_are_the_same(cuts: list[int]) -> None:
    splitter = Splitter()
    edges = [0, *sorted(cuts), len(DATA)]
    found = [m for a, b in pairwise(edges) for m in splitter.feed(DATA[a:b])]
    assert found == Splitter().feed(DATA)


@QUICK
@given(st.binary(max_size=4000))
def test_any_bytes_are_taken(data: bytes) -> None:
    translator = Translator()
    for item in Splitter().feed(data + b"\r\n\r\n"):
        if isinstance(item, Message):
            translator.feed(item)


@QUICK
@given(st.randoms(use_true_random=False))
def test_calls_interleaved_in_any_order_keep_their_logs(random) -> None:
    """Events without a time come where they come: only the order within a call is kept."""
    chosen = [item for item in STRIPPED if call_of(item)]
    expected = {session: _lines(said) for session, said in logs(translate(chosen, Translator())).items()}
    waiting: dict[str, list[Message]] = defaultdict(list)
    for item in reversed(chosen):
        waiting[call_of(item)].append(item)
    mixed: list[Message] = []
    while waiting:
        session = random.choice(sorted(waiting))
        mixed += [waiting[session].pop() for _ in range(min(len(waiting[session]), random.randint(1, 40)))]
        if not waiting[session]:
            del waiting[session]
    found = logs(translate(mixed, Translator()))
    assert found.keys() == expected.keys()
    for session, said in found.items():
        assert _lines(said)[-1] == "Disconnecting call", session
        assert set(_dialled(said)) <= set(_dialled_of(expected[session]))


def _lines(said) -> list[str]:
    return [item.line for item in said if isinstance(item, Entry)]


def _dialled(said) -> list[str]:
    return _dialled_of(_lines(said))


def _dialled_of(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(("Dialling", "User input", "Command"))]


FAULTS = st.sampled_from(["missing", "doubled", "empty", "long", "lines"])


@QUICK
@given(st.data())
def test_a_broken_field_breaks_nothing_else(data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(STRIPPED) - 1))
    broken = list(STRIPPED)
    for index in range(position, min(position + 60, len(broken)), 3):
        pairs = list(broken[index].pairs)
        field = data.draw(st.integers(0, len(pairs) - 1))
        name, value = pairs[field]
        fault = data.draw(FAULTS)
        pairs[field : field + 1] = {
            "missing": [],
            "doubled": [(name, value)] * 2,
            "empty": [(name, "")],
            "long": [(name, value + "9" * 10_240)],
            "lines": [(name, "\n".join([value, value, ""]))],
        }[fault]
        broken[index] = Message(pairs)
    translator = Translator()
    said = translate(broken, translator)
    said += translator.connected()
    said += translator.channels([], 2**62)
    assert translator.in_progress() == frozenset()
    ended = {row.session_id for row in said if isinstance(row, CallRow) and row.end_s is not None}
    assert ended == {item.session_id for item in said}
    for item in said:
        if isinstance(item, Entry):
            assert len(item.line) <= 2000
            assert {"module_type", "result_variable"} <= item.data.keys()
