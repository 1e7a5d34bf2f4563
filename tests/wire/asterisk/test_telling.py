"""What the next events make of an event: who muted, kicked and transferred, and sounds only CEL tells."""

from typing import Any

import pytest

from ringlog.model import EndedBy, Entry, Kind
from ringlog.wire.asterisk import Message, Translator
from tests.wire.asterisk.test_stream import (
    T0,
    Said,
    begin,
    entries,
    event,
    hangup,
    key,
    lines,
    run,
    step,
    varset,
)
from tests.wire.asterisk.transcripts import RECORDINGS, logs, messages, of_stream, translate


def leg(name: str, at: float, **fields: str) -> Message:
    """An event of the leg that call 1.1 dialled."""
    given = {"Channel": "PJSIP/agent-00000002", "Linkedid": "1.1", "Exten": "", **fields}
    return event(name, at, "1.2", **given)


def dialled(name: str, at: float, **fields: str) -> Message:
    to = {"DestChannel": "PJSIP/agent-00000002", "DestUniqueid": "1.2", "DestLinkedid": "1.1"}
    return event(name, at, "1.1", **to, **fields)


def talking() -> list[Message]:
    """A caller who talks to the agent since 3 s."""
    return [
        begin(),
        step(2, "Dial", "PJSIP/agent,10"),
        leg("Newchannel", 2.1),
        dialled("DialBegin", 2.1, DialString="agent"),
        dialled("DialEnd", 3, DialStatus="ANSWER"),
        leg("BridgeEnter", 3, BridgeUniqueid="b"),
        event("BridgeEnter", 3, BridgeUniqueid="b"),
    ]


def told(*items: Message) -> list[str]:
    """What is said after the agent has answered."""
    said = lines(run([*talking(), *items]))
    return said[said.index("Answered after 0.9 s") + 1 :]


def transfer(at: float, **fields: str) -> Message:
    sides = {"TransfererUniqueid": "1.1", "TransfereeUniqueid": "1.2", "Extension": "521"}
    return event("BlindTransfer", at, **{"Result": "Success", **sides, **fields})


def member(uid: str, admin: str = "No") -> list[Message]:
    joined = event("ConfbridgeJoin", 2, uid, Admin=admin, BridgeUniqueid="room", CallerIDNum=uid[-1] * 4)
    return [begin(uid=uid), step(1, "ConfBridge", "4711", uid=uid), joined]


def of_call(said: list[Said], session_id: str) -> list[str]:
    return lines(item for item in said if item.session_id == session_id)


@pytest.mark.parametrize(
    ("presses", "by"),
    [([3.99], "by key"), ([4.05], "by key"), ([], "by the operator"), ([3.5, 4.5], "by the operator")],
)
def test_who_pressed_a_key_at_that_moment_muted_himself(presses: list[float], by: str) -> None:
    muted = event("ConfbridgeMute", 4)
    items = sorted([muted, *(key(at, "1") for at in presses)], key=lambda item: item.get("Timestamp"))
    assert f"Muted {by}" in lines(run([*member("1.1"), *items, hangup(6)]))


@pytest.mark.parametrize(
    ("leaders", "by"), [(["1.3"], " by 2025550101"), ([], ""), (["1.3", "1.4"], ""), (["1.2"], "")]
)
def test_the_one_leader_who_pressed_a_key_at_that_moment_kicked(leaders: list[str], by: str) -> None:
    joins = [
        item
        for uid, admin in (("1.1", "No"), ("1.2", "No"), ("1.3", "Yes"), ("1.4", "Yes"))
        for item in member(uid, admin)
    ]
    kicked = [varset(4.01, "CONFBRIDGE_RESULT", "KICKED"), event("ConfbridgeLeave", 4.02)]
    said = run([*joins, *(key(4, "3", uid=uid) for uid in leaders), *kicked, hangup(5)])
    assert f"Kicked out of conference 4711{by}" in of_call(said, "1.1")
    assert ("Kicked 2025550101 out of conference 4711" in of_call(said, "1.3")) is bool(by)


