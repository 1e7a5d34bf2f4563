"""What callers enter in confidence, wherever else the engine repeats it; one test a way out it could take."""

from collections.abc import Iterable

import pytest

from ringlog.model import CallRow, Entry
from ringlog.wire.asterisk import Message, Translator
from tests.wire.asterisk.test_stream import Said, begin, event, hangup, key, run, step, varset

PIN = "4821"


def keys(digits: str, first: float = 1, apart: float = 0.3) -> list[Message]:
    return [key(first + number * apart, digit) for number, digit in enumerate(digits)]


def agi(at: float, command: str) -> list[Message]:
    done = event("AGIExecEnd", at + 0.01, Command=command, ResultCode="200", Result="Success")
    return [event("AGIExecStart", at, Command=command), done]


def told(said: Iterable[Said]) -> list[str]:
    """All that is said, but for times and the session id."""
    entries = [f"{item.line} {dict(item.data)}" for item in said if isinstance(item, Entry)]
    rows = [item for item in said if isinstance(item, CallRow)]
    return entries + [f"{row.application} {row.version}" for row in rows]


def leaks(said: Iterable[Said], secret: str = PIN) -> list[str]:
    return [text for text in told(said) if secret in text]


def call(*steps: Message, ends: float = 60) -> list[Said]:
    return run([begin(), *steps, hangup(ends)], Translator(private=["PIN", "CARD"]))


REPEATS = step(9, "Verbose", f"1,the PIN is {PIN}", "9")


@pytest.mark.parametrize(
    "steps",
    [
        [step(0.5, "Set", f"PIN={PIN}")],
        [step(0.5, "Set", f"__pin={PIN}")],
        [step(0.5, "Set", f"LOCAL(PIN)={PIN}")],
        [step(0.5, "Set", f"ARRAY(NAME,PIN)=anna,{PIN}")],
        [step(0.5, "MSet", f"NAME=anna,PIN={PIN}")],
        [step(0.5, "Exec", f"Set(PIN={PIN})")],
        [step(0.5, "Exec", f"TryExec(Set(PIN={PIN}))")],
        [step(0.5, "ExecIf", f"1?Set(PIN={PIN}):NoOp()")],
        [step(0.5, "ExecIf", f"0?NoOp(a:b):MSet(NAME=anna,PIN={PIN})")],
        [step(0.5, "ExecIf", f"1,Set,PIN={PIN}")],
        [step(0.5, "ExecIfTime", f"9:00-17:00,mon-fri,*,*?Set(PIN={PIN})")],
        [step(0.5, "Authenticate", f"{PIN},,4")],
        [step(0.5, "ExecIf", f"1?Authenticate({PIN})")],
        [step(0.5, "DISA", f"{PIN},internal")],
        [step(0.5, "MeetMe", f"77,,{PIN}")],
        [step(0.5, "AGI", "x.py"), *agi(0.6, f"EXEC ExecIf 0?Authenticate({PIN}):NoOp()")],
        [step(0.5, "AGI", "x.py"), *agi(0.6, f'SET VARIABLE PIN "{PIN}"')],
        [step(0.5, "AGI", "x.py"), *agi(0.6, f"EXEC Set PIN={PIN}")],
        [step(0.5, "AGI", "x.py"), *agi(0.6, f"EXEC Authenticate {PIN}")],
        [varset(0.5, "PIN", PIN)],
    ],
    ids=lambda steps: steps[-1].get("AppData") or steps[-1].get("Command") or "VarSet",
)
def test_a_value_is_masked_where_it_is_set_and_ever_after(steps: list[Message]) -> None:
    said = call(*steps, REPEATS)
    assert leaks(said) == []
    assert "the PIN is ••••" in " ".join(told(said))


