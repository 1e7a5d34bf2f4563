"""Which steps a call's entries make, and where its caller left."""

from typing import Any

import pytest

from ringlog.model import Entry, Kind, entry_text, mask
from ringlog.store.sqlite.day.decoded import decoded
from ringlog.walk import MAX_NAME, named, steps_of
from tests.wire.asterisk.transcripts import STREAMS, of_stream

INTRO = ("playback", "ivr,100,7")
MENU = ("read", "CHOICE")


def said(module: str, variable: str, line: str = "x", kind: str = "event", **data: Any) -> bytes:
    data = {**data, "module_type": module, "result_variable": variable}
    return entry_text(Kind(kind), line, data, 0)


def over(**data: Any) -> bytes:
    return said("exit", "hangup", "Disconnecting call", **data)


def walk(*entries: bytes) -> tuple[list[str], bool]:
    """Steps as `module name`, and whether the caller hung up in the last."""
    steps, left = steps_of(decoded(b",".join(entries)))
    return [" ".join(named(step)) for step in steps], left


TABLE: dict[str, tuple[list[bytes], list[str], bool]] = {
    "nothing": ([], [], False),
    "the caller": (
        [said(*INTRO), said(*MENU), over(by="caller")],
        ["playback ivr,100,7", "read CHOICE"],
        True,
    ),
    "cancelled": ([said("start", "start"), over(by="cancelled before answer")], ["start start"], True),
    "the application": ([said(*INTRO), over(by="application")], ["playback ivr,100,7"], False),
    "nobody says who": ([said(*INTRO), over()], ["playback ivr,100,7"], False),
    "odd values of by": ([said(*INTRO), over(by=["caller"])], ["playback ivr,100,7"], False),
    "the caller had no step": ([over(by="caller")], [], False),
    "the call goes on without him": (
        [said(*INTRO), over(by="caller"), said(*MENU), over(by="far end")],
        ["playback ivr,100,7"],
        True,
    ),
    "who hung up is said later": (
        [said(*INTRO), over(), said(*MENU), over(by="caller")],
        ["playback ivr,100,7"],
        True,
    ),
    "debug is no step": ([said("set", "X", kind="debug"), said(*MENU)], ["read CHOICE"], False),
    "a loop": ([said(*INTRO), said(*MENU), said(*MENU), said(*INTRO)],
               ["playback ivr,100,7", "read CHOICE", "playback ivr,100,7"], False),
    "a prompt's id": (
        [said("number", "v_3", "Six?", "prompt", prompt_id="845"), said("number", "v_3", "User input: 6"),
         said("number", "v_4")],
        ["number 845", "number v_4"],
        False,
    ),
    "several prompts in one module": (
        [said("menu", "v", kind="prompt", prompt_id=1), said("menu", "v", kind="prompt", prompt_id=2)],
        ["menu 1", "menu 2"],
        False,
    ),
    "ids that are none": (
        [said("menu", "v", prompt_id=given) for given in ("", True, [1], {"a": 1}, 1.5)], ["menu v"], False
    ),
    "what the caller entered stands in no place": (
        [said(*MENU, "User input: 4321 (dtmf)"), said("dial", "local,4321,1"), said("dial", "local,43210,1")],
        ["read CHOICE", "dial local,…,1", "dial local,43210,1"],
        False,
    ),
    "also not in a place before": (
        [said("dial", "local,4321,1"), said("background", "local,4321,1", "User input: 4321 (dtmf)")],
        ["dial local,…,1", "background local,…,1"],
        False,
    ),
    "a key is a choice": (
        [said(*MENU, "User input: 1 (dtmf)"), said("playback", "menu,1,1")],
        ["read CHOICE", "playback menu,1,1"],
        False,
    ),
    "names that are hard to carry": (
        [said("a\tb", "c\n\x1bd" + "e" * 200)], ["a b c d" + "e" * (MAX_NAME - 4)], False
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_the_table(name: str) -> None:
    entries, steps, left = TABLE[name]
    assert walk(*entries) == (steps, left)


def test_a_private_entry_gives_its_step_and_nothing_else() -> None:
    line, data = mask("User input: 4321", {"module_type": "read", "result_variable": "PIN", "prompt_id": "9"})
    assert walk(entry_text(Kind.EVENT, line, data, 0)) == (["read PIN"], False)


@pytest.mark.parametrize("stream", STREAMS)
def test_no_step_of_a_recorded_call_holds_what_its_caller_entered(stream: str) -> None:
    for recorded in of_stream(stream).values():
        entries = [item for item in recorded if isinstance(item, Entry)]
        steps, _ = walk(*(stored(entry) for entry in entries))
        typed = {entry.line.split()[2] for entry in entries if entry.line.startswith("User input: ")}
        parts = {part for step in steps for part in step.replace(",", " ").split()}
        assert not {one for one in typed if len(one) > 2} & parts


def stored(entry: Entry) -> bytes:
    line, data = mask(entry.line, entry.data) if entry.private else (entry.line, entry.data)
    return entry_text(entry.kind, line, data, 0)


def test_a_recorded_call_step_by_step() -> None:
    """Call 5 of the first recording: its caller hangs up in the menu."""
    entries = [item for item in of_stream("asterisk")["1795424560.4"] if isinstance(item, Entry)]
    assert walk(*map(stored, entries)) == (
        ["start start", "userevent ivr,100,6", "playback ivr,100,7", "read CHOICE"],
        True,
    )
