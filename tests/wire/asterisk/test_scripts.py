"""What an AGI script does: sounds that are not there, waits in which no key comes, scripts that fail."""

import pytest

from ringlog.model import Entry
from ringlog.wire.asterisk import Message
from tests.wire.asterisk.test_stream import begin, entries, event, hangup, key, run, step, varset


def command(at: float, text: str, takes: float, result: str = "Success", code: str = "200") -> list[Message]:
    done = event("AGIExecEnd", at + takes, Command=text, ResultCode=code, Result=result)
    return [event("AGIExecStart", at, Command=text), done]


def told(*items: Message) -> list[str]:
    said = entries(run([begin(), step(0.5, "AGI", "menu.py"), *items, hangup(60)]))
    return [line for entry in said if (line := _short(entry)) and entry.data["module_type"] == "agi"][1:]


def _short(entry: Entry) -> str:
    return f"{entry.kind} {entry.line}"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("FAILURE", ["error AGI script failed: menu.py"]),
        ("NOTFOUND", ["error AGI script not found: menu.py"]),
        ("SUCCESS", []),
        ("HANGUP", []),
    ],
)
def test_a_script_that_fails_or_is_not_there_is_an_error(status: str, error: list[str]) -> None:
    assert told(varset(1, "AGISTATUS", status)) == error


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ('STREAM FILE nofile ""', "nofile"),
        ('CONTROL STREAM FILE nofile ""', "nofile"),
        ('GET OPTION nofile "12" 2000', "nofile"),
    ],
)
def test_a_sound_that_cannot_be_opened_is_missing_and_one_that_ends_early_was_played(
    text: str, sound: str
) -> None:
    assert told(*command(1, text, 0.001, "Failure", "-1")) == [f"error Missing prompt: {sound}"]
    assert told(*command(1, text, 3, "Failure", "-1")) == [f"prompt {sound}"]
    hung_up = [*command(1, text, 0.05, "Failure", "-1")]
    hung_up.insert(1, event("HangupRequest", 1.04))
    assert told(*hung_up) == [f"prompt {sound}"]


@pytest.mark.parametrize("text", ["EXEC Playback nofile", "EXEC TryExec Playback(nofile)"])
def test_a_sound_that_an_application_does_not_find_is_missing(text: str) -> None:
    started, done = command(1, text, 0.002)
    assert told(started, varset(1.001, "PLAYBACKSTATUS", "FAILED"), done) == ["error Missing prompt: nofile"]
    assert told(started, varset(1.001, "PLAYBACKSTATUS", "SUCCESS"), done) == ["prompt nofile"]


@pytest.mark.parametrize(
    ("text", "within"),
    [
        ('GET OPTION beep "12" 1500', " within 1.5 s"),
        ('GET OPTION beep "12"', ""),
        ("GET DATA beep 3000 4", " within 3 s"),
        ("WAIT FOR DIGIT 5000", " within 5 s"),
        ("WAIT FOR DIGIT -1", ""),
    ],
)
def test_a_wait_without_a_key_says_so(text: str, within: str) -> None:
    started, done = command(1, text, 5.5)
    assert told(started, done)[-1] == f"event No input{within}"
    assert not [line for line in told(started, key(2, "1"), done) if "No input" in line]
    assert not [line for line in told(started, event("HangupRequest", 2), done) if "No input" in line]
    assert not [line for line in told(*command(1, text, 0.001)) if "No input" in line]


def test_a_recording_is_no_prompt() -> None:
    assert told(*command(1, 'RECORD FILE greeting wav "#" 5000', 3)) == ["event Recording greeting"]
