"""What the native routes show can be taken back, and what an export writes is the same when imported."""

import json

import pytest

from ringlog.model import Call, CallType, EndedBy, Ending, StoredEntry
from ringlog.wire.entries import export_entry, export_row
from ringlog.wire.native import call_from_row, call_row, entry, stored_from_entry
from ringlog.wire.records import parse

NOW_S = 1_795_424_527
TEXT = (
    '{"event":{"line":"Größe \\"a\\",\\"event\\":{","data":{"module_type":"start","result_variable":"start",'
    '"n":1e5,"x":-0,"big":123456789012345678901234567890,"event":{"a":1.0}}},"class":"info","timestamp":1795424520}'
).encode()


def call(**changes: object) -> Call:
    values: dict[str, object] = {
        "session_id": "300060;001;1529552581",
        "src": "2125551234",
        "dest": "8009957586",
        "type": CallType.INBOUND,
        "start_s": NOW_S - 60,
        "end_s": NOW_S,
        "application": "Sales",
        "version": "1.2",
        "entries": 7,
        "errors": 0,
        "dropped": 0,
        "last_us": NOW_S * 10**6,
        "first_error": None,
        "ending": Ending(EndedBy.CALLER, 16),
        "available": True,
    }
    return Call(**(values | changes))  # pyright: ignore[reportArgumentType] - any mix of values


CALLS = {
    "ended": call(),
    "running": call(end_s=None, end_given=False, ending=None, now="Playing welcome"),
    "failed": call(errors=2, first_error="No such file"),
    "outbound": call(type=CallType.OUTBOUND, src="2125551234"),
    "known by its entries only": call(
        src="",
        dest="",
        application="",
        version="",
        start_given=False,
        end_given=False,
        type_given=False,
        src_given=False,
        dest_given=False,
        last_us=None,
    ),
    "details gone": call(available=False, dropped=3, ending=Ending(EndedBy.UNKNOWN, None)),
    "odd names": call(session_id='a"b\\c é', src='"', application="\u2028"),
}
ENTRIES = [
    StoredEntry("main", 0, NOW_S * 10**6 - 6_999_999, 1, TEXT),
    StoredEntry("-", 2**53 - 1, (NOW_S - 7) * 10**6 + 5, 2**40, TEXT),
    StoredEntry('a","event":{"', 3, (NOW_S - 7) * 10**6, 4, TEXT),
    StoredEntry("größe 😀\\", 3, (NOW_S - 7) * 10**6, 4, TEXT),
]


@pytest.mark.parametrize("name", CALLS)
def test_a_call_shown_is_the_call(name: str) -> None:
    shown = json.loads(json.dumps(call_row(CALLS[name])))
    assert call_from_row(shown) == CALLS[name]


@pytest.mark.parametrize(
    ("name", "state"), [("ended", "completed"), ("running", "running"), ("failed", "failed")]
)
def test_a_row_says_how_the_call_stands(name: str, state: str) -> None:
    assert call_row(CALLS[name])["state"] == state


def test_a_row_says_what_a_writer_gave() -> None:
    assert call_row(CALLS["ended"])["given"] == ["src", "dest", "type", "start", "end"]
    assert call_row(CALLS["known by its entries only"])["given"] == []


@pytest.mark.parametrize(
    "broken", [{}, {**call_row(call()), "type": "sideways"}, {**call_row(call()), "by": "nobody"}]
)
def test_what_is_no_row_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError)):
        call_from_row(broken)


@pytest.mark.parametrize("stored", ENTRIES)
def test_an_entry_shown_is_the_entry_byte_for_byte(stored: StoredEntry) -> None:
    shown = entry(stored)
    assert stored_from_entry(shown) == stored
    assert json.loads(shown) == {
        "source": stored.source,
        "seq": stored.seq,
        "time_us": stored.time_us,
        "arrival": stored.arrival,
        **json.loads(TEXT),
    }


@pytest.mark.parametrize("broken", [b"", b"{}", b'{"source":"a","seq":1,"time_us":1,"arrival":1}', b"[]"])
def test_what_is_no_entry_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the parser's words are
        stored_from_entry(broken)


@pytest.mark.parametrize("stored", ENTRIES)
def test_an_exported_entry_is_read_back_as_it_was(stored: StoredEntry) -> None:
    session_id = 'a"b\\c é'
    batch = parse(export_entry(session_id, stored), "application/x-ndjson", None, NOW_S * 10**6)
    (found,) = batch[session_id].entries
    assert (found.session_id, found.source, found.seq, found.time_us, found.text) == (
        session_id,
        stored.source,
        stored.seq,
        stored.time_us,
        stored.text,
    )


@pytest.mark.parametrize("name", CALLS)
def test_an_exported_row_is_read_back_as_what_was_given(name: str) -> None:
    known = CALLS[name]
    batch = parse(export_row(known), "application/x-ndjson", None, NOW_S * 10**6)
    ((_, row),) = batch[known.session_id].rows
    assert (row.src, row.dest) == ((known.src, known.dest) if known.src_given else (None, None))
    assert row.type == (known.type if known.type_given else None)
    assert row.start_s == (known.start_s if known.start_given else None)
    assert row.end_s == (known.end_s if known.end_given else None)
    assert (row.application, row.version) == (known.application or None, known.version or None)
