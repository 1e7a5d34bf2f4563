"""Words and rules that several rooms share."""

import json

import pytest

from ringlog.model import Kind, StoredEntry, entry_text, in_order, is_session_id, is_source, mask, number_key


def entry(source: str, seq: int, time_us: int) -> StoredEntry:
    return StoredEntry(source, seq, time_us, arrival=0, text=b"")


def order(*entries: StoredEntry) -> list[tuple[str, int]]:
    return [(found.source, found.seq) for found in in_order(entries)]


def test_a_source_never_overtakes_itself_when_its_clock_steps_back() -> None:
    assert order(entry("a", 2, 50), entry("a", 1, 100), entry("b", 0, 70)) == [("b", 0), ("a", 1), ("a", 2)]


def test_equal_times_go_by_source_then_seq() -> None:
    assert order(entry("b", 0, 5), entry("a", 1, 5), entry("a", 0, 5)) == [("a", 0), ("a", 1), ("b", 0)]


def test_unnumbered_entries_stand_at_their_own_time() -> None:
    assert order(entry("-", 0, 9), entry("-", 1, 3)) == [("-", 1), ("-", 0)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tel:+12025550142", "2025550142"),
        ("1-202-555-0142", "(202) 555 0142"),
        ("2025550142;ani=2025550101", "2025550142"),
        ("2025550142;postd=12", "2025550142"),
        ("Help-Desk", "help-desk"),
        ("1" * 30, "1" * 30),
    ],
)
def test_numbers_that_are_the_same(one: str, other: str) -> None:
    assert number_key(one) == number_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("0123", "123"), ("12345678901", "2345678902"), ("help-desk", "helpdesk"), ("100", "1000"), ("", "0")],
)
def test_numbers_that_differ(one: str, other: str) -> None:
    assert number_key(one) != number_key(other)


def test_no_number_is_no_key() -> None:
    assert number_key("") == ""


def test_mask_keeps_what_names_the_step_and_nothing_else() -> None:
    data = {"digits": "4321", "module_type": "read", "result_variable": "PIN"}
    kept = {"module_type": "read", "result_variable": "PIN", "private": True}
    assert mask("User input: 4321: (dtmf)", data) == ("User input: ••••", kept)
    assert mask("4321", data) == ("••••", kept)
    assert mask(*mask("User input: 4321", data)) == mask("User input: 4321", data)


def test_entry_text_is_compact_and_keeps_the_contracts_order() -> None:
    data = {"module_type": "read", "result_variable": "São"}
    text = entry_text(Kind.EVENT, 'say "x"', data, 7)
    assert list(json.loads(text)) == ["event", "class", "timestamp"]
    assert text.endswith('"result_variable":"São"}},"class":"event","timestamp":7}'.encode())


@pytest.mark.parametrize("good", ["300060;001;1529552581", "a/b c", "é" * 255, "...", "%41"])
def test_session_ids(good: str) -> None:
    assert is_session_id(good)


@pytest.mark.parametrize("bad", ["", ".", "..", "a\nb", "a\x7f", "a\x85", "x" * 256])
def test_what_is_no_session_id(bad: str) -> None:
    assert not is_session_id(bad)


def test_sources() -> None:
    assert is_source("asterisk@pbx1/7f3a9c")
    assert not is_source("")
    assert not is_source("x" * 129)
    assert not is_source("a\tb")
