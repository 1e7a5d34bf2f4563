"""What callers enter in confidence, kept out of everything their call's log says."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from ringlog.model import MASK
from ringlog.wire.asterisk.running import may_run
from ringlog.wire.asterisk.wording import arguments as parts

T = TypeVar("T")

MAX_VALUES = 200
"""Secret values remembered for one call; the oldest is forgotten."""
TYPED = 3
"""Fewer digits than that stand everywhere; masking them all would leave nothing to read."""
TOGETHER = 64
"""So many of the last keys are looked at together."""
WORD = 4
"""A secret with letters in it is looked for inside longer texts from this length on."""
SWITCH = "RINGLOG_PRIVATE"
ASKING: Mapping[str, int | None] = {
    "authenticate": 0,
    "confbridge": None,
    "disa": 0,
    "meetme": 2,
    "vmauthenticate": None,
    "voicemailmain": None,
}
"""Asterisk's own applications that ask for a secret, and which of their arguments is one."""
PERHAPS = frozenset({"confbridge", "meetme"})
"""Those that do so only where their configuration has one: no event tells."""
_WRAPPED = re.compile(r"[A-Z_]+\((.*)\)", re.DOTALL)
_SHORT = re.compile(rf"(?<![0-9])[0-9]{{1,{TYPED - 1}}}(?![0-9])")


class Secrets:
    """The private variables of one call, and the values they had."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(name.upper() for name in names)
        self._values: dict[str, None] = {}
        self._pattern: re.Pattern[str] | None = None
        self._typed = ""
        self._into: object = None
        self.asked = False
        """Something private was asked for: what is typed from now on may be a part of it."""
        self.switched_on = False
        """The dialplan itself says that what is typed now is private."""

    def is_private(self, variable: str) -> bool:
        """True for a private variable, also as `__PIN`, `LOCAL(PIN)` or one of `ARRAY(PIN,CARD)`."""
        wrapped = _WRAPPED.fullmatch(variable.strip())
        names = wrapped[1].split(",") if wrapped else [variable]
        return any(name.strip().lstrip("_").upper() in self._names for name in names)

    def given(self, application: str, arguments: str) -> bool:
        """An application begins: remembers what its arguments tell in confidence, before any variable does.

        True if they do, or if what is typed into it is private; also where it may run another that is so.
        """
        private = [run for run in may_run(application, arguments) if self._given(*run)]
        self.asked |= any(name not in PERHAPS for name, _ in private)
        return bool(private)

    def _given(self, application: str, arguments: str) -> bool:
        if application in {"set", "mset"}:
            pairs = arguments.split(",") if application == "mset" else [arguments]
            private = [self._assigned(pair) for pair in pairs]
            return any(private)
        if application in {"read", "readexten"}:
            return self.is_private(arguments.partition(",")[0])
        if application not in ASKING:
            return False
        code = ASKING[application]
        if code is not None:
            self.remember(parts(arguments)[code])
        return True

    def _assigned(self, pair: str) -> bool:
        name, _, value = pair.partition("=")
        if private := self.is_private(name):
            self.set(name, value)
        return private

    def set(self, variable: str, value: str) -> None:
        """A private variable has this value; one of `ARRAY(PIN,CARD)` has a part of it."""
        self.asked = True
        self.remember(value)
        if "," in variable:
            for part in value.split(","):
                self.remember(part)

    def remember(self, value: str) -> None:
        """Masks this value wherever it occurs in the rest of the call."""
        value = value.strip()
        if not value or value in self._values:
            return
        if len(self._values) >= MAX_VALUES:
            del self._values[next(iter(self._values))]
        self._values[value] = None
        self._pattern = re.compile("|".join(_found(v) for v in sorted(self._values, key=len, reverse=True)))

    def typed(self, digits: str, into: object) -> None:
        """Masks what was typed in confidence, and what it makes together with what was typed before.

        That belongs to it if it was typed into the same step, or while the dialplan says that all is private.
        """
        if into is not self._into and not self.switched_on:
            self._typed = ""
        self._into = into
        self._typed = (self._typed + digits)[-TOGETHER:]
        for text in (digits, self._typed, *self._typed.split("#")):
            if len(bare := text.strip("#*")) >= TYPED:
                self.remember(text)
                self.remember(bare)

    def switch(self, *, on: bool) -> None:
        """`Set(RINGLOG_PRIVATE=1)` and `=0`; saying it twice changes nothing."""
        self.asked |= on
        if on != self.switched_on:
            self.switched_on = on
            self._typed = ""

    def join(self, other: "Secrets") -> None:
        """A channel of another call comes into this one, and what it knows with it."""
        self.asked |= other.asked
        self.switched_on |= other.switched_on
        for value in other._values:
            self.remember(value)

    def cleaned(self, value: T) -> T:
        """The same text, each secret masked where it stands as a whole run of digits, or as a whole."""
        if self._pattern is None or not isinstance(value, str):
            return value
        return self._pattern.sub(MASK, value)  # pyright: ignore[reportReturnType] - T is str here

    def cleaned_text(self, value: T) -> T:
        """While the dialplan says that all is private, one or two of the digits typed are masked as well.

        Not for what names a step: there they would hide where it stands in the dialplan.
        """
        if not (self.switched_on and self._typed and isinstance(value, str)):
            return self.cleaned(value)
        short = _SHORT.sub(lambda run: MASK if run[0] in self._typed else run[0], value)
        return self.cleaned(short)  # pyright: ignore[reportReturnType] - T is str here


def _found(value: str) -> str:
    escaped = re.escape(value)
    if value.isdigit():
        return rf"(?<![0-9]){escaped}(?![0-9])"
    if len(value) >= WORD:
        return rf"(?<![0-9A-Za-z]){escaped}(?![0-9A-Za-z])"
    return rf"\A{escaped}\Z"
