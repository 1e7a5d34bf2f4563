"""A text that calls are searched for: the words and numbers their lines must hold, and what one line must.

Every character is taken as text: there are no operators. What stands in quotes, and an address with an `@`,
is also looked for as it is written, in one line, but for case, width and how much blank there is.
"""

import re
from collections.abc import Sequence

from ringlog.errors import BadInput
from ringlog.terms import Ways, asked, folded, terms

QUOTED = re.compile(r'"([^"]*)"')
AROUND = re.compile(r'[\s"<>(),;:]+')
"""Stands around an address."""


class Search:
    """Raises BadInput where `text` holds nothing that could be found."""

    def __init__(self, text: str) -> None:
        self.wanted: Sequence[Ways] = asked(text)
        if not self.wanted:
            raise BadInput("text holds no word and no number to search for.")
        plain = AROUND.split(QUOTED.sub(" ", text))
        literal = [*QUOTED.findall(text), *(part.strip(".") for part in plain if "@" in part)]
        self._phrases = {_plain(phrase) for phrase in literal if terms(phrase)}

    def place(self, lines: Sequence[str]) -> int | None:
        """Of a call's lines, where the first stands that shows best why it is found; None: it is not."""
        if not self._is_held(terms("\n".join(lines))):
            return None
        if self._phrases:
            return self._with_phrases(lines)
        return max(range(len(lines)), key=lambda place: self._count(lines[place]))

    def _with_phrases(self, lines: Sequence[str]) -> int | None:
        missing, first = set(self._phrases), None
        for place, line in enumerate(lines):
            plain = _plain(line)
            if there := {phrase for phrase in missing if phrase in plain}:
                first = place if first is None else first
                missing -= there
                if not missing:
                    return first
        return None

    def _is_held(self, known: set[str]) -> bool:
        return all(any(way <= known for way in ways) for ways in self.wanted)

    def _count(self, line: str) -> int:
        known = terms(line)
        return sum(any(way <= known for way in ways) for ways in self.wanted)


def _plain(text: str) -> str:
    return " ".join(folded(text).split())
