"""What is indexed of a call: the words of its lines, and facets of whose and of what kind its entries are."""

from typing import NamedTuple

import msgspec

from ringlog.errors import StoreDamaged
from ringlog.terms import ACCOUNT, KIND, MODULE_TYPE, facet, terms


class FullText(NamedTuple):
    """Terms with blanks between them."""

    words: str
    facets: str


class _Data(msgspec.Struct):
    module_type: str = ""


class _Event(msgspec.Struct):
    line: str
    data: _Data


class _Entry(msgspec.Struct):
    event: _Event
    kind: str = msgspec.field(name="class")


_entries = msgspec.json.Decoder(list[_Entry])


def full_text(account_id: int, text: bytes) -> FullText:
    """Of entries' JSON, joined by commas; their order makes no difference. Raises StoreDamaged."""
    try:
        entries = _entries.decode(b"[%b]" % text)
    except msgspec.MsgspecError as error:
        raise StoreDamaged from error
    facets = {facet(KIND, entry.kind) for entry in entries}
    facets.update(facet(MODULE_TYPE, entry.event.data.module_type) for entry in entries)
    facets.add(facet(ACCOUNT, str(account_id)))
    words = terms("\n".join([entry.event.line for entry in entries]))
    return FullText(" ".join(words), " ".join(facets))