def test_a_hold_right_after_a_key_begins_a_transfer_that_fails_unless_its_event_follows() -> None:
    keyed = [key(5, "*"), key(5.2, "2"), event("Hold", 5.201), event("Unhold", 9)]
    assert told(*keyed, hangup(12))[:4] == [
        "User input: *2 (dtmf)",
        "Put on hold by the caller, to transfer",
        "Taken off hold by the caller",
        "Transfer by the caller failed: it reached nobody",
    ]
    assert "Transfer by the caller failed: it reached nobody" in told(*keyed, hangup(9.01))
    assert not [line for line in told(*keyed, transfer(9.01), hangup(9.02)) if "failed" in line]


def test_a_hold_without_a_key_before_is_a_hold() -> None:
    said = told(key(5, "2"), event("Hold", 5.5), event("Unhold", 9), hangup(12))
    assert said[:3] == ["Put on hold by the caller", "User input: 2 (dtmf)", "Taken off hold by the caller"]


def test_back_from_somebody_who_was_asked_a_transfer_was_given_up() -> None:
    asked = event("Newchannel", 7, "1.3", Channel="Local/525@main-00000001;1", Linkedid="1.1")
    said = told(key(5, "2"), event("Hold", 5.1), asked, event("Unhold", 9), hangup(12))
    assert "Transfer by the caller given up" in said


@pytest.mark.parametrize(
    ("fields", "who", "by"),
    [
        ({"IsExternal": "No"}, "the caller", EndedBy.CALLER),
        ({"IsExternal": "Yes"}, "the operator", EndedBy.OPERATOR),
        ({}, "the caller", EndedBy.UNKNOWN),
    ],
)
def test_a_blind_transfer_says_who_was_sent_and_by_whom(fields: dict[str, str], who: str, by: str) -> None:
    said = run([*talking(), transfer(5, **fields), hangup(5.01), leg("BridgeLeave", 8)])
    assert f"PJSIP/agent transferred to 521 by {who}" in lines(said)
    (left,) = (entry for entry in entries(said) if entry.line == "Caller left")
    assert left.data["by"] == by


def test_a_phone_that_asks_for_a_transfer_leaves_a_variable() -> None:
    referred = leg("VarSet", 5, Variable="SIPTRANSFER", Value="yes")
    assert "PJSIP/agent transferred to 521 by the caller" in told(referred, transfer(5, IsExternal="Yes"))


def test_a_caller_who_talks_and_goes_elsewhere_was_redirected_unless_a_transfer_says_so() -> None:
    elsewhere = event("Newexten", 5, Application="Dial", AppData="PJSIP/agent,10", Exten="521")
    assert "Redirected to ivr,521,1 by the operator" in told(elsewhere, event("Newstate", 6))
    by_agent = transfer(5.001, TransfererUniqueid="1.2", TransfereeUniqueid="1.1", IsExternal="No")
    said = told(elsewhere, by_agent, event("Newstate", 6))
    assert said == ["Transferred to 521 by PJSIP/agent"]


def test_a_dial_that_sends_its_caller_elsewhere_before_they_talk_is_no_operator() -> None:
    elsewhere = event("Newexten", 5, Application="Dial", AppData="PJSIP/agent,10", Exten="521")
    assert "Sent to ivr,521,1" in lines(
        run([begin(), step(2, "Dial", "PJSIP/agent,10"), elsewhere, hangup(6)])
    )


def test_a_call_that_is_gone_while_a_line_is_in_doubt_still_ends() -> None:
    translator = Translator()
    said = run([*member("1.1"), event("ConfbridgeMute", 4)], translator)
    said += translator.connected() + translator.channels([], (T0 + 4) * 1_000_000 + 10_000)
    assert lines(said)[-3:] == [
        "Muted by the operator",
        "Log incomplete: the connection to the engine was lost",
        "Disconnecting call",
    ]


