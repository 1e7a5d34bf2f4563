"""What callers enter in confidence, kept out of everything their call's log says."""

import re
from collections.abc import Iterable
from typing import TypeVar

from ringlog.model import MASK

T = TypeVar("T")

MAX_VALUES = 200
"""Secret values remembered for one call; the oldest is forgotten."""
TYPED = 3
"""Fewer digits than that stand everywhere; masking them all would leave nothing to read."""
WORD = 4
"""A secret with letters in it is looked for inside longer texts from this length on."""
_WRAPPED = re.compile(r"[A-Z_]+\((.*)\)", re.DOTALL)


class Secrets:
    """The private variables of one call, and the values they had."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(name.upper() for name in names)
        self._values: dict[str, None] = {}
        self._pattern: re.Pattern[str] | None = None
        self._typed = ""
        self.asked = False
        """Something private was asked for: what is typed from now on may be a part of it."""
        self.switched_on = False
        """The dialplan itself says that what is typed now is private."""

    def is_private(self, variable: str) -> bool:
        """True for a private variable, also as `__PIN` or `LOCAL(PIN)`."""
        wrapped = _WRAPPED.fullmatch(variable)
        return (wrapped[1] if wrapped else variable).lstrip("_").upper() in self._names

    def remember(self, value: str) -> None:
        """Masks this value wherever it occurs in the rest of the call."""
        value = value.strip()
        if not value or value in self._values:
            return
        if len(self._values) >= MAX_VALUES:
            del self._values[next(iter(self._values))]
        self._values[value] = None
        self._pattern = re.compile("|".join(_found(v) for v in sorted(self._values, key=len, reverse=True)))

    def typed(self, digits: str) -> None:
        """Masks what was typed in confidence; typed digit by digit, what the digits make together."""
        self._typed = self._typed + digits if self.switched_on else digits
        if len(self._typed) >= TYPED:
            self.remember(self._typed)
            self.remember(self._typed.strip("#*"))

    def switch(self, *, on: bool) -> None:
        """`Set(RINGLOG_PRIVATE=1)` and `=0`."""
        self.switched_on = on
        self.asked |= on
        self._typed = ""

    def cleaned(self, value: T) -> T:
        """The same text, each secret masked where it stands as a whole run of digits, or as a whole."""
        if self._pattern is None or not isinstance(value, str):
            return value
        return self._pattern.sub(MASK, value)  # pyright: ignore[reportReturnType] - T is str here


def _found(value: str) -> str:
    escaped = re.escape(value)
    if value.isdigit():
        return rf"(?<![0-9]){escaped}(?![0-9])"
    if len(value) >= WORD:
        return rf"(?<![0-9A-Za-z]){escaped}(?![0-9A-Za-z])"
    return rf"\A{escaped}\Z"
