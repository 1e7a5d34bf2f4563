"""What ingest takes, in which forms, and which sentence each fault gets."""

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringlog.errors import BadInput, BadRecords, TooLarge, UnknownMediaType
from ringlog.model import Batch, CallType, EndedBy, Ending, EntryRecord, Kind, cap_entry_text
from ringlog.wire.plain import PIECE_BYTES
from ringlog.wire.records import parse
from tests.wire.values import KEYS, VALUES, pairs, unhurried, written

NOW_S = 1_795_424_527
T = NOW_S - 7
LINES, JSON = "application/x-ndjson", "application/json"
CONTRACT = Path(__file__).parent.parent / "contract"
DATA = {"module_type": "start", "result_variable": "start"}
ENTRY: dict[str, Any] = {
    "session_id": "s1",
    "event": {"line": "Hi", "data": DATA},
    "class": "info",
    "timestamp": T,
}
ROW: dict[str, Any] = {
    "session_id": "s1",
    "src": "2125551234",
    "dest": "8009957586",
    "start": T,
    "end": T + 5,
}


def dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


GOOD, GOOD_ROW = dumps(ENTRY), dumps(ROW)


def taken(body: bytes, media_type: str = LINES, session_id: str | None = None, **options: bool) -> Batch:
    return parse(body, media_type, session_id, NOW_S * 10**6, **options)


def one(record: bytes | dict[str, Any], **options: bool) -> EntryRecord:
    (call,) = taken(record if isinstance(record, bytes) else dumps(record), **options).values()
    (entry,) = call.entries
    return entry


def refused(body: bytes, media_type: str = LINES, session_id: str | None = None) -> BadRecords:
    with pytest.raises(BadRecords) as caught:
        taken(body, media_type, session_id)
    return caught.value


def entry(**changes: Any) -> bytes:
    return dumps({key: value for key, value in (ENTRY | changes).items() if value is not ...})


def event(line: Any = "Hi", **data: Any) -> bytes:
    kept = {key: value for key, value in (DATA | data).items() if value is not ...}
    return entry(event={"line": line, "data": kept})


def row(**changes: Any) -> bytes:
    return dumps({key: value for key, value in (ROW | changes).items() if value is not ...})


def swapped(old: bytes, new: bytes) -> bytes:
    assert old in GOOD
    return GOOD.replace(old, new)


BAD_ID = "must have 1–255 characters, no control character, and not be '.' or '..'"
BAD_SOURCE = "must have 1–128 characters and no control character"
EARLY = "lies before the year 2000 (UNIX seconds are asked for)"
LATE = "lies more than a day ahead (UNIX seconds are asked for)"
CLASSES = "must be one of info, event, debug, prompt, error"

TEXT_FAULTS: dict[str, tuple[bytes, str]] = {
    "broken": (b'{"session_id":}', " is not JSON: invalid character (byte 14)"),
    "two values": (GOOD + b" 7", " is not JSON: "),
    "NaN": (swapped(b'"start"}', b'"start","x":NaN}'), " is not JSON: invalid character"),
    "Infinity": (swapped(b'"start"}', b'"start","x":Infinity}'), " is not JSON: invalid character"),
    "raw control character": (swapped(b"Hi", b"H\x01"), " is not JSON: "),
}
"""Broken JSON: what is wrong is said, where depends on the form."""

