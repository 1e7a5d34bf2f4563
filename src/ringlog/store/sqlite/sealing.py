"""Sealing: a finished call's chunks become one compressed frame in its Day.

(1) the frame is built, (2) written to the Day and committed, (3) the chunks that went in are dropped from the
catalogue. A kill between 2 and 3 is harmless: reading takes the union, and sealing again replaces the frame.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

import apsw

from ringlog.errors import RinglogError
from ringlog.model import Horizon, in_order
from ringlog.store.sqlite.call_index import N_BITS, SELECT, Error, IndexedCall, earlier_error, indexed
from ringlog.store.sqlite.catalogue import Connection, give_back_pages, numbers, reading
from ringlog.store.sqlite.codec import Frame, pack_frame
from ringlog.store.sqlite.day_file import DayFile, SealedCall
from ringlog.store.sqlite.days import Days, Sealed
from ringlog.store.sqlite.faults import UNREADABLE
from ringlog.store.sqlite.reading import chunks_of, entries_of, union
from ringlog.store.sqlite.writer import Writer

GROUP = 100
"""Calls sealed in one commit."""

Reached = Callable[[str], None]
"""Told each point of sealing, expiry and deletion that a kill could hit."""

# A step from one call with chunks to the next, so that the chunks themselves are not walked.
UNSEALED = (
    "WITH RECURSIVE unsealed (id) AS (SELECT min(call_id) FROM chunk UNION ALL "  # noqa: S608 - constants
    "SELECT (SELECT min(call_id) FROM chunk WHERE call_id > unsealed.id) FROM unsealed WHERE id IS NOT NULL) "
    f"{SELECT} JOIN day ON day.day = call.id >> {N_BITS} WHERE call.id IN (SELECT id FROM unsealed) "
    "AND day.state = 0 AND last_received_us < ? AND (end_s IS NOT NULL OR last_received_us < ?)"
)


class Sealing:
    """Runs in one thread, never beside an expiry."""

    def __init__(
        self, connect: Callable[[], Connection], days: Days, writer: Writer, reached: Reached
    ) -> None:
        self._connect = connect
        self._days = days
        self._writer = writer
        self._reached = reached

    def seal(self, horizon: Horizon) -> int:
        """Seals what ended and is quiet; returns how many calls.

        A Day that fails keeps none of the others from being sealed; its error is raised at the end.
        """
        connection = self._connect()
        try:
            return self._seal(connection, horizon)
        finally:
            connection.close()

    def _seal(self, connection: Connection, horizon: Horizon) -> int:
        sealed = 0
        failed: Exception | None = None
        for day, calls in self._ready(connection, horizon).items():
            try:
                sealed += self._seal_day(connection, day, calls)
            except (apsw.Error, OSError, RinglogError) as error:
                failed = failed or error
                if isinstance(error, UNREADABLE):
                    self._days.suspect(calls[0].id)
        if sealed:
            self._give_back_pages()
        if failed:
            raise failed
        return sealed

    def _ready(self, connection: Connection, horizon: Horizon) -> dict[int, list[IndexedCall]]:
        by_day: defaultdict[int, list[IndexedCall]] = defaultdict(list)
        rows = connection.rows(UNSEALED, (horizon.quiet_before_us, horizon.idle_before_us))
        for row in rows:
            call = indexed(row)
            if not call.gone:
                by_day[call.day].append(call)
        return by_day

    def _seal_day(self, connection: Connection, day: int, calls: list[IndexedCall]) -> int:
        sealed = 0
        failed: RinglogError | None = None
        with DayFile.opened(self._days, day, connection) as file:
            for group in _groups(calls):
                packed: list[SealedCall] = []
                before = file.sealed([call.id for call in group])
                for call in group:
                    try:
                        packed += _pack(connection, call, self._before(call, before))
                    except RinglogError as error:
                        failed = failed or error
                self._commit(connection, file, packed, before)
                sealed += len(packed)
        if failed:
            raise failed
        return sealed

    def _before(self, call: IndexedCall, before: Mapping[int, Sealed]) -> Sealed | None:
        """The frame that a new one replaces; a kill may have left one that the catalogue does not know."""
        if call.id in before:
            return before[call.id]
        return self._days.sealed(call.id) if call.sealed_arrival else None

    def _commit(
        self, connection: Connection, file: DayFile, calls: list[SealedCall], before: Mapping[int, Sealed]
    ) -> None:
        if not calls:
            return
        self._reached("sealing: frames built")
        with file.writing():
            # A deletion drops the call from the catalogue before it takes the frame out of the Day: whichever
            # of the two writes to the Day last, nothing of a deleted call is left there.
            known = _known(connection, calls)
            file.add([call for call in calls if call.call_id in known and call.call_id not in before])
            for call in calls:
                if call.call_id in known and call.call_id in before:
                    file.replace(call)
        self._reached("sealing: frames committed")
        self._writer.run_here(lambda catalogue: _drop_chunks(catalogue, calls))
        self._reached("sealing: chunks dropped")

    def _give_back_pages(self) -> None:
        while self._writer.run_here(give_back_pages):
            self._reached("sealing: pages given back")


def _pack(connection: Connection, call: IndexedCall, before: Sealed | None) -> list[SealedCall]:
    """The call; nothing where it was deleted meanwhile. Raises StoreDamaged."""
    with reading(connection):
        rows = connection.rows(f"{SELECT} WHERE id = ?", (call.id,))
        chunks = chunks_of(connection, call.id)
    if not rows:
        return []
    call = indexed(rows[0])
    entries = entries_of(chunks)
    error: Error = (call.first_error_us, call.first_error)
    if before:
        entries = union(entries, Frame(before.frame).entries())
        error = earlier_error(error, before.first_error)
    entries = in_order(entries)
    text = b",".join(entry.text for entry in entries)
    return [SealedCall(call.id, call.account_id, call.next_arrival - 1, error, pack_frame(entries), text)]


def _known(catalogue: Connection, calls: list[SealedCall]) -> set[int]:
    select = "SELECT id FROM call WHERE id IN (SELECT value FROM carray(?))"
    return {call_id for (call_id,) in catalogue.rows(select, (numbers(call.call_id for call in calls),))}


def _groups(calls: list[IndexedCall]) -> Iterator[list[IndexedCall]]:
    for at in range(0, len(calls), GROUP):
        yield calls[at : at + GROUP]


def _drop_chunks(catalogue: Connection, calls: list[SealedCall]) -> None:
    """What arrived since the frame was built stays, and then the first error's line stays with it."""
    for call_id, _, arrival, *_ in calls:
        catalogue.run("DELETE FROM chunk WHERE call_id = ? AND last_arrival <= ?", (call_id, arrival))
        catalogue.run(
            "UPDATE call SET sealed_arrival = ?2, "
            "first_error_us = CASE WHEN next_arrival - 1 > ?2 THEN first_error_us END, "
            "first_error = CASE WHEN next_arrival - 1 > ?2 THEN first_error END WHERE id = ?1",
            (call_id, arrival),
        )
