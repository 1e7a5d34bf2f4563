"""What a query asks of a call's entries: as an expression for a Day's index, and to a call's opened text."""

from collections.abc import Sequence
from typing import NamedTuple

from ringlog.model import CallQuery
from ringlog.search import Search
from ringlog.store.sqlite.day.decoded import Entry, decoded
from ringlog.terms import ACCOUNT, KIND, MODULE_TYPE, Ways, facet

MAX_WANTED = 32
"""Of so many words and numbers, the longest, the index is asked; the text is asked of all."""


class Shown(NamedTuple):
    """The entry that shows why a call is found; without a text to search for, none does."""

    place: int | None = None
    """Among the call's entries, in Order."""
    line: str | None = None


class Sought:
    """Raises BadInput where the query's text holds nothing that could be found."""

    def __init__(self, account_id: int, query: CallQuery) -> None:
        self._query = query
        self._search = Search(query.text) if query.text.strip() else None
        self._module = facet(MODULE_TYPE, query.module_type) if query.module_type else None
        self.expression = " AND ".join([_quoted(facet(ACCOUNT, str(account_id))), *self._indexed()])
        """In the language of FTS5: quoted terms, so that nothing of the text means anything in it."""

    def _indexed(self) -> Sequence[str]:
        facets = [self._module] if self._module else []
        if self._query.kind:
            facets.append(facet(KIND, self._query.kind))
        wanted = sorted(self._search.wanted, key=_length, reverse=True) if self._search else []
        return [*map(_quoted, facets), *map(_expression, wanted[:MAX_WANTED])]

    def shown(self, text: bytes) -> Shown | None:
        """What to show of a call with these entries; None: it is not found. Raises StoreDamaged."""
        entries = decoded(text)
        if not self._is_of_kind(entries):
            return None
        if not self._search:
            return Shown()
        place = self._search.place([entry.event.line for entry in entries])
        return None if place is None else Shown(place, entries[place].event.line)

    def _is_of_kind(self, entries: Sequence[Entry]) -> bool:
        kind, module = self._query.kind, self._module
        return (not kind or any(entry.kind == kind for entry in entries)) and (
            not module or any(facet(MODULE_TYPE, entry.event.data.module_type) == module for entry in entries)
        )


def _length(ways: Ways) -> int:
    """Of the longest term that a call without it need not be looked at for."""
    return min(max(map(len, way)) for way in ways)


def _expression(ways: Ways) -> str:
    every = (" AND ".join(map(_quoted, sorted(way))) for way in ways)
    return f"({' OR '.join(f'({one})' for one in every)})"


def _quoted(term: str) -> str:
    return f'"{term}"'
