"""docs/asterisk.md quotes what logs really say, and its snippets are right."""

import configparser
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringlog.client.cap import Cap
from ringlog.model import Entry
from ringlog.wire.asterisk import Message
from ringlog.wire.asterisk.events import EVENTS
from ringlog.wire.asterisk.gaps import Reason
from tests.wire.asterisk.transcripts import RECORDINGS, STREAMS, messages, of_stream

PAGE = (Path(__file__).parent.parent / "docs" / "asterisk.md").read_text()
QUOTED = re.compile(r"`([^`]+)`")


def logs() -> list[list[str]]:
    """The lines of every recorded call, each after its class; they are what its expected log holds."""
    said = [log for stream in STREAMS for log in of_stream(stream).values()]
    return [[f"{item.kind} {item.line}" for item in log if isinstance(item, Entry)] for log in said]


def rows() -> Iterator[tuple[str, list[str]]]:
    """What is quoted in each row of the table."""
    table = PAGE.partition("| recorded: class and line |\n")[2].partition("\n\n")[0]
    for row in table.splitlines()[1:]:
        what, recorded = row.removeprefix("| ").removesuffix(" |").split(" | ")
        yield what, QUOTED.findall(recorded)


def in_order(quoted: list[str], said: list[str]) -> bool:
    rest = iter(said)
    return all(line in rest for line in quoted)


def test_what_the_page_quotes_stands_in_an_expected_log_in_that_order() -> None:
    known = logs()
    for what, quoted in rows():
        assert quoted, what
        assert any(in_order(quoted, said) for said in known), (what, quoted)


def test_every_sentence_about_a_gap_is_explained() -> None:
    part = PAGE.partition("\n## Gaps\n")[2].partition("\n## ")[0]
    cap = Cap(0)
    for _ in range(7):
        cap.leave_out("1.1")
    note = cap.note("1.1", 0)
    assert note
    said = {f"Log incomplete: {reason}": reason.by for reason in Reason} | {note.line: None}
    explained = dict(re.findall(r"^\| `(Log incomplete: [^`]+)` \| .* \| (.*) \|$", part, re.MULTILINE))
    assert explained.keys() == said.keys()
    for line, by in said.items():
        assert explained[line] in {f"`{by}`", "as it does"}


def snippets(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


@pytest.fixture
def manager() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(inline_comment_prefixes=(";",))
    parser.read_string(next(text for text in snippets("ini") if "[ringlog]" in text))
    return parser


def test_the_manager_user_may_hear_every_event_that_is_read(manager: configparser.ConfigParser) -> None:
    granted = set(manager["ringlog"]["read"].split(","))
    needed = {
        message.get("Privilege").partition(",")[0]
        for stream in ("asterisk", "asterisk-2")
        for message in messages((RECORDINGS / stream / "ami.txt").read_bytes())
        if isinstance(message, Message) and message.name in {*EVENTS, "FullyBooted", "Shutdown"}
    }
    assert needed - {""} == granted
    assert manager["general"].getboolean("timestampevents")