def sound(at: float, name: str, application: str, uid: str = "1.1") -> Message:
    fields = {"EventName": "STREAM_BEGIN", "UniqueID": uid, "Application": application}
    return event("CEL", at, uid, **fields, Extra=f'{{"sound":"{name}"}}')


def test_a_sound_that_no_step_names_is_a_prompt_and_one_that_a_step_names_is_told_once() -> None:
    said = run(
        [
            begin(),
            step(2, "VoiceMail", "100"),
            sound(2.1, "vm-intro", "VoiceMail"),
            sound(2.9, "bye", "Playback"),  # CEL comes before the step it belongs to
            step(3, "Playback", "bye", "2"),
            hangup(6),
        ]
    )
    assert [entry.line for entry in entries(said) if entry.kind is Kind.PROMPT] == ["vm-intro", "bye"]


def test_what_an_originate_with_an_application_plays_is_told_and_one_into_a_dialplan_once() -> None:
    born = event("Newchannel", 0, ChannelState="0")
    answered = [
        event("DialBegin", 1, DestUniqueid="1.1", DialString="agent", Uniqueid="", Channel=""),
        event("DialEnd", 2, DestUniqueid="1.1", DialStatus="ANSWER", Uniqueid="", Channel=""),
        sound(2.01, "hello", "Playback"),
    ]
    said = entries(run([born, *answered, hangup(4)]))
    assert [(e.line, e.data["module_type"]) for e in said if e.kind is Kind.PROMPT] == [("hello", "playback")]
    into = lines(run([born, *answered, step(2.02, "Playback", "hello"), hangup(4)]))
    assert into.count("hello") == 1


def test_digits_that_are_spoken_after_something_private_was_asked_are_masked() -> None:
    spoken = [sound(4, "digits/4", "Stasis"), sound(5, "digits/today", "Stasis")]
    stasis = step(3, "Stasis", "app", "2")
    asked = [begin(), step(1, "Read", "PIN,enter"), varset(2, "PIN", "4821"), varset(2, "READSTATUS", "OK")]
    said = entries(run([*asked, stasis, *spoken, hangup(9)]))
    assert [e.line for e in said if e.data["module_type"] == "stasis" and e.kind is Kind.PROMPT] == [
        "••••",
        "digits/today",
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("1795424527,UTC,ABdY", "2026-11-23 09:02:07 UTC (date and time)"),
        (",Europe/Vienna,R", "now (date and time)"),
        ("99999999999", "5138-11-16 09:46:39 UTC (date and time)"),
        ("tomorrow", "tomorrow (date and time)"),
    ],
)
def test_a_time_that_is_read_out_is_written_as_people_write_it(data: str, said: str) -> None:
    assert said in lines(run([begin(), step(1, "SayUnixTime", data), hangup(6)]))


def test_early_media_of_a_leg_and_the_key_that_ended_a_recording_are_told() -> None:
    early = dialled("DialState", 2.2, DialStatus="PROGRESS")
    assert "Early media" in lines(run([*talking()[:4], early]))
    recording = [begin(), step(1, "Record", "x.wav"), key(5, "#", "0"), varset(5.01, "RECORD_STATUS", "DTMF")]
    assert lines(run([*recording, step(5.02, "NoOp", "", "2"), hangup(6)]))[2:4] == [
        "User input: # (dtmf)",
        "Recording ended by key",
    ]


def test_a_key_without_length_to_which_voice_mail_answers_was_pressed() -> None:
    mail = [begin(), step(1, "VoiceMail", "100"), sound(2, "beep", "VoiceMail"), key(9, "#", "0")]
    answered = run([*mail, sound(9.002, "auth-thankyou", "VoiceMail"), hangup(12)])
    assert lines(answered)[3:5] == ["User input: # (dtmf)", "auth-thankyou"]
    assert "User input: # (dtmf)" not in lines(run([*mail, sound(9.2, "beep", "VoiceMail"), hangup(12)]))