@pytest.mark.parametrize(
    "steps",
    [
        [step(0.5, "Read", "PIN,beep,4"), *keys(PIN), varset(3, "PIN", PIN), varset(3, "READSTATUS", "OK")],
        [
            step(0.5, "ReadExten", "PIN,beep"),
            *keys(PIN),
            varset(3, "PIN", "i"),
            varset(3, "INVALID_EXTEN", PIN),
        ],
        [step(0.5, "Authenticate", ",,4"), *keys(PIN + "#")],
        [step(0.5, "ExecIf", "1?Authenticate(/pins,,4)"), *keys(PIN + "#")],
        [step(0.5, "TryExec", "ExecIf(?NoOp():Authenticate(/pins,,4))"), *keys(PIN + "#")],
        [step(0.5, "ExecIf", "1?VoiceMailMain(100@default)"), *keys(PIN + "#")],
        [step(0.5, "ExecIf", "1?ConfBridge(77,,,)"), *keys(PIN + "#")],
        [step(0.5, "VMAuthenticate", "100@default"), *keys(PIN + "#")],
        [step(0.5, "VoiceMailMain", "100"), *keys("1#", 1), *keys(PIN + "#", 2)],
        [step(0.5, "ConfBridge", "4711"), *keys(PIN + "#"), event("ConfbridgeJoin", 4)],
        [step(0.5, "AGI", "x.py"), *agi(0.6, "EXEC Read PIN,beep,4")[:1], *keys(PIN)],
    ],
    ids=[
        "Read",
        "ReadExten",
        "Authenticate",
        "in ExecIf",
        "deeper",
        "a mailbox in ExecIf",
        "a conference in ExecIf",
        "VMAuthenticate",
        "VoiceMailMain",
        "ConfBridge",
        "Read run by a script",
    ],
)
@pytest.mark.parametrize("slow", [False, True], ids=["quickly", "slowly"])
def test_what_is_typed_in_confidence_is_masked_and_ever_after(steps: list[Message], slow: bool) -> None:
    """Typed slowly, with more than two seconds between, the keys are several inputs."""
    if slow:
        steps = [_slower(message) for message in steps]
    said = call(*steps, _slower(REPEATS), ends=90)
    assert leaks(said) == []
    shown = [text for text in told(said) if text.startswith(("User input", "Keys"))]
    assert shown
    assert not [text for text in shown if any(digit in text.partition(" {")[0] for digit in PIN)]
    if steps[0].get("Application") != "AGI":
        assert "the PIN is ••••" in " ".join(told(said))


@pytest.mark.parametrize(
    "steps",
    [
        [step(0.5, "DISA", "/etc/codes,internal")],
        [step(0.5, "ExecIfTime", "9:00-17:00,mon-fri,*,*?Authenticate(/pins)")],
        [step(0.5, "OurOwnPinCheck", "100")],
        [step(0.5, "ExecIf", "1?OurOwnPinCheck(100)")],
        [step(0.5, "Exec", "OurOwnPinCheck(100)")],
        [step(0.5, "AGI", "x.py"), *agi(0.6, "EXEC OurOwnPinCheck 100")[:1]],
        [step(0.5, "AGI", "x.py"), *agi(0.6, "EXEC ConfBridge 77")[:1]],
        [step(0.5, "AGI", "x.py"), *agi(0.6, "EXEC ExecIf 1?VMAuthenticate(100)")[:1]],
    ],
    ids=lambda steps: steps[-1].get("Command") or steps[-1].get("Application"),
)
@pytest.mark.parametrize("apart", [0.3, 3])
def test_keys_for_an_application_that_may_ask_for_a_secret_are_masked_and_never_called_unused(
    steps: list[Message], apart: float
) -> None:
    said = call(*steps, *keys(PIN, 1, apart))
    shown = [text.partition(" {")[0] for text in told(said) if text.startswith(("User input", "Keys"))]
    assert set(shown) <= {"User input: ••••", "Keys: ••••", "Keys not used: ••••"}
    assert shown


def test_what_a_manager_has_somebody_called_for_may_ask_for_a_secret() -> None:
    """An Originate with an application: no Newexten names it."""
    called = [
        event("Newchannel", 0, ChannelState="0"),
        event("DialBegin", 0.1, DestUniqueid="1.1", DialString="agent", Uniqueid="", Channel=""),
        event("DialEnd", 0.2, DestUniqueid="1.1", DialStatus="ANSWER", Uniqueid="", Channel=""),
    ]
    assert "Keys: ••••" in " ".join(told(run([*called, *keys(PIN), hangup(9)])))


def test_an_application_that_only_cel_names_asks_for_a_secret() -> None:
    """A feature of features.conf runs it in the middle of a talk."""
    asked = {"EventName": "STREAM_BEGIN", "UniqueID": "1.1", "Extra": '{"sound":"agent-pass"}'}
    talk = [step(0.5, "Dial", "PJSIP/agent"), event("BridgeEnter", 0.6, BridgeUniqueid="b")]
    assert leaks(call(*talk, event("CEL", 0.7, Application="Authenticate", **asked), *keys(PIN))) == []


@pytest.mark.parametrize("asks", ["Read", "ConfBridge", "Authenticate", "ExecIf", "DISA", "MeetMe"])
def test_what_is_typed_just_before_a_secret_is_asked_is_taken_for_it(asks: str) -> None:
    data = {"Read": "PIN,beep,4", "ExecIf": "1?Read(PIN,beep,4)"}.get(asks, "/pins")
    said = call(step(0.5, "Playback", "hello"), *keys(PIN), step(3, asks, data, "2"))
    assert "Keys not used: ••••" in " ".join(told(said))
    assert leaks(said) == []
    assert leaks(call(step(0.5, "Playback", "hello"), *keys(PIN), step(3, "Read", "N,beep,4", "2")))