RECORD_FAULTS: dict[str, tuple[bytes, str]] = {
    "invalid UTF-8": (swapped(b"Hi", b"\xff"), " is not UTF-8"),
    "invalid UTF-8 in a key": (swapped(b'"start"}', b'"start","\xff":1}'), " is not UTF-8"),
    "surrogate as UTF-8": (swapped(b"Hi", b"\xed\xa0\x80"), " is not UTF-8"),
    "number out of range": (swapped(b'"start"}', b'"start","x":1e400}'), " holds a number out of range"),
    "number too long": (
        swapped(b'"start"}', b'"start","x":' + b"9" * 5000 + b"}"),
        " holds a number out of range",
    ),
    "high surrogate": (swapped(b"Hi", b"a\\ud800 and so on, for a while"), " holds half a surrogate pair"),
    "high surrogate at the end": (
        swapped(b'"start"}', b'"start","x":"\\ud800"}'),
        " holds half a surrogate pair",
    ),
    "low surrogate": (swapped(b"Hi", b"\\udc00"), " holds half a surrogate pair"),
    "two high surrogates": (swapped(b"Hi", b"\\uD800\\uD800"), " holds half a surrogate pair"),
    "surrogate in a key": (swapped(b'"start"}', b'"start","\\udfff":1}'), " holds half a surrogate pair"),
    "65 deep": (swapped(b'"start"}', b'"start","x":%b}' % (b"[" * 62 + b"]" * 62)), " nests deeper than 64"),
    "2,000 deep": (
        swapped(b'"start"}', b'"start","x":%b}' % (b"[" * 2000 + b"]" * 2000)),
        " nests deeper than 64",
    ),
    "200,000 deep": (
        swapped(b'"start"}', b'"start","x":%b}' % (b'{"a":' * 200_000 + b"1" + b"}" * 200_000)),
        " nests deeper than 64",
    ),
    "key twice in the record": (GOOD[:-1] + b',"timestamp":%d}' % T, " has a key twice in one object"),
    "key twice in the event": (
        swapped(b'"line":"Hi"', b'"line":"Ho","line":"Hi"'),
        " has a key twice in one object",
    ),
    "key twice in data": (swapped(b'"start"}', b'"start","x":1,"x":2}'), " has a key twice in one object"),
    "key twice, once escaped": (
        swapped(b'"start"}', b'"start","x":1,"\\u0078":1}'),
        " has a key twice in one object",
    ),
    "key twice deep inside": (
        swapped(b'"start"}', b'"start","x":[{"a":{},"a":{}}]}'),
        " has a key twice in one object",
    ),
    "key twice in a row": (GOOD_ROW[:-1] + b',"src":"1"}', " has a key twice in one object"),
    "a number": (b"7", " is not an object"),
    "a list": (b"[]", " is not an object"),
    "no session_id": (entry(session_id=...), ": session_id is missing"),
    "session_id a number": (entry(session_id=7), ": session_id must be text"),
    "session_id empty": (entry(session_id=""), f": session_id {BAD_ID}"),
    "session_id .": (entry(session_id="."), f": session_id {BAD_ID}"),
    "session_id ..": (entry(session_id=".."), f": session_id {BAD_ID}"),
    "session_id too long": (entry(session_id="é" * 256), f": session_id {BAD_ID}"),
    "session_id with NUL": (entry(session_id="a\0"), f": session_id {BAD_ID}"),
    "session_id with a C1 character": (entry(session_id="a\x85"), f": session_id {BAD_ID}"),
    "event a text": (entry(event="Hi"), ": event must be an object"),
    "event null": (entry(event=None), ": event must be an object"),
    "no line": (entry(event={"data": DATA}), ": event.line is missing"),
    "line a number": (event(line=7), ": event.line must be text"),
    "no data": (entry(event={"line": "Hi"}), ": event.data is missing"),
    "data a list": (entry(event={"line": "Hi", "data": []}), ": event.data must be an object"),
    "no module_type": (event(module_type=...), ": event.data.module_type is missing"),
    "module_type null": (event(module_type=None), ": event.data.module_type must be text"),
    "no result_variable": (event(result_variable=...), ": event.data.result_variable is missing"),
    "result_variable a number": (event(result_variable=1), ": event.data.result_variable must be text"),
    "key unknown": (entry(tiemstamp=T), " has the key 'tiemstamp', which is not known"),
    "key of event unknown": (
        entry(event={"line": "Hi", "data": DATA, "Line": "x"}),
        ": event has the key 'Line', which is not known",
    ),
    "no class": (entry(**{"class": ...}), ": class is missing"),
    "class unknown": (entry(**{"class": "warning"}), f": class {CLASSES}"),
    "class of other case": (entry(**{"class": "Info"}), f": class {CLASSES}"),
    "class a number": (entry(**{"class": 1}), ": class must be text"),
    "no timestamp": (entry(timestamp=...), ": timestamp is missing"),
    "timestamp a text": (entry(timestamp=str(T)), ": timestamp must be an integer"),
    "timestamp a fraction": (entry(timestamp=T + 0.5), ": timestamp must be an integer"),
    "timestamp a boolean": (entry(timestamp=True), ": timestamp must be an integer"),
    "timestamp before 2000": (entry(timestamp=946_684_799), f": timestamp {EARLY}"),
    "timestamp negative": (entry(timestamp=-1), f": timestamp {EARLY}"),
    "timestamp too far ahead": (entry(timestamp=NOW_S + 86_401), f": timestamp {LATE}"),
    "timestamp in milliseconds": (entry(timestamp=T * 1000), f": timestamp {LATE}"),
    "time_us of another second": (
        entry(time_us=(T + 1) * 10**6),
        ": time_us lies in another second than timestamp",
    ),
    "time_us a text": (entry(time_us="1"), ": time_us must be an integer"),
    "source empty": (entry(source="", seq=1), f": source {BAD_SOURCE}"),
    "source too long": (entry(source="x" * 129, seq=1), f": source {BAD_SOURCE}"),
    "source with a line feed": (entry(source="a\n", seq=1), f": source {BAD_SOURCE}"),
    "source a number": (entry(source=1, seq=1), ": source must be text"),
    "source without seq": (entry(source="a"), ": seq is missing beside a source"),
    "source reserved": (entry(source="ringlog", seq=1), ": source ringlog is reserved"),
    "source reserved, seq 0": (entry(source="ringlog", seq=0), ": source ringlog is reserved"),
    "seq negative": (entry(seq=-1), ": seq is out of range"),
    "seq too large": (entry(seq=2**53), ": seq is out of range"),
    "seq a text": (entry(seq="1"), ": seq must be an integer"),
    "seq null": (entry(seq=None), ": seq must be an integer"),
    "private a text": (entry(private="yes"), ": private must be true or false"),
    "row's session_id missing": (row(session_id=...), ": session_id is missing"),
    "row's session_id": (row(session_id=".."), f": session_id {BAD_ID}"),
    "row's key unknown": (row(application_name="x"), " has the key 'application_name', which is not known"),
    "NUL in src": (row(src="1\0"), ": src holds a NUL"),
    "NUL in dest": (row(dest="\0"), ": dest holds a NUL"),
    "NUL in application": (row(application="a\0b"), ": application holds a NUL"),
    "NUL in version": (row(version="\0"), ": version holds a NUL"),
    "src too long": (row(src="1" * 1025), ": src has more than 1,024 characters"),
    "src a number": (row(src=2125551234), ": src must be text"),
    "type unknown": (row(type="sideways"), ": type must be one of inbound, outbound, transfer"),
    "start in words": (row(start="today"), ": start must be UNIX seconds, an integer or its digits as text"),
    "start a fraction": (row(start=1.5), ": start must be an integer, or digits as text"),
    "start in other digits": (
        row(start="١٢٣"),
        ": start must be UNIX seconds, an integer or its digits as text",
    ),
    "start before 2000": (row(start="1"), f": start {EARLY}"),
    "end too far ahead": (row(end=NOW_S + 86_401), f": end {LATE}"),
    "detail an object": (row(detail={}), ": detail must be an array"),
    "detail's entry a number": (row(detail=[7]), ": detail[0] must be an object"),
    "detail's line": (
        row(
            detail=[
                {**ENTRY, "session_id": ...},
                {"event": {"line": 7, "data": DATA}, "class": "info", "timestamp": T},
            ][1:]
        ),
        ": detail[0].event.line must be text",
    ),
    "detail's session_id": (row(detail=[ENTRY]), ": detail[0] has the key 'session_id', which is not known"),
}


