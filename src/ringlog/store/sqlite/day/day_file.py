"""One Day's file, as sealing and deletion write it: a call's frame, terms and steps come and go together.

The terms and steps of a frame can be made again from the frame, but only by the functions that made them: in
a Day where others did, all are made anew before anything else is written to it.
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from ringlog.errors import StoreDamaged
from ringlog.store.sqlite.day.codec import NONE, Counts, Frame
from ringlog.store.sqlite.day.days import Days, Sealed, foreign
from ringlog.store.sqlite.day.decoded import Entry, decoded
from ringlog.store.sqlite.day.full_text import FullText, full_text
from ringlog.store.sqlite.day.step_counts import Application, Counted, StepCounts
from ringlog.store.sqlite.disk.catalogue import Connection, give_back_pages, numbers, writing
from ringlog.store.sqlite.disk.faults import unreadable
from ringlog.store.sqlite.index.call_index import N_BITS, N_MASK, Error
from ringlog.terms import VERSION
from ringlog.walk import RULES, steps_of

# A call on its way out, or back from a backup, is indexed and counted as well: it is taken out one by one.
APPLICATIONS = (
    "SELECT id, account_id, ifnull(application_id, 0) FROM call WHERE id >= ?1 AND id < ?2 UNION ALL "
    "SELECT call_id, account_id, ifnull(application_id, 0) FROM deletion "
    "WHERE call_id >= ?1 AND call_id < ?2 UNION ALL "
    "SELECT call_id, account_id, 0 FROM cleared WHERE call_id >= ?1 AND call_id < ?2"
)
HAS_SEALED = (
    f"SELECT 1 FROM call WHERE id >= (?1 << {N_BITS}) + (SELECT gone_n FROM day WHERE day = ?1) "  # noqa: S608 - a constant
    f"AND id < (?1 + 1) << {N_BITS} AND sealed_arrival LIMIT 1"
)
SLICE = 500
"""Frames read at once while everything is made anew."""


def _nobody_waits() -> None: ...


def has_sealed(catalogue: Connection, day: int) -> bool:
    """Whether the Day's file must be there."""
    return bool(catalogue.rows(HAS_SEALED, (day,)))


class SealedCall(NamedTuple):
    """A call as it is written to its Day."""

    call_id: int
    application: Application
    arrival: int
    """Entries up to here are in the frame."""
    first_error: Error
    frame: bytes
    text: bytes
    """The frame's entries, joined: what is indexed and counted."""
    twice: Counts = NONE
    """What the call's row counts once more than the frame does."""


class Readable(NamedTuple):
    """A call whose frame is opened."""

    application: Application
    entries: Sequence[Entry]


