"""Each point of what is odd about the stream itself, one test a point."""

from collections.abc import Iterable

import pytest

from ringlog.model import CallRow, CallType, Entry, Kind
from ringlog.wire.asterisk import Banner, Message, Splitter, Translator

T0 = 1_795_424_527
CHANNEL = "PJSIP/trunk-00000001"
Said = Entry | CallRow


def event(name: str, at: float, uid: str = "1.1", /, **fields: str) -> Message:
    given = {
        "Event": name,
        "Timestamp": f"{T0 + at:.6f}",
        "Channel": CHANNEL + uid,
        "ChannelState": "6",
        "CallerIDNum": "2025550101",
        "Context": "ivr",
        "Exten": "100",
        "Priority": "1",
        "Uniqueid": uid,
        "Linkedid": uid,
    }
    return Message([(key.replace("_", "-"), value) for key, value in (given | fields).items()])


def step(at: float, application: str, data: str = "", priority: str = "1", uid: str = "1.1") -> Message:
    return event("Newexten", at, uid, Application=application, AppData=data, Priority=priority)


def varset(at: float, name: str, value: str, uid: str = "1.1") -> Message:
    return event("VarSet", at, uid, Variable=name, Value=value)


def key(at: float, digit: str, duration: str = "200", uid: str = "1.1") -> Message:
    return event("DTMFEnd", at, uid, Digit=digit, DurationMs=duration, Direction="Received")


def begin(at: float = 0, uid: str = "1.1") -> Message:
    return event("Newchannel", at, uid)


def hangup(at: float, uid: str = "1.1", cause: str = "16") -> Message:
    return event("Hangup", at, uid, Cause=cause, Cause_txt="Normal Clearing")


def run(items: Iterable[Message], translator: Translator | None = None) -> list[Said]:
    translator = translator or Translator()
    return [said for item in items for said in translator.feed(item)]


def entries(said: Iterable[Said]) -> list[Entry]:
    return [item for item in said if isinstance(item, Entry)]


def lines(said: Iterable[Said]) -> list[str]:
    return [entry.line for entry in entries(said) if entry.kind is not Kind.DEBUG]


def test_a_bare_line_feed_belongs_to_the_value() -> None:
    data = b"Event: Newexten\r\nAppData: one\ntwo: three\r\nPriority: 1\r\n\r\n"
    assert Splitter().feed(data) == [
        Message([("Event", "Newexten"), ("AppData", "one\ntwo: three"), ("Priority", "1")])
    ]


def test_an_escaped_value_of_varset_is_the_value_that_was_set() -> None:
    said = run(
        [
            begin(),
            step(0.1, "Read", r"WORD,,9"),
            varset(0.2, "WORD", r"a\"b\\c"),
            varset(0.3, "READSTATUS", "OK"),
            hangup(1),
        ]
    )
    assert 'User input: a"b\\c (dtmf)' in lines(said)


def test_a_key_that_stands_many_times_gives_all_its_values() -> None:
    message = Splitter().feed(
        b"Event: X\r\nChanVariable: CALL_APP=a\r\nChanVariable: CALL_APP_VERSION=1\r\n\r\n"
    )[0]
    assert isinstance(message, Message)
    assert message.all("ChanVariable") == ["CALL_APP=a", "CALL_APP_VERSION=1"]


def test_a_key_may_hold_the_name_of_a_channel() -> None:
    data = b"Event: OriginateResponse\r\nChanVariable(Local/670@main-00000002;1): CALL_APP=\r\n\r\n"
    message = Splitter().feed(data)[0]
    assert isinstance(message, Message)
    assert message.get("ChanVariable(Local/670@main-00000002;1)") == "CALL_APP="


def test_an_event_without_a_time_happened_with_the_one_before() -> None:
    said = run([begin(), event("UserEvent", 2, Timestamp="", UserEvent="Note"), hangup(3)])
    note = next(entry for entry in entries(said) if entry.line == "Note")
    assert note.time_us == T0 * 1_000_000