@pytest.mark.parametrize("name", TEXT_FAULTS | RECORD_FAULTS)
def test_a_bad_line_is_named_with_its_number_and_field(name: str) -> None:
    bad, sentence = (TEXT_FAULTS | RECORD_FAULTS)[name]
    error = refused(b"\n".join([GOOD, b"", GOOD_ROW, bad, GOOD]))
    assert error.message.startswith(f"Record 3{sentence}")
    assert error.message.endswith(".")
    assert len(error.message) < 200
    assert error.records == (3,)


@pytest.mark.parametrize("name", RECORD_FAULTS)
@pytest.mark.parametrize(("before", "after"), [(b"[", b"]"), (b'{"calls":[', b'],"total_calls":4}')])
def test_a_bad_record_of_an_array_is_named_with_its_number_and_field(
    name: str, before: bytes, after: bytes
) -> None:
    bad, sentence = RECORD_FAULTS[name]
    error = refused(before + b", ".join([GOOD, GOOD_ROW, bad, GOOD]) + after, JSON)
    assert error.message == f"Record 3{sentence}."
    assert error.records == (3,)


@pytest.mark.parametrize("name", TEXT_FAULTS)
@pytest.mark.parametrize("form", [b"[%b]", b'{"calls":[%b]}', b'{"total_calls":4,"calls":[%b]}'])
def test_broken_json_names_the_record_it_broke_in(name: str, form: bytes) -> None:
    bad, _ = TEXT_FAULTS[name]
    escaped = swapped(b"Hi", b"\\u0048i")
    error = refused(form % b", ".join([GOOD, escaped, bad, GOOD]), JSON)
    assert error.message.startswith("Record 3 is not JSON: ")
    assert error.records == (3,)


