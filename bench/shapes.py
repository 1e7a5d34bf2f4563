"""The shapes of recorded entries: real calls through the translator, with slots where calls differ."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from tests.wire.asterisk.transcripts import of_stream

from ringlog.model import Entry, Kind

STREAMS = ("asterisk", "asterisk-2")
OPEN, CLOSE = "\ue000", "\ue001"
"""Around a slot's name until the text is JSON."""

SLOTS = (
    (re.compile(r"[\w.]+@[\w-]+\.[\w.]+"), "email"),
    (re.compile(r"\+?\b\d{10,11}\b(?!\.\d)"), "number"),
    (re.compile(r"\b\d{10}\.\d+"), "unique_id"),
    (re.compile(r"(?<=-)[0-9a-f]{8}\b"), "channel"),
    (re.compile(r"\b\d+\.\d+ (?=s\b)"), "seconds"),
    (re.compile(r"\b(?:Sylvia|Hank|Bella|Zoë)\b"), "person"),
    (re.compile(r"São Paulo.*|This is the (?:subject|body)\.?|too many tries|pin refused twice"), "sentence"),
    (re.compile(r"(?<=User input: )\d+"), "keys"),
    (re.compile(r"(?<=prompts/)[\w-]+|\bhello-world\b|\ball-circuits-busy-now\b"), "prompt"),
    (re.compile(r'(?<=application ")[^"]+|(?<=CALL_APP = ).+|(?<=app=).+'), "application"),
)
"""What a call fills in for itself. Everything else of a line is the application's and stays."""

FREE_TEXT = frozenset({"Subject", "Body", "Text", "Error", "City", "Last"})


class Shape(NamedTuple):
    """An entry's class and, as a `%` template, the JSON of its event."""

    kind: Kind
    event: str


@cache
def recorded() -> tuple[tuple[Shape, ...], ...]:
    """The recorded calls of at least three entries, each as the shapes of its entries."""
    calls = [said for stream in STREAMS for said in of_stream(stream).values()]
    found = [tuple(shape(one) for one in said if isinstance(one, Entry)) for said in calls]
    return tuple(call for call in found if len(call) >= 3)


def shape(entry: Entry) -> Shape:
    event = {"line": slotted(entry.line), "data": _data(entry.data)}
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":")).replace("%", "%%")
    return Shape(entry.kind, text.replace(OPEN, "%(").replace(CLOSE, ")s"))


def slotted(text: str) -> str:
    for pattern, name in SLOTS:
        text = pattern.sub(f"{OPEN}{name}{CLOSE}", text)
    return text


def _data(data: Mapping[str, Any]) -> dict[str, Any]:
    filled = {key: slotted(value) if isinstance(value, str) else value for key, value in data.items()}
    return {key: f"{OPEN}sentence{CLOSE}" if key in FREE_TEXT else value for key, value in filled.items()}