def test_a_timestamp_that_steps_back_never_steps_back_in_the_log() -> None:
    said = run([begin(), step(1, "Wait", "1"), step(0.99993, "Answer", priority="2"), hangup(2)])
    times = [entry.time_us for entry in entries(said)]
    assert times == sorted(times)


def test_cel_before_its_newchannel_begins_no_call() -> None:
    cel = Message(
        [("Event", "CEL"), ("Timestamp", f"{T0}.0"), ("EventName", "CHAN_START"), ("UniqueID", "1.1")]
    )
    assert run([cel]) == []


def test_the_hangup_of_a_leg_after_the_callers_belongs_to_the_call() -> None:
    leg = event("Newchannel", 0.1, "1.2", Linkedid="1.1", ChannelState="0")
    said = run([begin(), leg, hangup(1), event("Hangup", 1.0005, "1.2", Linkedid="1.1", Cause="16")])
    assert lines(said)[-1] == "Disconnecting call"
    assert "Caller left" not in lines(said)


def test_a_call_that_goes_on_without_its_caller_says_so_in_order() -> None:
    leg = event("Newchannel", 0.1, "1.2", Linkedid="1.1", ChannelState="0")
    later = event("Newexten", 1.2, "1.2", Linkedid="1.1", Application="SayDigits", AppData="521")
    said = run([begin(), leg, hangup(1), later])
    assert "521 (digits)" not in lines(said)
    said += run([event("Hangup", 3, "1.2", Linkedid="1.1", Cause="17")], (translator := Translator()))
    translator = Translator()
    said = run(
        [begin(), leg, hangup(1), later, event("Hangup", 3, "1.2", Linkedid="1.1", Cause="17")], translator
    )
    assert lines(said)[-3:] == ["Caller left", "521 (digits)", "Disconnecting call"]
    assert entries(said)[-1].data["cause"] == 17


def test_readstatus_error_when_read_begins_is_no_result() -> None:
    said = run([begin(), step(0.1, "Read", "KEY,beep,1,,1,2"), varset(0.1, "READSTATUS", "ERROR"), hangup(1)])
    assert not [entry for entry in entries(said) if entry.kind is Kind.ERROR]


def test_an_asyncagi_value_is_url_encoded() -> None:
    said = run(
        [
            begin(),
            step(0.1, "AGI", "agi:async"),
            event("AsyncAGIExec", 1, Result="200%20result%3D1234%0A"),
            hangup(2),
        ]
    )
    assert "User input: 1234 (dtmf)" in lines(said)


def test_responses_between_events_mean_nothing_to_a_log() -> None:
    said = run([begin(), Message([("Response", "Success"), ("Uniqueid", "1.1")]), hangup(1)])
    assert lines(said) == ['Executing application "ivr,100"', "Disconnecting call"]


def test_an_id_chosen_by_the_client_is_the_session_id() -> None:
    uid = "client-chosen/" + "x" * 107
    said = run([begin(0, uid), hangup(1, uid)], Translator(session_prefix="pbx1-"))
    assert {item.session_id for item in said} == {"pbx1-" + uid}


def test_the_first_entry_waits_a_second_for_its_name_and_no_longer() -> None:
    translator = Translator()
    assert lines(run([begin(), step(0.1, "Answer")], translator)) == []
    assert translator.due_us() == (T0 + 1) * 1_000_000
    assert lines(translator.tick((T0 + 1) * 1_000_000 - 1)) == []
    assert lines(translator.tick((T0 + 1) * 1_000_000)) == ['Executing application "ivr,100"']


def test_a_place_that_stands_for_a_name_fits_into_a_call_row() -> None:
    said = run([event("Newchannel", 0, Context="x" * 10_240 + "\n"), hangup(1)])
    names = [item.application for item in said if isinstance(item, CallRow) and item.application]
    assert names == ["x" * 255]