@pytest.mark.parametrize(
    ("body", "number"),
    [(GOOD[:-9], 1), (b"[%b,%b" % (GOOD, GOOD), 2), (b"[%b,%b" % (GOOD, GOOD[:30]), 2), (b"[", 1), (b"", 1)],
)
def test_a_truncated_body_names_the_record_it_ends_in(body: bytes, number: int) -> None:
    assert refused(body, JSON).records == (number,)


def test_all_bad_records_are_listed_and_the_first_is_explained() -> None:
    error = refused(b"\n".join([entry(seq=-1), GOOD, row(src="\0"), b"{"]))
    assert error.message == "Record 1: seq is out of range."
    assert error.records == (1, 3, 4)


def test_at_most_a_hundred_bad_records_are_listed() -> None:
    assert refused(b"\n".join([b"7"] * 150)).records == tuple(range(1, 101))


def test_an_entry_above_its_cap_is_too_large_and_one_at_it_is_not() -> None:
    room = 64 * 1024 - len(one(event(line="")).text)
    assert len(one(event(line="x" * room)).text) == 64 * 1024
    with pytest.raises(TooLarge) as caught:
        taken(GOOD + b"\n" + event(line="x" * (room + 1)) + b"\n7")
    assert caught.value.message == "Record 2: the entry has more than 65,536 bytes."


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"calls":7}', "A JSON body is a record, an array of records or an object with 'calls', an array."),
        (b"7", "A JSON body is a record, an array of records or an object with 'calls', an array."),
        (b'{"calls":[],"next":1}', "'next' is no key that stands beside 'calls'."),
        (b'{"calls":[],"calls":[]}', "The body has a key twice."),
        (b'{"calls":[%b],"\\u0063alls":[]}' % GOOD_ROW, "The body has a key twice."),
        (b'{"calls":[%b],"calls":[%b],"total_calls":2}' % (GOOD_ROW, GOOD_ROW), "The body has a key twice."),
    ],
)
def test_a_body_of_no_known_shape_is_refused(body: bytes, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        taken(body, JSON)
    assert caught.value.message == sentence


def test_an_unknown_media_type_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnknownMediaType) as caught:
        taken(GOOD, "text/csv")
    assert caught.value.message == "Content-Type must be one of application/x-ndjson, application/json."


@pytest.mark.parametrize("session_id", ["", "..", "a\0", "x" * 256])
def test_a_session_id_of_the_query_that_cannot_exist_is_refused(session_id: str) -> None:
    with pytest.raises(BadInput, match="The query's session_id must have"):
        taken(b"[]", JSON, session_id)


# -- forms -------------------------------------------------------------------------------------------