def test_voice_mail_says_what_became_of_the_login_and_of_messages() -> None:
    told = ["vm-incorrect", "/spool/voicemail/default/100/INBOX/msg0001", "vm-deleted", "vm-goodbye"]
    played = [sound(2 + n, name, "VoiceMailMain") for n, name in enumerate(told)]
    said = run(
        [begin(), step(1, "VoiceMailMain", "100"), *played, sound(9, "vm-deleted", "Stasis"), hangup(12)]
    )
    assert [entry.line for entry in entries(said) if entry.kind is Kind.PROMPT] == [
        "vm-incorrect (log-in refused)",
        "/spool/voicemail/default/100/INBOX/msg0001 (message 2)",
        "vm-deleted (message deleted)",
        "vm-goodbye",
        "vm-deleted",
    ]


def test_what_a_mailbox_holds_is_told_where_voice_mail_was_at_work() -> None:
    waiting = event("MessageWaiting", 9, Mailbox="100@default", Waiting="1", New="1", Old="2")
    told = "Mailbox 100@default: 1 new, 2 old"
    assert told in lines(run([begin(), step(1, "VoiceMail", "100"), waiting, hangup(12)]))
    assert told not in lines(run([begin(), step(1, "Playback", "hello"), waiting, hangup(12)]))
    nobody = event("MessageWaiting", 9, Mailbox="100@default", New="1", Old="2", Uniqueid="", Channel="")
    assert run([nobody]) == []


def test_a_mailbox_that_was_typed_is_masked_where_it_is_named() -> None:
    typed = [key(2 + n / 10, digit) for n, digit in enumerate("7312#")]
    waiting = event("MessageWaiting", 9, Mailbox="7312@default", New="0", Old="0")
    said = lines(run([begin(), step(1, "VoiceMailMain"), *typed, waiting, hangup(12)]))
    assert "Mailbox ••••@default: 0 new, 0 old" in said


def halves(*items: Message) -> list[Entry]:
    """An Originate of a Local channel: `1.1` is the caller's side, `1.2` runs the dialplan."""
    name = "Local/670@main-00000001;"
    near = event("Newchannel", 0, ChannelState="0", Channel=name + "1")
    far = event("Newchannel", 0.1, "1.2", Channel=name + "2", Linkedid="1.1")
    dialling = event("DialBegin", 0.2, DestUniqueid="1.1", DialString="670@main", Uniqueid="", Channel="")
    dialling = Message([*dialling.pairs, ("DestChannel", name + "1")])
    return entries(run([near, far, dialling, *items]))


def of_far_half(name: str, at: float, **fields: str) -> Message:
    return event(name, at, "1.2", Linkedid="1.1", Channel="Local/670@main-00000001;2", **fields)


def test_the_two_halves_of_a_local_channel_are_told_apart() -> None:
    read = of_far_half("Newexten", 1, Application="Read", AppData="KEY,hello,1")
    said = halves(
        read, sound(1.1, "vm-goodbye", "Directory"), hangup(3), of_far_half("Hangup", 3.1, Cause="16")
    )
    by_line = {entry.line: entry.data.get("leg") for entry in said}
    assert by_line["hello"] == "Local/670@main"
    assert by_line["vm-goodbye"] is None


@pytest.mark.parametrize(
    ("application", "asked", "told"),
    [("Read", True, True), ("Read", False, False), ("Dial", True, False)],
)
def test_a_half_that_its_other_half_hangs_up_was_cut_short(application: str, asked: bool, told: bool) -> None:
    step_ = of_far_half("Newexten", 1, Application=application, AppData="KEY,hello,1")
    asks = [of_far_half("HangupRequest", 3)] if asked else []
    said = halves(step_, *asks, hangup(3.1), of_far_half("Hangup", 3.2, Cause="16"))
    cut = [entry for entry in said if entry.line == f"{application} cut short: the caller's side had ended"]
    assert bool(cut) is told
    assert not [entry for entry in cut if entry.data.get("state") != "ended"]


