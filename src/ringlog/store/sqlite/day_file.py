"""One Day's file, as sealing and deletion write it: a call's frame and its terms come and go together.

The terms of a frame can be made again from the frame, but only by the function that made them: a Day whose
terms another version made is indexed anew before anything else is written to it.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from ringlog.errors import StoreDamaged
from ringlog.store.sqlite.call_index import N_BITS, N_MASK, Error
from ringlog.store.sqlite.catalogue import Connection, give_back_pages, numbers, writing
from ringlog.store.sqlite.codec import Frame
from ringlog.store.sqlite.days import Days, Sealed
from ringlog.store.sqlite.full_text import FullText, full_text
from ringlog.terms import VERSION

# A call on its way out is indexed as well: its terms are taken out one by one.
ACCOUNTS = (
    "SELECT id, account_id FROM call WHERE id >= ?1 AND id < ?2 "
    "UNION ALL SELECT call_id, account_id FROM deletion WHERE call_id >= ?1 AND call_id < ?2"
)
SLICE = 500
"""Frames read at once while a Day is indexed anew."""


class SealedCall(NamedTuple):
    """A call as it is written to its Day."""

    call_id: int
    account_id: int
    arrival: int
    """Entries up to here are in the frame."""
    first_error: Error
    frame: bytes
    text: bytes
    """The frame's entries, joined: what is indexed."""


class DayFile:
    """Raises StoreDamaged and apsw.Error. Everything that changes calls belongs inside `writing`."""

    def __init__(self, connection: Connection, day: int, catalogue: Connection) -> None:
        self._connection = connection
        self._day = day
        self._catalogue = catalogue

    @classmethod
    @contextmanager
    def opened(cls, days: Days, day: int, catalogue: Connection) -> Generator["DayFile"]:
        """Makes the file where there is none; brings its terms up to date, which may take seconds.

        `catalogue` is only read.
        """
        connection = days.writer(day)
        try:
            file = cls(connection, day, catalogue)
            if file.terms_version() != VERSION:
                with file.writing():
                    file.index_anew()
            yield file
        finally:
            connection.close()

    @contextmanager
    def writing(self) -> Generator[None]:
        """One transaction."""
        with writing(self._connection):
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
        self._connection.run_many("INSERT INTO frame VALUES (?, ?, ?, ?, ?)", map(_row, calls))
        self._index((call.call_id, full_text(call.account_id, call.text)) for call in calls)

    def replace(self, call: SealedCall) -> None:
        """A call that may have a frame here."""
        self.forget(call.call_id, call.account_id)
        self.add([call])

    def forget(self, call_id: int, account_id: int) -> bool:
        """Takes a call's frame and terms out, so that neither is left in the file; whether there was one."""
        for before in self.sealed([call_id]).values():
            self._connection.run("DELETE FROM frame WHERE call_id = ?", (call_id,))
            try:
                text = full_text(account_id, Frame(before.frame).text)
            except StoreDamaged:
                # Nobody knows its terms any more: only without it can the others' be made again.
                self.index_anew()
            else:
                self._connection.run(
                    "INSERT INTO term (term, rowid, words, facets) VALUES ('delete', ?, ?, ?)",
                    (call_id & N_MASK, *text),
                )
            return True
        return False

    def give_back_pages(self) -> None:
        """Outside `writing`."""
        while give_back_pages(self._connection):
            pass

    def terms_version(self) -> str | None:
        for (version,) in self._connection.rows("SELECT version FROM term_version"):
            return version
        return None

    def index_anew(self) -> None:
        """Makes the terms of every frame again.

        A call whose row is gone can no longer be asked for, and a damaged frame has no text: neither is
        indexed.
        """
        accounts = dict(self._catalogue.rows(ACCOUNTS, (self._day << N_BITS, (self._day + 1) << N_BITS)))
        self._connection.run("INSERT INTO term (term) VALUES ('delete-all')")
        self._connection.run("DELETE FROM term_version")
        self._connection.run("INSERT INTO term_version VALUES (?)", (VERSION,))
        last = -1
        while frames := self._frames_behind(last):
            self._index(_readable(frames, accounts))
            last = frames[-1][0]

    def _frames_behind(self, call_id: int) -> list[tuple[int, bytes]]:
        select = "SELECT call_id, frame FROM frame WHERE call_id > ? ORDER BY call_id LIMIT ?"
        return [(row[0], row[1]) for row in self._connection.rows(select, (call_id, SLICE))]

    def _index(self, calls: Iterable[tuple[int, FullText]]) -> None:
        self._connection.run_many(
            "INSERT INTO term (rowid, words, facets) VALUES (?, ?, ?)",
            ((call_id & N_MASK, *text) for call_id, text in calls),
        )


def _row(call: SealedCall) -> tuple[int, int, int | None, str | None, bytes]:
    return call.call_id, call.arrival, *call.first_error, call.frame


def _readable(
    frames: Iterable[tuple[int, bytes]], accounts: Mapping[int, int]
) -> Iterator[tuple[int, FullText]]:
    for call_id, frame in frames:
        if call_id in accounts:
            try:
                yield call_id, full_text(accounts[call_id], Frame(frame).text)
            except StoreDamaged:
                continue