def test_every_form_carries_the_same_records() -> None:
    lines = taken(GOOD + b"\n" + GOOD_ROW)
    assert taken(b"\r\n\n" + GOOD + b"\r\n  \n" + GOOD_ROW + b"\r\n") == lines
    assert taken(b" [ %b , %b ] " % (GOOD, GOOD_ROW), JSON) == lines
    assert taken(json.dumps([ENTRY, ROW], indent=2).encode(), JSON) == lines
    assert taken(GOOD, JSON) == taken(GOOD)
    assert taken(b'{"calls": [%b]}' % GOOD_ROW, JSON) == taken(GOOD_ROW)
    assert taken(b"", LINES) == taken(b"[]", JSON) == {}


def test_records_are_grouped_by_call_in_the_requests_order() -> None:
    batch = taken(
        b"\n".join([entry(session_id="b"), entry(session_id="a"), row(session_id="b"), entry(session_id="b")])
    )
    assert list(batch) == ["b", "a"]
    assert [found.number for found in batch["b"].entries] == [1, 4]
    assert [found.number for found in batch["b"].rows] == [3]


def test_the_bodies_of_the_read_endpoints_can_be_sent_back() -> None:
    (call,) = taken((CONTRACT / "call.json").read_bytes(), JSON, "300060;001;1529552581").values()
    assert [(found.source, found.seq) for found in call.entries] == [("detail", n) for n in range(7)]
    assert [json.loads(found.text) for found in call.entries] == json.loads(
        (CONTRACT / "call.json").read_bytes()
    )
    rows = taken((CONTRACT / "calls.json").read_bytes(), JSON)
    assert [call.rows[0].row.start_s for call in rows.values()] == [1529552691, 1529550008]
    (logs,) = taken((CONTRACT / "all_logs.json").read_bytes(), JSON).values()
    assert (logs.rows[0].row.start_s, logs.rows[0].row.end_s) == (1575898386, 1575898423)
    assert [(found.number, found.source, found.seq) for found in logs.entries] == [
        (1, "detail", n) for n in range(4)
    ]


def test_an_entry_of_a_bare_array_that_names_its_call_is_an_ordinary_one() -> None:
    batch = taken(b"[%b,%b]" % (entry(session_id=...), GOOD), JSON, "query")
    assert [(found.source, found.seq) for found in batch["query"].entries] == [("detail", 0)]
    assert [(found.source, found.seq) for found in batch["s1"].entries] == [("-", None)]


def test_the_querys_session_id_is_for_bare_arrays_only() -> None:
    assert refused(entry(session_id=...), JSON, "query").message == "Record 1: session_id is missing."


@pytest.mark.parametrize(
    ("given", "identity"),
    [
        ({}, ("-", None)),
        ({"seq": 4}, ("main", 4)),
        ({"source": "-"}, ("-", None)),
        ({"source": "-", "seq": 9}, ("-", 9)),
        ({"source": "asterisk@pbx1/7f3a9c", "seq": 2**53 - 1}, ("asterisk@pbx1/7f3a9c", 2**53 - 1)),
        ({"source": "é" * 128, "seq": 0}, ("é" * 128, 0)),
    ],
)
def test_source_and_seq_have_defaults(given: dict[str, Any], identity: tuple[str, int | None]) -> None:
    for text in (entry(**given), dumps({**given, **ENTRY}), json.dumps(ENTRY | given, indent=1).encode()):
        (found,) = taken(text, JSON)["s1"].entries
        assert (found.source, found.seq) == identity
        assert found.text == dumps({key: ENTRY[key] for key in ("event", "class", "timestamp")})


def test_an_entrys_fields_arrive() -> None:
    found = one(entry(time_us=T * 10**6 + 999_999, private=True, seq=3))
    assert found == EntryRecord(
        1, "s1", "main", 3, T * 10**6 + 999_999, Kind.INFO, "Hi", one(ENTRY).text, private=True
    )
    assert one(ENTRY).time_us == T * 10**6