def ring_all(destinations: str, status: str) -> list[Entry]:
    ended = dialled("DialEnd", 2.2, DialStatus="BUSY")
    items = [
        begin(),
        step(2, "Dial", destinations),
        leg("Newchannel", 2.1),
        dialled("DialBegin", 2.1, DialString="agent"),
    ]
    return entries(run([*items, ended, varset(6, "DIALSTATUS", status), hangup(7)]))


@pytest.mark.parametrize(
    ("destinations", "status", "told"),
    [
        ("PJSIP/agent&PJSIP/other,4", "NOANSWER", True),
        ("PJSIP/agent&PJSIP/other,4", "CANCEL", False),
        ("PJSIP/agent&PJSIP/other,4", "ANSWER", False),
        ("PJSIP/agent,4", "BUSY", False),
    ],
)
def test_of_several_of_whom_nobody_answered_that_is_the_first_error(
    destinations: str, status: str, told: bool
) -> None:
    errors = [entry.line for entry in ring_all(destinations, status) if entry.kind is Kind.ERROR]
    assert (errors[:1] == ["Nobody answered within 4.0 s"]) is told


def test_a_call_that_goes_on_without_a_caller_who_transferred_ended_by_transfer() -> None:
    later = [leg("BridgeLeave", 5.01), leg("Newexten", 6, Application="Playback", AppData="bye")]
    gone = [hangup(5.01), *later, leg("Hangup", 9, Cause="16")]
    (ended,) = (e for e in entries(run([*talking(), transfer(5), *gone])) if e.line == "Disconnecting call")
    assert ended.data["by"] == EndedBy.TRANSFER
    asked = event("HangupRequest", 5)
    (ended,) = (e for e in entries(run([*talking(), asked, *gone])) if e.line == "Disconnecting call")
    assert ended.data["by"] != EndedBy.TRANSFER


def test_the_log_of_a_channel_that_joined_another_call_says_that_it_ended_so() -> None:
    moved = event("BridgeEnter", 5, Linkedid="2.2", BridgeUniqueid="b")
    said = run([begin(), begin(uid="2.2"), moved])
    (joined,) = (e for e in entries(said) if e.session_id == "1.1" and e.line == "Joined call 2.2")
    assert joined.data["by"] == EndedBy.JOINING


def test_without_cel_the_logs_of_the_second_recording_lack_only_sounds() -> None:
    items = list(messages((RECORDINGS / "asterisk-2/ami.txt").read_bytes()))
    bare = (item for item in items if not (isinstance(item, Message) and item.name == "CEL"))
    without = logs(translate(bare, Translator(private=("PIN", "CARD", "HASH"))))
    for session_id, said in of_stream("asterisk-2").items():
        assert _but_sounds_and_keys(without[session_id]) == _but_sounds_and_keys(said)


def _but_sounds_and_keys(said: list[Said]) -> list[Any]:
    """Keys may be one input without the sounds that stand between them."""
    return [
        (item.line, item.time_us) if isinstance(item, Entry) else item
        for item in said
        if not isinstance(item, Entry)
        or not (item.kind is Kind.PROMPT or item.line.startswith(("User input", "Keys not used")))
    ]


@pytest.mark.parametrize("run_by", ["Exec", "TryExec", "ExecIf"])
def test_what_an_application_runs_is_told_as_itself(run_by: str) -> None:
    mark = "1?" if run_by == "ExecIf" else ""
    prompt = step(1, run_by, f"{mark}Playback(hello)")
    assert "hello" in lines(run([begin(), prompt, varset(1.01, "PLAYBACKSTATUS", "SUCCESS"), hangup(6)]))
    missing = varset(1.01, "PLAYBACKSTATUS", "FAILED")
    assert "Missing prompt: hello" in lines(run([begin(), prompt, missing, hangup(6)]))
    dial = step(2, run_by, f"{mark}Dial(PJSIP/agent,10)")
    said = entries(run([talking()[0], dial, *talking()[2:], hangup(9)]))
    told_ = [(e.line, e.data["module_type"]) for e in said if e.line.startswith(("Dialling", "Answered"))]
    assert told_ == [("Dialling PJSIP/agent, up to 10 s", "dial"), ("Answered after 0.9 s", "dial")]