def test_ids_that_differ_only_in_a_line_feed_are_two_calls_and_both_end() -> None:
    translator = Translator()
    said = run([begin(), begin(0.1, "1.\n1")], translator)
    said += translator.connected((T0 + 9) * 1_000_000)
    said += translator.channels([], (T0 + 10) * 1_000_000)
    ended = [item.session_id for item in said if isinstance(item, CallRow) and item.end_s is not None]
    assert ended == ["1.1", "1.\ufffd1"]
    assert translator.in_progress() == frozenset()


def test_a_time_before_the_year_2000_is_none() -> None:
    said = run([begin(), event("Hangup", 0, Timestamp="179542452.5", Cause="16")])
    assert [i.end_s for i in said if isinstance(i, CallRow) and i.end_s is not None] == [T0]


def test_eleven_equal_keys_in_a_row_are_one_press_and_a_lone_one_without_length_none() -> None:
    presses = [key(1 + n * 0.045, "#", str(20 * n)) for n in range(11)]
    said = run([begin(), step(0.5, "VoiceMail", "100"), *presses, key(5, "*", "0"), hangup(9)])
    assert [line for line in lines(said) if "input" in line] == ["User input: # (dtmf)"]
    assert [e.line for e in entries(said) if "engine" in e.line] == ["Key sent by the engine: *"]


def test_an_outbound_call_names_whom_it_called_and_who_called() -> None:
    said = run(
        [
            event("Newchannel", 0, ChannelState="0"),
            event("NewCallerid", 0.1, CallerIDNum="2025550199"),
            Message(
                [
                    ("Event", "DialBegin"),
                    ("Timestamp", f"{T0}.2"),
                    ("DestUniqueid", "1.1"),
                    ("DialString", "agent"),
                ]
            ),
            hangup(1, cause="17"),
        ]
    )
    rows = [item for item in said if isinstance(item, CallRow)]
    assert rows[0].type is CallType.OUTBOUND
    assert (rows[0].src, rows[1].src, rows[2].dest) == ("Outbound", "2025550199", "agent")


def test_digits_read_one_by_one_are_private_while_the_dialplan_says_so() -> None:
    typed = [key(1 + n, digit) for n, digit in enumerate("4821")]
    said = run(
        [
            begin(),
            step(0.5, "Set", "RINGLOG_PRIVATE=1"),
            step(0.6, "AGI", "pin.py", "2"),
            event("AGIExecStart", 0.7, Command="WAIT FOR DIGIT 5000"),
            *typed,
            event("AGIExecStart", 6, Command="SAY DIGITS 4821"),
            step(7, "Set", "RINGLOG_PRIVATE=0", "3"),
            step(8, "Verbose", "1,done 4821 and 14821", "4"),
            hangup(9),
        ]
    )
    texts = [f"{entry.line} {dict(entry.data)}" for entry in entries(said)]
    assert [e.private for e in entries(said) if "input" in e.line] == [True] * 4
    assert not [text for text in texts if "4821" in text.replace("14821", "")]


def test_calls_found_gone_get_their_end_and_unknown_ones_their_beginning() -> None:
    translator = Translator()
    translator.resume({"9.9": (T0 - 60) * 1_000_000})
    said = run([begin(), step(0.5, "Answer")], translator)
    said += translator.lost("connection reset", (T0 + 5) * 1_000_000)
    said += translator.connected((T0 + 9) * 1_000_000)
    there = event("CoreShowChannel", 9, "2.2", Timestamp="", Duration="00:01:00")
    said += translator.channels([there], (T0 + 10) * 1_000_000)
    assert translator.in_progress() == {"2.2"}
    by_call = {id_: [e for e in entries(said) if e.session_id == id_] for id_ in ("1.1", "9.9", "2.2")}
    assert [e.line for e in by_call["1.1"]][-2:] == [
        "Log incomplete: the connection to the engine was lost",
        "Disconnecting call",
    ]
    assert by_call["9.9"][-1].data["by"] == "unknown"
    assert "cause" not in by_call["9.9"][-1].data
    assert by_call["2.2"][0].line == "Log incomplete: joined in mid-call"
    starts = [i.start_s for i in said if isinstance(i, CallRow) and i.session_id == "2.2" and i.start_s]
    assert starts == [T0 + 10 - 60]


