"""What is indexed of a call: the words of its lines, and facets of whose and of what kind its entries are."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from ringlog.store.sqlite.day.decoded import Entry
from ringlog.terms import ACCOUNT, KIND, MODULE_TYPE, facet, terms


class FullText(NamedTuple):
    """Terms with blanks between them."""

    words: str
    facets: str


def full_text(account_id: int, entries: Sequence[Entry]) -> FullText:
    """Of a call's entries; their order makes no difference."""
    words = terms("\n".join([entry.event.line for entry in entries]))
    kinds = frozenset([(entry.kind, entry.event.data.module_type) for entry in entries])
    return FullText(" ".join(words), _facets(account_id, kinds))


@lru_cache(4096)
def _facets(account_id: int, kinds: frozenset[tuple[str, str]]) -> str:
    """Remembered, because applications make the same kinds of calls again and again."""
    facets = {facet(KIND, kind) for kind, _ in kinds} | {facet(MODULE_TYPE, module) for _, module in kinds}
    return " ".join([facet(ACCOUNT, str(account_id)), *facets])