def test_who_is_dialled_by_an_application_that_is_not_known_is_told_under_its_name() -> None:
    follows = step(2, "FollowMe", "agent")
    said = entries(run([talking()[0], follows, *talking()[2:], hangup(9)]))
    assert [e.data["module_type"] for e in said if e.line == "Dialling PJSIP/agent"] == ["followme"]


@pytest.mark.parametrize(("length", "by"), [("0", "the operator"), ("200", "the caller")])
def test_a_transfer_by_keys_that_the_engine_sent_is_the_operators(length: str, by: str) -> None:
    keyed = [key(5, "*", length), key(5.2, "2", length), event("Hold", 5.3), event("Unhold", 9)]
    said = told(*keyed, hangup(12))
    assert f"Put on hold by {by}, to transfer" in said
    assert f"Transfer by {by} failed: it reached nobody" in said
    third = [event("AttendedTransfer", 9, OrigTransfererUniqueid="1.1", Result="Success")]
    assert f"Attended transfer by {by}: the others are connected" in told(*keyed[:3], *third, hangup(12))


@pytest.mark.parametrize(
    "ends",
    [
        [event("HangupRequest", 9), event("Unhold", 9.001), event("BridgeLeave", 9.002), hangup(9.01)],
        [event("Unhold", 9.001), event("BridgeLeave", 9.002), hangup(9.01)],
        [event("Unhold", 9.001), event("BridgeLeave", 9.002), transfer(9.003), hangup(9.01)],
    ],
)
def test_a_hold_that_ends_with_the_talk_was_not_taken_off(ends: list[Message]) -> None:
    said = told(event("Hold", 5), *ends)
    assert "Put on hold by the caller" in said
    assert not [line for line in said if "Taken off" in line]


def test_what_a_leg_asks_for_stands_where_it_was_dialled() -> None:
    moved = transfer(5, TransfererUniqueid="1.2", TransfereeUniqueid="1.1", IsExternal="No")
    said = entries(run([*talking(), leg("Newstate", 4, ChannelState="6"), moved, hangup(9)]))
    (line,) = (entry for entry in said if entry.line.startswith("Transferred"))
    assert line.data["result_variable"] == "ivr,100,1"


@pytest.mark.parametrize("status", ["JOINEMPTY", "JOINUNAVAIL", "FULL"])
def test_a_queue_that_lets_nobody_in_is_not_waited_in(status: str) -> None:
    queue = [begin(), step(1, "Queue", "support,,,,30")]
    refused = lines(run([*queue, varset(1.0005, "QUEUESTATUS", status), hangup(2)]))
    assert not [line for line in refused if line.startswith("Waiting")]
    waiting = "Waiting in queue support, up to 30 s"
    joins = event("QueueCallerJoin", 1.001, Queue="support", Position="1")
    assert lines(run([*queue, joins, hangup(9)]))[1:3] == [waiting, "Number 1 in queue support"]
    assert lines(run([*queue, varset(9, "QUEUESTATUS", "TIMEOUT"), hangup(9)]))[1] == waiting
    assert lines(run([*queue, hangup(1.01)]))[1] == waiting


