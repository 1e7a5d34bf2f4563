import re

import pytest

from ringlog.model import CallRow, Entry, Kind
from ringlog.wire.asterisk import Message, Splitter, Translator
from tests.wire.asterisk import transcripts
from tests.wire.asterisk.transcripts import RECORDINGS, STREAMS, logs, messages, of_stream, translate


def expected(stream: str) -> dict[str, str]:
    folder = RECORDINGS / STREAMS[stream][1]
    return {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.txt")}


@pytest.mark.parametrize("stream", STREAMS)
def test_every_recorded_call_has_the_log_that_was_read_and_kept(stream: str) -> None:
    found = {
        transcripts.file_name(position, session_id): transcripts.text(session_id, said)
        for position, (session_id, said) in enumerate(of_stream(stream).items(), 1)
    }
    assert found == expected(stream)


@pytest.mark.parametrize("stream", STREAMS)
def test_every_call_begins_and_ends_once_and_time_never_steps_back(stream: str) -> None:
    for session_id, said in of_stream(stream).items():
        entries = [item for item in said if isinstance(item, Entry)]
        endings = [
            entry for entry in entries if entry.line == "Disconnecting call" or "Joined call" in entry.line
        ]
        assert len(endings) == 1, session_id
        assert entries[-1] is endings[0]
        assert entries[0].line.startswith(("Executing application", "Log incomplete"))
        times = [entry.time_us for entry in entries]
        assert times == sorted(times), session_id
        ends = [row.end_s for row in said if isinstance(row, CallRow) and row.end_s is not None]
        assert ends == [times[-1] // 1_000_000]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_stream_cut_anywhere_gives_the_same_messages(size: int) -> None:
    data = (RECORDINGS / "asterisk/ami-joined-midcall.txt").read_bytes()
    assert list(messages(data, size)) == list(messages(data, len(data)))


def test_a_tick_before_every_event_changes_nothing() -> None:
    """At natural speed the clock carries time on between events; the logs are those of full speed."""
    items = list(messages((RECORDINGS / "asterisk/ami.txt").read_bytes()))
    translator = Translator()
    said: list[Entry | CallRow] = []
    for item in items:
        if not isinstance(item, Message):
            said += translator.connected()
            continue
        stamp = item.get("Timestamp").replace(".", "")
        if stamp:
            due = translator.due_us()
            while due is not None and due < int(stamp) - 200:
                said += translator.tick(due)
                due = translator.due_us()
        said += translator.feed(item)
    assert logs(said + translator.tick(2**62)) == of_stream("asterisk")


def test_calls_without_a_channel_leave_no_log() -> None:
    """Calls 23 to 25: no such number, no password, no such endpoint."""
    callers = {row.src for said in of_stream("asterisk").values() for row in said if isinstance(row, CallRow)}
    data = (RECORDINGS / "asterisk/ami.txt").read_bytes()
    assert len(of_stream("asterisk")) == 35
    assert b"2025550122" not in data or "2025550122" not in callers


@pytest.mark.parametrize(
    ("session_id", "pins"),
    [
        ("1795424561.6", ["4321"]),
        ("1795424562.7", ["1111", "2222"]),
        ("1795424582.11", ["43", "4321", "432"]),
    ],
)
def test_no_digit_of_a_pin_stands_in_its_log(session_id: str, pins: list[str]) -> None:
    said = of_stream("asterisk")[session_id]
    entries = [item for item in said if isinstance(item, Entry)]
    texts = [f"{entry.line} {dict(entry.data)}" for entry in entries]
    for pin in pins:
        assert not [text for text in texts if re.search(rf"(?<!\d){pin}(?!\d)", text)]
    inputs = [entry for entry in entries if "input" in entry.line.lower() or "Keys" in entry.line]
    assert inputs
    assert not [entry for entry in inputs if re.search(r": .*\d", entry.line)]


def test_without_cel_the_logs_differ_only_in_what_an_ari_application_plays() -> None:
    items = list(messages((RECORDINGS / "asterisk/ami.txt").read_bytes()))
    without = logs(
        translate(
            (item for item in items if not (isinstance(item, Message) and item.name == "CEL")), Translator()
        )
    )
    for session_id, said in of_stream("asterisk").items():
        bare = [
            i
            for i in said
            if not (isinstance(i, Entry) and i.kind is Kind.PROMPT and i.data["module_type"] == "stasis")
        ]
        assert without[session_id] == bare


def test_a_message_too_long_is_dropped_and_the_next_one_is_read() -> None:
    splitter = Splitter()
    for _ in range(40):
        assert splitter.feed(b"Event: Long\r\nText: " + b"x" * 65_536) == []
    assert splitter.feed(b"\r\n\r\nEvent: Next\r\n\r\n") == [Message([("Event", "Next")])]


@pytest.mark.parametrize(
    ("session_id", "secrets"),
    [
        ("1795428737.55", ["4821", "4000123412341234", "8642", "85267d349a5e647ff0a9edcb5ffd1e02"]),
        ("1795428676.40", ["1234", "4321"]),
    ],
)
def test_nothing_typed_in_confidence_stands_anywhere_in_its_log(session_id: str, secrets: list[str]) -> None:
    text = transcripts.text("", of_stream("asterisk-2")[session_id])
    assert not [secret for secret in secrets if secret in text]
