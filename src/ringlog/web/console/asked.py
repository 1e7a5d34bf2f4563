"""Which part of a call's timeline an address asks for, and the address of another part."""

from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

from ringlog.errors import BadInput
from ringlog.model import Kind
from ringlog.timeline import EVERYTHING, Only
from ringlog.web.numbers import whole_number

LEG = "leg:"
"""Before a leg's name in the address: `leg=` alone is every leg, `leg=caller` his own steps."""
CALLER = "caller"


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields are the address's keys, but for `kinds`, which is `class` there."""

    kinds: frozenset[Kind] = frozenset()
    """Empty: all."""
    source: str = ""
    leg: str = ""
    at: int | None = None
    """The arrival number of an entry that must be seen."""
    open: tuple[int, ...] = ()
    """Arrival numbers of the first entries of loops that are not folded."""
    page: int = 0
    """From 1; 0: the one that fits."""

    @classmethod
    def of(cls, query: bytes) -> Self:
        """What an address's query asks. Unknown keys are ignored. Raises BadInput."""
        given = parse_qsl(query.decode("latin-1"), errors="replace")
        one = dict(given)
        return cls(
            kinds=frozenset(kind(value) for key, value in given if key == "class"),
            source=one.get("source", ""),
            leg=one.get("leg", ""),
            at=whole_number("at", one["at"]) if one.get("at") else None,
            open=tuple(whole_number("open", value) for key, value in given if key == "open"),
            page=whole_number("page", one["page"]) if one.get("page") else 0,
        )

    @property
    def only(self) -> Only:
        if not self.is_filter:
            return EVERYTHING
        leg = None if not self.leg else "" if self.leg == CALLER else self.leg.removeprefix(LEG)
        return Only(self.kinds or frozenset(Kind), self.source or None, leg)

    @property
    def is_filter(self) -> bool:
        return bool((self.kinds and self.kinds != frozenset(Kind)) or self.source or self.leg)

    def address(self, **changes: Any) -> str:
        """The same with changes, as a reference relative to the call's page."""
        changed = replace(self, **changes)
        pairs: list[tuple[str, object]] = [("class", kind.value) for kind in sorted(changed.kinds)]
        pairs += [("open", arrival) for arrival in changed.open]
        pairs += [(key, getattr(changed, key)) for key in ("source", "leg", "at", "page")]
        return "?" + urlencode(
            [(key, value) for key, value in pairs if value not in {None, ""} and (key, value) != ("page", 0)]
        )


def kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        raise BadInput(f"class takes {', '.join(Kind)}, not {text[:100]!r}.") from None
