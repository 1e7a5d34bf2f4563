"""An entry, decoded, and the words people read of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from ringlog.model import Kind, StoredEntry


@dataclass(frozen=True, slots=True)
class Line:
    """An entry, decoded."""

    source: str
    seq: int
    arrival: int
    time_us: int
    kind: Kind
    text: str
    """Its line; of a prompt what is played, without a verb."""
    data: Mapping[str, Any]

    @property
    def module(self) -> str:
        return str(self.data["module_type"])

    @property
    def place(self) -> str:
        """Where in the application it happened: the step's `result_variable`."""
        return str(self.data["result_variable"])

    @property
    def leg(self) -> str:
        """The dialled leg it tells of, as dialled; empty for the caller's own steps."""
        return self._text("leg")

    @property
    def state(self) -> str:
        """What became of its leg: `dialling`, `ringing`, `answered`, `hold` or `ended`."""
        return self._text("state")

    @property
    def member(self) -> str:
        """Whom a queue calls its leg."""
        return self._text("member")

    @property
    def dials(self) -> bool:
        """It says that a leg, or several at once, are dialled."""
        return self.state == "dialling"

    @property
    def on_leg(self) -> bool:
        """It tells of what the leg does; that one is dialled is the caller's own step."""
        return bool(self.leg) and not self.dials

    @property
    def waits(self) -> bool:
        """It waits for input."""
        return "waits" in self.data

    @property
    def is_input(self) -> bool:
        """It says what the caller gave."""
        return self.text.startswith("User input")

    @property
    def private(self) -> bool:
        return self.data.get("private") is True

    @property
    def said(self) -> str:
        """The line as people read it."""
        return f"Playing {self.text}" if self.kind == Kind.PROMPT else self.text

    @property
    def behind(self) -> str:
        """The one value behind a line that answers the next question: who ended it, with which cause."""
        by, cause = self._text("by"), self.data.get("cause")
        if not by or "(" in self.text:
            return ""
        return f"by {by}, {cause}" if isinstance(cause, int) else f"by {by}"

    def _text(self, key: str) -> str:
        value = self.data.get(key)
        return value if isinstance(value, str) else ""


class _Event(msgspec.Struct):
    line: str
    data: dict[str, Any]


class _Entry(msgspec.Struct):
    event: _Event
    kind: Kind = msgspec.field(name="class")


_entry = msgspec.json.Decoder(_Entry)


def decoded(entry: StoredEntry) -> Line:
    body = _entry.decode(entry.text)
    return Line(
        entry.source, entry.seq, entry.arrival, entry.time_us, body.kind, body.event.line, body.event.data
    )
