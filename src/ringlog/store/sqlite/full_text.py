"""What is indexed of a call: the words of its lines, and facets of whose and of what kind its entries are."""

from functools import lru_cache
from typing import NamedTuple

import msgspec

from ringlog.errors import StoreDamaged
from ringlog.terms import ACCOUNT, KIND, MODULE_TYPE, facet, terms


class FullText(NamedTuple):
    """Terms with blanks between them."""

    words: str
    facets: str


class _Data(msgspec.Struct, gc=False):
    module_type: str = ""


class _Event(msgspec.Struct, gc=False):
    line: str
    data: _Data


class _Entry(msgspec.Struct, gc=False):
    event: _Event
    kind: str = msgspec.field(name="class")


_entries = msgspec.json.Decoder(list[_Entry])


def full_text(account_id: int, text: bytes) -> FullText:
    """Of entries' JSON, joined by commas; their order makes no difference. Raises StoreDamaged."""
    try:
        entries = _entries.decode(b"[%b]" % text)
    except msgspec.MsgspecError as error:
        raise StoreDamaged from error
    words = terms("\n".join([entry.event.line for entry in entries]))
    kinds = frozenset([(entry.kind, entry.event.data.module_type) for entry in entries])
    return FullText(" ".join(words), _facets(account_id, kinds))


@lru_cache(4096)
def _facets(account_id: int, kinds: frozenset[tuple[str, str]]) -> str:
    """Remembered, because applications make the same kinds of calls again and again."""
    facets = {facet(KIND, kind) for kind, _ in kinds} | {facet(MODULE_TYPE, module) for _, module in kinds}
    return " ".join([facet(ACCOUNT, str(account_id)), *facets])
