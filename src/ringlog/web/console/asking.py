"""What the list's filter bar asks for: the native filters (`web/filters.py`), a period, a search box."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from ringlog.errors import BadInput
from ringlog.model import CallQuery
from ringlog.terms import asked
from ringlog.web.filters import call_query

PERIODS: Mapping[str, tuple[str, int]] = {
    "hour": ("Last hour", 3600),
    "day": ("Last 24 hours", 86_400),
    "days": ("Last 5 days", 5 * 86_400),
    "month": ("Last 30 days", 30 * 86_400),
}
"""What a period is called, and its seconds."""

FILTERS = ("period", "since", "until", "number", "state", "application", "type", "class", "module_type", "q")
NUMBER = re.compile(r"\+?[0-9 ().-]+")
FEWEST_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """Filters as an address names them, but for those left open."""

    given: Mapping[str, str]

    @property
    def text(self) -> str:
        """What stands in the search box."""
        return self.given.get("q", "")

    @property
    def is_number(self) -> bool:
        """Whether that reads as a telephone number: then it means a side of the call, not its lines."""
        return NUMBER.fullmatch(self.text) is not None and sum(map(str.isdigit, self.text)) >= FEWEST_DIGITS

    @property
    def is_signs(self) -> bool:
        """Whether it holds nothing that lines could be searched for."""
        return bool(self.text) and not asked(self.text)

    def query(self, now_s: int, limit: int) -> CallQuery:
        """Raises BadInput naming the filter whose value means nothing."""
        return replace(call_query(self._native(now_s)), limit=limit)

    def followed(self, now_s: int, limit: int) -> str | None:
        """The address that tells what changes in this list; None where that asks for more than rows tell."""
        if self.query(now_s, limit).searches:
            return None
        return address("/v1/follow", {**self._native(now_s), "limit": str(limit)})

    def _native(self, now_s: int) -> dict[str, str]:
        native = {name: value for name, value in self.given.items() if name not in {"period", "q"}}
        if self.text:
            native["number" if self.is_number else "text"] = self.text
        if period := self.given.get("period"):
            if period not in PERIODS:
                raise BadInput(f"period must be one of {', '.join(PERIODS)}.")
            native["since"] = str(now_s - PERIODS[period][1])
        return native


def asked_for(parameters: Mapping[str, str]) -> Asked:
    given = {name: parameters[name].strip() for name in FILTERS if name in parameters}
    return Asked({name: value for name, value in given.items() if value})


def address(path: str, parameters: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(parameters)}" if parameters else path