def test_the_entry_of_the_cap_is_accepted() -> None:
    text = cap_entry_text(T)
    found = one(b'{"session_id":"s1","source":"ringlog","seq":0,%b' % text[1:])
    assert (found.source, found.seq, found.text) == ("ringlog", 0, text)


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        ({"by": "caller", "cause": 16}, Ending(EndedBy.CALLER, 16)),
        ({"by": "far end"}, Ending(EndedBy.FAR_END, None)),
        ({"by": "caller", "cause": True}, Ending(EndedBy.CALLER, None)),
        ({"by": "caller", "cause": 2**31}, Ending(EndedBy.CALLER, None)),
        ({"by": "nobody"}, None),
        ({"by": ["caller"]}, None),
        ({}, None),
    ],
)
def test_the_last_entry_says_how_the_call_ended(data: dict[str, Any], ending: Ending | None) -> None:
    assert one(event(module_type="exit", result_variable="hangup", **data)).ending == ending
    assert one(event(module_type="exit", result_variable="other", **data)).ending is None


def test_a_rows_fields_arrive() -> None:
    (call,) = taken(
        row(start=str(T), end=T + 5, type="transfer", application="A", version="2", log=False)
    ).values()
    found = call.rows[0].row
    assert (found.src, found.dest, found.type) == ("2125551234", "8009957586", CallType.TRANSFER)
    assert (found.start_s, found.end_s, found.application, found.version) == (T, T + 5, "A", "2")


def test_what_a_row_leaves_out_is_nothing_said() -> None:
    found = taken(b'{"session_id":"s1"}')["s1"].rows[0].row
    assert (found.src, found.dest, found.type, found.start_s, found.end_s) == (None,) * 5


@pytest.mark.parametrize(("given", "type_"), [(..., CallType.OUTBOUND), ("transfer", CallType.TRANSFER)])
def test_outbound_is_a_type_and_no_number(given: Any, type_: CallType) -> None:
    found = taken(row(src="Outbound", type=given))["s1"].rows[0].row
    assert (found.src, found.type) == (None, type_)


@pytest.mark.parametrize("seconds", [946_684_800, NOW_S + 86_400])
def test_the_outermost_times_are_taken(seconds: int) -> None:
    assert one(entry(timestamp=seconds)).time_us == seconds * 10**6
    assert taken(row(start=seconds, end=seconds))["s1"].rows[0].row.end_s == seconds


def test_64_levels_are_taken() -> None:
    deep = b"[" * 61 + b"]" * 61
    assert deep in one(swapped(b'"start"}', b'"start","x":%b}' % deep)).text
    wide = b"[" + b",".join([b"[]"] * 100) + b"]"
    assert wide in one(swapped(b'"start"}', b'"start","x":%b}' % wide)).text


def test_unknown_keys_can_be_left_out() -> None:
    odd = dict(ENTRY, extra=1, event={"line": "Hi", "more": {}, "data": DATA | {"kept": 1.0}})
    found = one(odd, ignore_unknown=True)
    assert b"kept" in found.text
    assert b"more" not in found.text
    assert b"extra" not in found.text
    inside = dict(ROW, colour="red", detail=[{**odd, "session_id": "other"}])
    (call,) = taken(dumps(inside), ignore_unknown=True).values()
    assert [(entry.session_id, entry.text) for entry in call.entries] == [("s1", found.text)]


# -- private -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [
        {"SECRET": 1},
        {"event": {"line": "PIN: SECRET", "data": DATA, "SECRET": 1}},
        {"event": {"line": ["SECRET"], "data": DATA}},
        {"event": {"line": "PIN: SECRET", "data": {"SECRET": "SECRET"}}},
        {"event": {"line": "PIN: SECRET", "data": "SECRET"}},
        {"class": "SECRET"},
        {"timestamp": "SECRET"},
        {"time_us": "SECRET"},
        {"source": "SECRET\n", "seq": 1},
        {"session_id": "SECRET\n"},
        {"seq": "SECRET"},
    ],
)
def test_a_private_record_is_never_quoted(record: dict[str, Any]) -> None:
    bad = ENTRY | {"private": True} | record
    assert "SECRET" not in refused(dumps(bad)).message
    assert "SECRET" not in refused(dumps([bad]), JSON).message
    bad.pop("session_id")
    assert "SECRET" not in refused(dumps(dict(ROW, detail=[bad | {"seq": "x"}]))).message