def _slower(message: Message) -> Message:
    """As if everything took nine times as long."""
    whole = float(message.get("Timestamp"))
    start = float(begin().get("Timestamp"))
    stamp = f"{start + (whole - start) * 9:.6f}"
    return Message([(k, stamp if k == "Timestamp" else v) for k, v in message.pairs])


def test_keys_pressed_before_a_conference_refused_stay_private_in_the_step_after_it() -> None:
    said = call(
        step(0.5, "ConfBridge", "4711"), *keys(PIN), step(2.2, "VoiceMail", "100", "2"), *keys("55", 9)
    )
    assert leaks(said) == []
    assert "User input: 55 (dtmf)" in " ".join(told(said))


def test_keys_that_come_late_in_a_talk_are_private_where_a_secret_was_asked() -> None:
    asked = [step(0.5, "Read", "PIN,beep,4,,1,1"), varset(0.9, "READSTATUS", "TIMEOUT")]
    talk = [step(0.95, "Dial", "PJSIP/agent"), event("BridgeEnter", 0.96, BridgeUniqueid="b")]
    assert leaks(call(*asked, *talk, *keys(PIN))) == []
    assert leaks(call(*talk, *keys(PIN)))


@pytest.mark.parametrize(
    ("on", "off"),
    [
        ([step(0.5, "Set", "RINGLOG_PRIVATE=1")], [step(8, "Set", "RINGLOG_PRIVATE=0", "3")]),
        ([step(0.5, "Set", "__RINGLOG_PRIVATE=1")], [step(8, "Set", "__RINGLOG_PRIVATE=0", "3")]),
        ([varset(0.5, "RINGLOG_PRIVATE", "1")], [varset(8, "RINGLOG_PRIVATE", "")]),
    ],
    ids=["set by the dialplan", "inherited", "set by the script or over ARI"],
)
def test_digits_read_one_by_one_are_private_while_it_is_said(on: list[Message], off: list[Message]) -> None:
    script: list[Message] = [step(0.6, "AGI", "pin.py", "2")]
    for number, digit in enumerate(PIN):
        script += [*agi(1 + number, "WAIT FOR DIGIT 5000")[:1], key(1.5 + number, digit)]
        script += agi(1.6 + number, f'SAY DIGITS {digit} ""')
        script += agi(1.7 + number, f'VERBOSE "so far {PIN[: number + 1]}" 1')
    said = call(*on, *script, *agi(6, f'SET VARIABLE X "pin {PIN}"'), *off, REPEATS)
    assert leaks(said) == []
    heard = told(said)
    assert len([text for text in heard if "User input: ••••" in text]) == 4
    assert not [text for text in heard if "so far 4" in text or text.startswith(("4 (", "8 (", "2 (", "1 ("))]
    assert len([text for text in heard if "WAIT FOR DIGIT 5000" in text]) == 4
    assert leaks(call(*script, REPEATS))


def test_a_secret_goes_with_the_channel_into_another_call() -> None:
    """He typed his PIN, then fetched a parked call: from then on his steps are in the other's log."""
    parked = event("Newchannel", 0.1, "2.2", CallerIDNum="2025550102")
    moved = event("Newexten", 5, Linkedid="2.2", Application="Verbose", AppData=f"1,the PIN is {PIN}")
    said = run([begin(), parked, varset(1, "PIN", PIN), moved, hangup(9), hangup(10, "2.2")])
    assert "the PIN is ••••" in " ".join(told(item for item in said if item.session_id == "2.2"))
    assert leaks(said) == []


@pytest.mark.parametrize("variable", ["CALL_APP", "CALL_APP_VERSION"])
def test_a_secret_does_not_leave_by_the_call_list(variable: str) -> None:
    said = call(varset(0.1, "PIN", PIN), varset(0.2, "CALL_APP", "bank"), varset(0.3, variable, f"v{PIN}"))
    said += call(varset(0.1, "PIN", PIN), varset(0.2, "CALL_APP", "bank"), varset(0.3, variable, PIN))
    assert not [text for text in leaks(said) if f"v{PIN}" not in text]


def test_a_secret_may_be_the_name_of_a_header() -> None:
    said = call(varset(0.1, "PIN", PIN), event("UserEvent", 2, **{"UserEvent": "Typed", PIN: f"yes, {PIN}"}))
    assert leaks(said) == []
    assert "'••••': 'yes, ••••'" in " ".join(told(said))


def test_inside_a_longer_number_nothing_is_masked() -> None:
    said = call(varset(0.1, "PIN", PIN), step(1, "Verbose", f"1,order 1{PIN} of 20{PIN}0"))
    assert f"order 1{PIN} of 20{PIN}0" in " ".join(told(said))