class DayFile:
    """Raises StoreDamaged and apsw.Error. Everything that changes calls belongs inside `writing`."""

    def __init__(self, connection: Connection, day: int, catalogue: Connection) -> None:
        self._connection = connection
        self._day = day
        self._catalogue = catalogue
        self._counts = StepCounts(connection)

    @classmethod
    @contextmanager
    def opened(
        cls, days: Days, day: int, catalogue: Connection, alive: Callable[[], None] = _nobody_waits
    ) -> Generator["DayFile"]:
        """Makes a Day's first file; brings terms and steps up to date, which may take minutes.

        Calls `alive` meanwhile. `catalogue` is only read. Raises StoreDamaged where it says that the file is
        lost: a new one in its place would hide that, and a backup would come out well without those calls.
        Raises it as well where the file is foreign.
        """
        if not days.is_made(day) and has_sealed(catalogue, day):
            raise StoreDamaged(unreadable(days.path(day)))
        if sentence := foreign(days.path(day)):
            raise StoreDamaged(sentence)
        connection = days.writer(day)
        try:
            file = cls(connection, day, catalogue)
            if file.versions() != (VERSION, RULES):
                with file.writing():
                    file.make_anew(alive)
            yield file
        finally:
            connection.close()

    @contextmanager
    def writing(self) -> Generator[None]:
        """One transaction."""
        with writing(self._connection):
            self._counts.begin()
            yield

    def sealed(self, call_ids: Sequence[int]) -> dict[int, Sealed]:
        """Those of the calls that have a frame here."""
        rows = self._connection.rows(
            "SELECT call_id, first_error_us, first_error, frame FROM frame "
            "WHERE call_id IN (SELECT value FROM carray(?))",
            (numbers(call_ids),),
        )
        return {call_id: Sealed((us, line), frame) for call_id, us, line, frame in rows}

    def add(self, calls: Sequence[SealedCall]) -> None:
        """Calls that have no frame here yet. Quickest in the order of their ids."""
        texts: list[tuple[int, FullText]] = []
        counted: list[Counted] = []
        for call in calls:
            entries = decoded(call.text)
            texts.append((call.call_id, full_text(call.application[0], entries)))
            counted.append(Counted(call.application, steps_of(entries)))
        notes = self._counts.add(counted)
        self._connection.run_many("INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?, ?)", map(_row, calls, notes))
        self._index(texts)

    def replace(self, calls: Sequence[SealedCall]) -> None:
        """Calls that may have a frame here."""
        for call in calls:
            self.forget(call.call_id, call.application[0])
        self.add(calls)

    def forget(self, call_id: int, account_id: int) -> bool:
        """Takes a call's frame, terms and steps out, without a trace in the file; whether there was one."""
        select = "SELECT frame, application_id, others FROM frame WHERE call_id = ?"
        for frame, application_id, note in self._connection.rows(select, (call_id,)):
            self._connection.run("DELETE FROM frame WHERE call_id = ?", (call_id,))
            try:
                entries = decoded(Frame(frame).text)
            except StoreDamaged:
                # Nobody knows what it gave any more: only without it can the others' be made again.
                self.make_anew()
            else:
                text = full_text(account_id, entries)
                self._connection.run(
                    "INSERT INTO term (term, rowid, words, facets) VALUES ('delete', ?, ?, ?)",
                    (call_id & N_MASK, *text),
                )
                if application_id is not None:
                    self._counts.take_out(Counted((account_id, application_id), steps_of(entries)), note)
            return True
        return False

    def give_back_pages(self) -> bool:
        """Some of those that are free, outside `writing`; whether more are left."""
        return give_back_pages(self._connection)

    def versions(self) -> tuple[str | None, int | None]:
        """Which functions made the terms and the steps."""
        rows = self._connection.rows("SELECT version FROM term_version")
        return rows[0][0] if rows else None, self._counts.version()

    def make_anew(self, alive: Callable[[], None] = _nobody_waits) -> None:
        """Makes the terms of every frame and all counts again.

        A call whose row is gone can no longer be asked for, and a damaged frame has no text: neither is
        indexed or counted.
        """
        known = self._catalogue.rows(APPLICATIONS, (self._day << N_BITS, (self._day + 1) << N_BITS))
        applications = {row[0]: (row[1], row[2]) for row in known}
        self._connection.run("INSERT INTO term (term) VALUES ('delete-all')")
        self._connection.run("DELETE FROM term_version")
        self._connection.run("INSERT INTO term_version VALUES (?)", (VERSION,))
        self._counts.clear()
        last = -1
        while frames := self._frames_behind(last):
            self._count_anew([call_id for call_id, _ in frames], _readable(frames, applications))
            last = frames[-1][0]
            alive()

    def _count_anew(self, call_ids: Sequence[int], readable: Mapping[int, Readable]) -> None:
        self._index(
            (call_id, full_text(call.application[0], call.entries)) for call_id, call in readable.items()
        )
        counted = [Counted(call.application, steps_of(call.entries)) for call in readable.values()]
        notes = dict(zip(readable, self._counts.add(counted), strict=True))
        self._connection.run_many(
            "UPDATE frame SET application_id = ?, others = ? WHERE call_id = ?",
            [
                (
                    readable[call_id].application[1] if call_id in readable else None,
                    notes.get(call_id),
                    call_id,
                )
                for call_id in call_ids
            ],
        )

    def _frames_behind(self, call_id: int) -> list[tuple[int, bytes]]:
        select = "SELECT call_id, frame FROM frame WHERE call_id > ? ORDER BY call_id LIMIT ?"
        return [(row[0], row[1]) for row in self._connection.rows(select, (call_id, SLICE))]

    def _index(self, calls: Iterable[tuple[int, FullText]]) -> None:
        self._connection.run_many(
            "INSERT INTO term (rowid, words, facets) VALUES (?, ?, ?)",
            ((call_id & N_MASK, *text) for call_id, text in calls),
        )


def _row(
    call: SealedCall, note: bytes | None
) -> tuple[int, int, int | None, str | None, bytes, int, bytes | None]:
    return call.call_id, call.arrival, *call.first_error, call.frame, call.application[1], note


def _readable(
    frames: Iterable[tuple[int, bytes]], known: Mapping[int, Application]
) -> Mapping[int, Readable]:
    read: dict[int, Readable] = {}
    for call_id, frame in frames:
        if call_id in known:
            with suppress(StoreDamaged):
                read[call_id] = Readable(known[call_id], decoded(Frame(frame).text))
    return read
