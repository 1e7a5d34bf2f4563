"""What `ringlog doctor` looks at in each call. A new check joins CHECKS."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ringlog.errors import StoreDamaged
from ringlog.model import MICROSECONDS, RESERVED_SOURCE, StoredEntry
from ringlog.store.sqlite.calls.reading import union
from ringlog.store.sqlite.day.codec import Chunk, Frame
from ringlog.store.sqlite.index.call_index import FROM_ENTRY, IndexedCall

ERROR = re.compile(rb'"class":"error","timestamp":-?\d+\}\Z')
"""How the text of an `error` entry ends."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A call's row, and all its entries from the catalogue and the Day."""

    call: IndexedCall
    entries: Sequence[StoredEntry]


Check = Callable[[Examined], Iterator[str]]


def findings(
    call: IndexedCall, chunks: list[Chunk], frame: tuple[int, bytes] | None, catalogue: Path, day: Path
) -> Iterator[str]:
    """What is wrong with a call, in sentences that name the file. `frame` is its arrival and its bytes."""
    named = f"call {call.session_id!r}"
    if call.gone or call.deleted:
        if frame:
            yield f"{day}: it still holds the entries of {named}, which were dropped."
        return
    if call.sealed_arrival and (not frame or frame[0] < call.sealed_arrival):
        yield f"{day}: sealed entries of {named} are missing."
        return
    file = day
    try:
        sealed = Frame(frame[1]).entries() if frame else []
        file = catalogue
        entries = union([entry for chunk in chunks for entry in chunk.entries()], sealed)
    except StoreDamaged:
        yield f"{file}: entries of {named} cannot be read."
        return
    for check in CHECKS:
        for finding in check(Examined(call, entries)):
            yield f"{catalogue}: {named} {finding}."


def counts(examined: Examined) -> Iterator[str]:
    call, entries = examined.call, examined.entries
    if call.entries != len(entries):
        yield f"should have {call.entries:,} entries and has {len(entries):,}"
    errors = sum(1 for entry in entries if ERROR.search(entry.text))
    if call.errors != errors:
        yield f"should have {call.errors:,} errors and has {errors:,}"
    size = sum(len(entry.text) for entry in entries if entry.source != RESERVED_SOURCE)
    if call.bytes != size:
        yield f"should have {call.bytes:,} bytes of entries and has {size:,}"


def times(examined: Examined) -> Iterator[str]:
    call = examined.call
    found = [entry.time_us for entry in examined.entries]
    if call.last_us != max(found, default=None):
        yield "names another time of its last entry than that has"
    if call.start_from == FROM_ENTRY and call.start_s != min(found, default=0) // MICROSECONDS:
        yield "does not start with its first entry"


def arrivals(examined: Examined) -> Iterator[str]:
    found = [entry.arrival for entry in examined.entries]
    if len(set(found)) < len(found):
        yield "has two entries of the same arrival number"
    if max(found, default=0) >= examined.call.next_arrival:
        yield "has an entry whose arrival number is still to come"


CHECKS: tuple[Check, ...] = (counts, times, arrivals)