def test_keys_for_an_application_that_was_joined_are_neither_told_nor_called_unused() -> None:
    translator = Translator()
    shown = event("CoreShowChannel", 0, Timestamp="", Duration="00:01:00", Application="Read")
    said = translator.channels([shown], T0 * 1_000_000)
    typed = [key(1 + n / 10, digit) for n, digit in enumerate("4321")]
    said += run(
        [*typed, step(5, "Wait", "2"), key(5.5, "7"), step(8, "Hangup", "", "2"), hangup(9)], translator
    )
    told = [entry for entry in entries(said) if "Keys" in entry.line]
    assert [entry.private for entry in told] == [True, False]
    assert "4321" not in told[0].line
    assert told[1].line == "Keys not used: 7"


def test_what_an_earlier_run_said_last_stands_before_the_gap() -> None:
    """Entries of two sources at the same microsecond may stand either way."""
    translator = Translator()
    translator.resume({"9.9": T0 * 1_000_000})
    said = translator.channels([], (T0 + 10) * 1_000_000)
    assert lines(said) == ["Log incomplete: nobody was listening", "Disconnecting call"]
    assert {entry.time_us for entry in entries(said)} == {T0 * 1_000_000 + 1}


@pytest.mark.parametrize(
    "heard",
    [[begin()], [event("CoreShowChannel", 0, Timestamp="", Duration="00:01:00")]],
    ids=["Newchannel", "CoreShowChannel"],
)
def test_a_call_of_which_nothing_else_was_heard_ends_when_that_was(heard: list[Message]) -> None:
    translator = Translator()
    if heard[0].name == "Newchannel":
        said = run(heard, translator)
    else:
        said = translator.channels(heard, T0 * 1_000_000)
    said += translator.connected((T0 + 9) * 1_000_000)
    said += translator.channels([], (T0 + 10) * 1_000_000)
    assert [i.end_s for i in said if isinstance(i, CallRow) and i.end_s is not None] == [T0]
    assert entries(said)[-1].time_us == T0 * 1_000_000


def test_a_call_still_there_after_a_new_log_in_goes_on() -> None:
    translator = Translator()
    said = run([begin(), step(0.5, "Answer")], translator)
    said += translator.connected((T0 + 9) * 1_000_000)
    said += translator.channels([event("CoreShowChannel", 9)], (T0 + 10) * 1_000_000)
    said += run([hangup(20)], translator)
    assert not [entry for entry in entries(said) if "incomplete" in entry.line]
    assert translator.in_progress() == frozenset()


@pytest.mark.parametrize("resumed", [False, True])
def test_a_call_that_ends_between_a_log_in_and_the_list_of_channels_ends_once(resumed: bool) -> None:
    translator = Translator()
    translator.resume({"1.1": T0 * 1_000_000} if resumed else {})
    said = [] if resumed else run([begin(), step(0.5, "Answer")], translator)
    said += translator.connected((T0 + 9) * 1_000_000)
    said += run([step(9.1, "Hangup"), hangup(9.2)], translator)
    said += translator.channels([], (T0 + 10) * 1_000_000)
    assert lines(said).count("Disconnecting call") == 1
    assert entries(said)[-1].data["cause"] == 16


def test_a_banner_in_the_stream_is_told_apart() -> None:
    found = Splitter().feed(b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\n\r\n")
    assert found == [Banner("Asterisk Call Manager/11.0.0"), Message([("Response", "Success")])]