@pytest.mark.parametrize(
    "tail", [b'"SECRET', b'"SECRET\xff"}', b'"SECRET\\ud800"}', b'"SECRET","SECRET":1,"SECRET":1}']
)
def test_broken_text_is_never_quoted(tail: bytes) -> None:
    body = GOOD[:-1] + b',"private":true,"x":' + tail
    assert "SECRET" not in refused(body).message
    assert "SECRET" not in refused(b"[" + body + b"]", JSON).message


# -- any entry ---------------------------------------------------------------------------------------

ANY_DATA = st.dictionaries(KEYS, VALUES, max_size=4).map(lambda data: {**data, **DATA})
IDENTITY = {"session_id": "s1", "source": "a", "seq": 5, "time_us": T * 10**6}


@unhurried
@given(
    ANY_DATA,
    st.text(max_size=20),
    st.sampled_from(["", " ", "\t"]),
    st.booleans(),
    st.permutations(["session_id", "source", "seq", "time_us", "event", "class", "timestamp"]),
)
def test_an_entry_keeps_its_keys_order_types_and_numbers_text(
    data: dict[str, Any], line: str, blank: str, ascii_only: bool, order: list[str]
) -> None:
    numbers = {key: pairs(str(value)) for key, value in IDENTITY.items() if isinstance(value, int)}
    whole = {
        **ENTRY,
        **IDENTITY,
        **numbers,
        "timestamp": pairs(str(T)),
        "event": {"line": line, "data": data},
    }
    record = {key: whole[key] for key in order}
    served = {"event": whole["event"], "class": "info", "timestamp": whole["timestamp"]}
    text = written(record, blank=blank, ascii_only=ascii_only).encode()
    found = one(text)
    assert pairs(found.text) == pairs(written(served))
    assert (found.source, found.seq, found.line) == ("a", 5, line)
    inside = {key: value for key, value in record.items() if key != "session_id"}
    call = written({"session_id": "s1", "detail": [inside]}, blank=blank, ascii_only=ascii_only)
    assert one(call.encode()).text == found.text


@unhurried
@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode))
def test_no_body_is_anything_but_taken_or_refused(body: bytes) -> None:
    for media_type in (LINES, JSON):
        with suppress(BadInput, TooLarge):
            taken(body, media_type)


@unhurried
@given(
    VALUES, st.sampled_from(["event", "session_id", "detail", "calls", "class", "timestamp", "start", "log"])
)
def test_no_value_anywhere_is_anything_but_taken_or_refused(value: Any, key: str) -> None:
    for record in (ENTRY | {key: value}, ROW | {key: value}, ROW | {"detail": [ENTRY | {key: value}]}):
        for body in (written(record), written([record])):
            with suppress(BadInput, TooLarge):
                taken(body.encode(), JSON)


@pytest.mark.parametrize(
    "text",
    [
        entry(private=True, source="a", seq=1),
        GOOD[:-1] + b',"private":true,"private":true}',
        GOOD[:-1] + b',"private":false}',
        b'{"session_id":"s1","source":"a","seq":1,"time_us":%d,"private":true,%b' % (T * 10**6, GOOD[19:]),
        b'{"source":"a","session_id":"s1","seq":1,%b' % GOOD[19:],
        b'{"session_id":"s1","source":"a","seq":1,"time_us":%d,"seq":1,%b' % (T * 10**6, GOOD[19:]),
        b'{"session_id":"s1","source":"\\u0061","seq":1,%b' % GOOD[19:],
        b'{"session_id":"s1","seq":1e0,%b' % GOOD[19:],
    ],
)
def test_the_short_way_and_the_long_way_say_the_same(text: bytes) -> None:
    """A record that is written oddly elsewhere is looked at closely; what it says must not depend on that."""
    reordered = dumps(dict(reversed(json.loads(text).items())))
    if len(pairs(text)[1]) > len(json.loads(text)):
        assert refused(text).message == "Record 1 has a key twice in one object."
    elif b"1e0" not in text:
        assert taken(text) == taken(reordered)
    else:
        assert refused(text).message == "Record 1: seq must be an integer."


