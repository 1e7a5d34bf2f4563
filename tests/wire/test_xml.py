"""XML says what the JSON says, and is well-formed whatever stands in it."""

import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from xml.parsers import expat

import msgspec
import pytest
from hypothesis import given

from ringlog.wire.xml import document, element_name, entries_xml, fragment
from tests.wire.values import VALUES, Number, read, unhurried, written

CONTRACT = Path(__file__).parent.parent / "contract"
FIFTH_EDITION = (
    "A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
NAME = re.compile(f"[{FIFTH_EDITION}][{FIFTH_EDITION}.0-9\xb7\u0300-\u036f\u203f\u2040-]*")
"""XML 1.0, fifth edition, productions 4, 4a and 5, without the colon."""


def tree(text: bytes, *, indented: bool = False) -> Any:
    def node(element: ET.Element) -> Any:
        assert not element.attrib
        assert indented or not element.tail
        inside = [node(child) for child in element]
        return element.tag, inside or (element.text or "")

    return node(ET.fromstring(text))


def wanted(name: str, value: Any) -> Any:
    """The tree that the contract asks for."""
    if isinstance(value, dict) and value:
        return name, [wanted(element_name(key), inner) for key, inner in value.items()]
    if isinstance(value, list) and value:
        return name, [wanted("item", inner) for inner in value]
    if value is None or value in ([], {}):
        return name, ""
    if isinstance(value, bool):
        return name, "true" if value else "false"
    return name, "".join(c if allowed(c) else "\ufffd" for c in str(value))


def allowed(c: str) -> bool:
    """XML 1.0, production 2."""
    return c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000"


def compact(name: str) -> bytes:
    return msgspec.json.format((CONTRACT / name).read_bytes(), indent=-1)


def test_the_published_call_in_xml_is_the_published_call_in_json() -> None:
    made = entries_xml(compact("call.json")[1:-1])
    # The two published files differ in this address.
    published = (CONTRACT / "call.xml").read_bytes().replace(b"test@plum", b"tests@plum")
    assert tree(made) == tree(published, indented=True)
    assert made.startswith(b'<?xml version="1.0"?><result><item>')


def test_the_published_error_in_xml_is_the_published_error_in_json() -> None:
    made = document(json.loads((CONTRACT / "call-not-found.json").read_bytes()))
    assert tree(made) == tree((CONTRACT / "call-not-found.xml").read_bytes(), indented=True)
    assert made == b'<?xml version="1.0"?><result><error>No call log was found.</error></result>'


@pytest.mark.parametrize("name", ["all_logs.json", "calls.json"])
def test_the_published_lists_keep_every_row(name: str) -> None:
    published = (CONTRACT / name).read_bytes()
    assert tree(document(json.loads(published))) == wanted("result", read(published))


def test_all_logs_can_be_written_row_by_row() -> None:
    published = json.loads((CONTRACT / "all_logs.json").read_bytes())
    rows = [{**row, "detail": msgspec.Raw(json.dumps(row["detail"]).encode())} for row in published["calls"]]
    streamed = b"".join(fragment("item", row) for row in rows)
    assert b"<calls>%b</calls>" % streamed in document(published)


def test_nothing_at_all_is_an_empty_result() -> None:
    assert entries_xml(b"") == document([]) == document({}) == b'<?xml version="1.0"?><result/>'


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("1st", "_1st"),
        ("a b", "a_b"),
        ("", "_"),
        ("xml", "_xml"),
        ("XmLdata", "_XmLdata"),
        ("xm", "xm"),
        ("sip:to", "sip_to"),
        ("-a", "_-a"),
        (".", "_."),
        ("größe", "größe"),
        ("日本", "日本"),
        ("a\x00\ufffe]]>", "a_____"),
        ("\ud800", "_"),
        ("😀", "_"),
        ("module_type", "module_type"),
    ],
)
def test_a_key_that_is_no_name_gets_one(key: str, name: str) -> None:
    assert element_name(key) == name


def test_every_name_is_one_in_every_edition() -> None:
    parser = expat.ParserCreate(encoding="utf-8")
    parser.Parse(b"<names>")
    for code in (*range(0x11000), *range(0x11000, sys.maxunicode, 997)):
        first, later = element_name(chr(code)), element_name("a" + chr(code))
        assert NAME.fullmatch(first), hex(code)
        assert NAME.fullmatch(later), hex(code)
        if first != "_" or later != "a_":
            parser.Parse(f"<{first}/><{later}/>".encode())  # expat keeps to the fourth
    parser.Parse(b"</names>", 1)


@pytest.mark.parametrize(
    "text",
    ["1.0", "1e5", "1E+22", "-0", "-0.0", "0.10", "123456789012345678901234567890", "9" * 5000, "1e400"],
)
def test_a_number_keeps_its_text(text: str) -> None:
    made = entries_xml(b'{"x":%b},%b' % (text.encode(), text.encode()))
    assert tree(made) == ("result", [("item", [("x", text)]), ("item", text)])


def test_what_xml_cannot_say_is_replaced_and_what_it_would_change_is_kept() -> None:
    line = "a\x00\x1b[31m\ufffe\uffff]]>&<b>\r\n\t\x85\u2028 \ud800 é😀"
    said = "a\ufffd\ufffd[31m\ufffd\ufffd]]>&<b>\r\n\t\x85\u2028 \ufffd é😀"
    assert tree(document({"line": line})) == ("result", [("line", said)])
    assert tree(entries_xml(json.dumps(line).encode())) == ("result", [("item", said)])
    assert b"]]>" not in document(line)


def test_keys_that_come_out_alike_are_both_there() -> None:
    assert tree(document({"a b": 1, "a_b": 2})) == ("result", [("a_b", "1"), ("a_b", "2")])


def test_values_of_programs_have_their_json_text() -> None:
    assert document({"a": 1.5, "b": True, "c": 2**70, "d": None, "e": float("nan")}) == (
        b'<?xml version="1.0"?><result><a>1.5</a><b>true</b><c>1180591620717411303424</c><d/><e/></result>'
    )


def test_the_deepest_nesting_that_is_taken_comes_out() -> None:
    text = b'{"a":' * 32 + b"[" * 32 + b"1" + b"]" * 32 + b"}" * 32
    assert tree(entries_xml(text))[0] == "result"


@unhurried
@given(VALUES)
def test_any_json_is_well_formed_and_says_the_same(value: Any) -> None:
    text = written(value)
    assert tree(entries_xml(text.encode())) == wanted("result", [read(text)])


@unhurried
@given(VALUES.filter(lambda value: not isinstance(value, Number)))
def test_a_document_of_values_says_the_same(value: Any) -> None:
    assert tree(document(value)) == wanted("result", value)
