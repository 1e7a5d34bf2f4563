"""What `ringlog doctor` looks at in each call. A new check joins CHECKS."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ringlog.errors import StoreDamaged
from ringlog.model import MICROSECONDS, StoredEntry
from ringlog.store.sqlite.calls.reading import entries_of, twice, union
from ringlog.store.sqlite.day.codec import Chunk, Frame, counted
from ringlog.store.sqlite.index.call_index import FROM_ENTRY, IndexedCall


@dataclass(frozen=True, slots=True)
class Examined:
    """A call's row, and all its entries from the catalogue and the Day."""

    call: IndexedCall
    entries: Sequence[StoredEntry]
    twice: Sequence[StoredEntry]
    """Those that the row counts once more, until they are sealed."""


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
        waiting = entries_of(chunks)
    except StoreDamaged:
        yield f"{file}: entries of {named} cannot be read."
        return
    examined = Examined(call, union(waiting, sealed), twice(waiting, sealed))
    for check in CHECKS:
        for finding in check(examined):
            yield f"{catalogue}: {named} {finding}."


def counts(examined: Examined) -> Iterator[str]:
    call = examined.call
    found = counted([*examined.entries, *examined.twice])
    if call.entries != found.entries:
        yield f"should have {call.entries:,} entries and has {found.entries:,}"
    if call.errors != found.errors:
        yield f"should have {call.errors:,} errors and has {found.errors:,}"
    if call.bytes != found.bytes:
        yield f"should have {call.bytes:,} bytes of entries and has {found.bytes:,}"


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