def test_what_runs_on_a_dialled_channel_stands_behind_its_answer() -> None:
    up = [leg("Newchannel", 2.1, ChannelState="0"), dialled("DialBegin", 2.1, DialString="agent")]
    up.append(leg("Newstate", 2.9, ChannelState="6"))
    plays = leg("Newexten", 2.91, Application="Playback", AppData="beep", Context="screen", Exten="s")
    dial = [begin(), step(2, "Dial", "PJSIP/agent,10,U(screen)")]
    said = lines(run([*dial, *up, plays, dialled("DialEnd", 3.4, DialStatus="ANSWER"), hangup(9)]))
    assert said[2:4] == ["Answered after 0.8 s", "beep"]
    sounds = leg("CEL", 2.91, EventName="STREAM_BEGIN", UniqueID="1.2", Extra='{"sound":"beep"}')
    assert lines(run([*dial, *up, sounds, hangup(9)]))[2:4] == ["Answered after 0.8 s", "beep"]
    queue = [begin(), step(2, "Queue", "support")]
    assert not [line for line in lines(run([*queue, *up, plays, hangup(9)])) if "Answered" in line]


def test_a_key_stands_before_what_it_did() -> None:
    muted = run([*member("1.1"), event("ConfbridgeMute", 4), key(4.0001, "1"), hangup(9)])
    assert lines(muted)[3:5] == ["User input: 1 (dtmf)", "Muted by key"]
    asked = event("Newchannel", 7, "1.3", Channel="Local/525@main-00000001;1", Linkedid="1.1")
    transferer = step(0, "Wait").get("Channel")
    named = event("VarSet", 7, "1.3", Linkedid="1.1", Variable="ATTENDEDTRANSFER", Value=transferer)
    dials = event("Newexten", 7, "1.3", Linkedid="1.1", Application="Dial", AppData="PJSIP/agent2")
    typed = [key(5, "2"), event("Hold", 5.1), key(6, "5"), key(6.3, "2")]
    said = told(*typed, asked, named, dials, hangup(12))
    assert said.index("User input: 52 (dtmf)") < said.index("Dialling PJSIP/agent2")


def app_set(at: float, **values: str) -> list[Message]:
    names = {"name": "CALL_APP", "version": "CALL_APP_VERSION"}
    return [varset(at + n / 1000, names[key_], value) for n, (key_, value) in enumerate(values.items())]


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ({"name": "transfer"}, 'Executing application "transfer"'),
        ({"name": "transfer", "version": "1.1"}, 'Executing application "transfer" version "1.1"'),
        ({"version": "1.1", "name": "transfer"}, 'Executing application "transfer" version "1.1"'),
        ({"name": "transfer", "version": "0.2"}, 'Executing application "transfer" version "0.2"'),
        ({"version": "0.2", "name": "transfer"}, 'Executing application "transfer" version "0.2"'),
    ],
)
def test_a_version_that_was_another_applications_is_not_told(then: dict[str, str], said: str) -> None:
    first = [begin(), *app_set(0.1, name="email", version="0.2"), step(1, "Playback", "hello")]
    again = [*app_set(2, **then), step(3, "Playback", "bye", "2"), hangup(6)]
    assert [line for line in lines(run([*first, *again])) if line.startswith("Executing")] == [
        'Executing application "email" version "0.2"',
        said,
    ]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ([("EXT", "42"), ("READEXTENSTATUS", "OK")], "User input: 42 (dtmf)"),
        ([("EXT", "i"), ("INVALID_EXTEN", "42"), ("READEXTENSTATUS", "INVALID")], "User input: 42 (dtmf)"),
        ([("EXT", "t"), ("READEXTENSTATUS", "TIMEOUT")], "No input within 3 s"),
    ],
)
def test_readexten_says_what_it_received(variables: list[tuple[str, str]], said: str) -> None:
    typed = [key(2, "4"), key(2.2, "2")] if "42" in said else []
    reads = [begin(), step(1, "ReadExten", "EXT,hello,sec,,3"), *typed]
    heard = entries(
        run([*reads, *(varset(5, *pair) for pair in variables), step(5.1, "NoOp", "", "2"), hangup(6)])
    )
    assert said in [entry.line for entry in heard]
    assert not [entry.line for entry in heard if "Keys" in entry.line]
