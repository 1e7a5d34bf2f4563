"""Reading one call: the catalogue first, then its Day, so that what was sealed in between is never missed."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import apsw

from ringlog.errors import DetailsGone, NoSuchCall, StoreDamaged, StoreFault
from ringlog.model import UNNUMBERED_SOURCE, Call, Detail, Horizon, LogText, StoredEntry, in_order
from ringlog.store.sqlite.calls.identity import CHUNKS
from ringlog.store.sqlite.day.codec import Chunk
from ringlog.store.sqlite.day.days import Days
from ringlog.store.sqlite.disk.catalogue import Connection, reading
from ringlog.store.sqlite.disk.faults import UNREADABLE
from ringlog.store.sqlite.index import call_index
from ringlog.store.sqlite.index.call_index import GONE, IndexedCall, earlier_error

WHOLLY_SEALED = (
    "SELECT id, start_s FROM call WHERE account_id = ? AND session_id = ? "  # noqa: S608 - constants
    f"AND deleted = 0 AND sealed_arrival > 0 AND sealed_arrival = next_arrival - 1 AND NOT ({GONE})"
)


def known_call(connection: Connection, account_id: int, session_id: str, horizon: Horizon) -> IndexedCall:
    """Raises NoSuchCall."""
    call = call_index.load(connection, account_id, session_id)
    if not call or not call.known(horizon):
        raise NoSuchCall
    return call


def one_call(connection: Connection, days: Days, account_id: int, session_id: str, horizon: Horizon) -> Call:
    """Raises NoSuchCall."""
    call = known_call(connection, account_id, session_id, horizon)
    return call.call(horizon, first_error(days, call, horizon))


def first_error(days: Days, call: IndexedCall, horizon: Horizon) -> str | None:
    """The line of the call's first error. None where its Day cannot be read: reading the call says so."""
    if not call.errors or not call.available(horizon):
        return None
    known = call.first_error_us, call.first_error
    if call.sealed_arrival:
        try:
            known = earlier_error(known, days.first_error(call.id))
        except (apsw.Error, StoreFault):
            return known[1]
    return known[1]


def chunks_of(connection: Connection, call_id: int) -> list[Chunk]:
    """All unsealed chunks, by source and seq."""
    rows = connection.rows(f"{CHUNKS} ORDER BY source, max_seq", (call_id,))
    return [Chunk(*row) for row in rows]


def detail(connection: Connection, days: Days, account_id: int, session_id: str, horizon: Horizon) -> Detail:
    """Raises NoSuchCall, DetailsGone, StoreDamaged."""
    with reading(connection):
        call = known_call(connection, account_id, session_id, horizon)
        chunks = chunks_of(connection, call.id)
    if not call.available(horizon):
        raise DetailsGone
    try:
        return assembled(days, call, chunks, horizon)
    except UNREADABLE:
        # Its Day may have been expired since the catalogue was read.
        if known_call(connection, account_id, session_id, horizon).gone:
            raise DetailsGone from None
        raise


def log(connection: Connection, days: Days, account_id: int, session_id: str, horizon: Horizon) -> LogText:
    """The text alone. Of a call that lies in its Day as a whole, two look-ups of a row find it.

    No transaction holds the two together: a frame is committed before the catalogue says that it is there.
    Raises as `detail` does, which is left to find the reason.
    """
    for call_id, start_s in connection.rows(WHOLLY_SEALED, (account_id, session_id)):
        until_us = horizon.kept_until_us(start_s)
        if until_us > horizon.now_us:
            try:
                return LogText(days.frame(call_id).text, until_us)
            except StoreDamaged:
                break
    found = detail(connection, days, account_id, session_id, horizon)
    return LogText(found.text, horizon.kept_until_us(found.call.start_s))


def assembled(days: Days, call: IndexedCall, chunks: list[Chunk], horizon: Horizon) -> Detail:
    """Of a call and its chunks, read in one transaction. Raises StoreDamaged, apsw.Error."""
    known = call.first_error_us, call.first_error
    if not call.sealed_arrival:
        answer = call.call(horizon, known[1])
        if in_sequence(chunks):
            return Detail(answer, b",".join(chunk.text for chunk in chunks), partial(entries_of, chunks))
        return _merged(answer, entries_of(chunks))
    sealed = days.sealed(call.id)
    answer = call.call(horizon, earlier_error(known, sealed.first_error)[1])
    if not chunks:
        return Detail(answer, sealed.frame.text, sealed.frame.entries)
    return _merged(answer, union(entries_of(chunks), sealed.frame.entries()))


def _merged(call: Call, entries: Sequence[StoredEntry]) -> Detail:
    ordered = in_order(entries)
    return Detail(call, b",".join(entry.text for entry in ordered), lambda: ordered)


def in_sequence(chunks: Sequence[Chunk]) -> bool:
    """Whether joining these chunks gives the Order: one numbered source, one chunk after the other."""
    if not chunks:
        return True
    source = chunks[0].source
    if len(chunks) == 1:
        return source != UNNUMBERED_SOURCE
    return (
        source != UNNUMBERED_SOURCE
        and chunks[-1].source == source
        and all(one.max_seq < other.min_seq for one, other in pairwise(chunks))
    )


def entries_of(chunks: Sequence[Chunk]) -> list[StoredEntry]:
    """Raises StoreDamaged."""
    return [entry for chunk in chunks for entry in chunk.entries()]


def union(catalogue: Sequence[StoredEntry], day: Sequence[StoredEntry]) -> list[StoredEntry]:
    """By identity: between the two commits of a sealing an entry stands in both. What came first stands."""
    return list({(entry.source, entry.seq): entry for entry in (*catalogue, *day)}.values())


def twice(catalogue: Sequence[StoredEntry], day: Sequence[StoredEntry]) -> list[StoredEntry]:
    """Entries that came again while the Day could not be read, and were counted once more.

    Their arrival tells them from those that a sealing has not dropped from the catalogue yet.
    """
    arrivals = {(entry.source, entry.seq): entry.arrival for entry in day}
    return [one for one in catalogue if arrivals.get((one.source, one.seq), one.arrival) != one.arrival]