PLAIN_ENTRY: dict[str, Any] = {
    "session_id": "s1",
    "event": {"line": "Hi: you", "data": DATA},
    "class": "event",
    "timestamp": T,
    "source": "a",
    "seq": 3,
    "time_us": T * 10**6 + 5,
}
PLAIN_ROW = {**ROW, "type": "inbound", "application": "A", "version": "1"}
ODD_VALUES: list[Any] = [
    *(
        ...,
        None,
        True,
        False,
        0,
        -1,
        1.5,
        2**53,
        T,
        T + 1,
        T + 86_500,
        T * 10**6,
        10**15,
        str(T),
        [],
        {},
        DATA,
    ),
    *("", "a", "b", "ringlog", "-", "detail", "..", "é", "Outbound", "outbound", "error", "hangup"),
    *("a\0", "a\n", "x" * 1025, "x" * 2**16, {"line": "Hi"}, {"line": "Hi", "data": {}}),
]
"""In place of any field, or beside them."""
ODD_DATA: list[dict[str, Any]] = [
    {"module_type": ...},
    {"result_variable": 7},
    {"x": ["nested"]},
    {"source": "b"},
    {"module_type": "exit", "result_variable": "hangup", "by": "caller"},
]


def lines_like_a_senders() -> Iterator[bytes]:
    """Records as a Sender writes them, but for one thing."""
    for record in (PLAIN_ENTRY, PLAIN_ROW, PLAIN_ENTRY | {"private": True}):
        for key, value in product([*PLAIN_ROW, *PLAIN_ENTRY, "private", "odd"], ODD_VALUES):
            changed = {**record, key: value}
            yield dumps({key: value for key, value in changed.items() if value is not ...})
        yield dumps(record)[:-1] + b',"session_id":"s1"}'
        yield dumps(dict(reversed(record.items())))
        yield dumps(record).replace(b":", b": ")
    for data, private in product(ODD_DATA, (..., True)):
        kept = {key: value for key, value in (DATA | data).items() if value is not ...}
        changed = {**PLAIN_ENTRY, "event": {"line": "Hi", "data": kept}, "private": private}
        yield dumps({key: value for key, value in changed.items() if value is not ...})


def outcome(body: bytes, media_type: str) -> Any:
    try:
        return taken(body, media_type)
    except (BadRecords, TooLarge) as error:
        return repr(error), getattr(error, "records", ())


def test_many_lines_at_once_say_what_they_say_one_by_one() -> None:
    """The records of an array are read one by one."""
    cap = cap_entry_text(T)[1:-1]
    first = [
        dumps(PLAIN_ENTRY),
        dumps(PLAIN_ROW),
        b'{"session_id":"s1",%b,"source":"ringlog","seq":0,"time_us":%d}' % (cap, T * 10**6),
    ]
    for line in lines_like_a_senders():
        array = outcome(b"[%b]" % b",".join([*first, line]), JSON)
        assert outcome(b"\n".join([*first, line]), LINES) == array
        assert outcome(b"\n".join([*first, line, b""]), LINES) == array


@unhurried
@given(ANY_DATA, st.text(max_size=20))
def test_any_event_is_the_same_at_once_and_by_itself(data: dict[str, Any], line: str) -> None:
    text = written({**PLAIN_ENTRY, "event": {"line": line, "data": data}}).encode()
    body = dumps(PLAIN_ENTRY) + b"\n" + text
    assert taken(body)["s1"].entries[1:] == taken(b"[%b]" % body.replace(b"\n", b","), JSON)["s1"].entries[1:]


def test_a_body_of_several_pieces_is_numbered_through() -> None:
    line = written(PLAIN_ENTRY).encode() + b"\n"
    count = 3 * PIECE_BYTES // len(line)
    found = taken(line * count)["s1"].entries
    assert [entry.number for entry in found] == list(range(1, count + 1))
    assert refused(line * count + b"{}\n" + b"\n" + line * count + b"7").records == (count + 1, 2 * count + 2)
    long = dumps({**PLAIN_ENTRY, "event": {"line": "x" * 2 * PIECE_BYTES, "data": DATA}})
    with pytest.raises(TooLarge, match=f"Record {count + 1}:"):
        taken(line * count + long + b"\n" + line)
