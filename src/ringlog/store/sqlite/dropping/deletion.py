"""Deletion: the catalogue drops a call and notes that in one commit, then files are cleared of it.

(1) the call's rows go, a tombstone and a note stay; (2) its frame goes from its Day; (3) labels that no other
call has go; (4) what either file keeps of them all is overwritten; (5) the note becomes one that the call is
cleared. From (1) on nothing finds the call; a kill anywhere behind it leaves the note, and the next start
finishes. An account goes the same way, with all its calls.

A Day that was lost, or is put back as a backup had it, may bring cleared calls back: the next start looks.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from itertools import groupby
from pathlib import Path

import apsw

from ringlog.errors import RinglogError
from ringlog.store.sqlite.day.day_file import DayFile
from ringlog.store.sqlite.day.days import OPEN, Days
from ringlog.store.sqlite.disk.catalogue import Connection
from ringlog.store.sqlite.disk.faults import UNREADABLE, renamed
from ringlog.store.sqlite.disk.writer import Writer
from ringlog.store.sqlite.dropping.residue import wipe
from ringlog.store.sqlite.index import tombstones
from ringlog.store.sqlite.index.call_index import N_BITS, N_MASK
from ringlog.store.sqlite.sealing.sealing import Reached

SLICE = 500
"""Calls cleared in one commit."""
ROUND = 100_000
"""Calls for which files are overwritten once."""

Note = tuple[int, int, int | None, int | None]
"""The ids of a call, its account, its application and version."""

NOTED = (
    "SELECT call_id, account_id, application_id, version_id FROM deletion "
    "WHERE call_id > ? ORDER BY call_id LIMIT ?"
)
CLEARED = "SELECT call_id FROM cleared WHERE call_id > ? AND call_id <= ? ORDER BY call_id LIMIT ?"
USED = "SELECT 1 FROM call WHERE application_id = ?1 OR version_id = ?1 ORDER BY id DESC LIMIT 1"


class Deletion:
    """Runs in one thread, never beside an expiry."""

    def __init__(
        self, connect: Callable[[], Connection], days: Days, writer: Writer, reached: Reached
    ) -> None:
        self._connect = connect
        self._days = days
        self._writer = writer
        self._reached = reached

    def finish_call(self, call_id: int | None) -> None:
        """Finishes what is noted; what keeps it from finishing other calls is raised only with None."""
        try:
            self.finish()
        except (apsw.Error, OSError, RinglogError):
            is_noted = "SELECT 1 FROM deletion WHERE call_id = ?"
            if call_id is None or self._writer.run_here(
                lambda catalogue: catalogue.rows(is_noted, (call_id,))
            ):
                raise

    def resume(self) -> None:
        """At a start: finishes what a killed server had begun, and clears again what has come back.

        Raises as `finish` does.
        """
        with closing(self._connect()) as connection:
            for (day,) in connection.rows("SELECT day FROM day WHERE state = ?", (OPEN,)):
                # One that cannot be read is looked into by a later start.
                with suppress(*UNREADABLE):
                    self._note_again(connection, day)
        self.finish()

    def _note_again(self, connection: Connection, day: int) -> None:
        last, end = day << N_BITS, day << N_BITS | N_MASK
        while self._days.is_made(day) and (rows := connection.rows(CLEARED, (last - 1, end, SLICE))):
            if back := self._days.holds(day, [call_id for (call_id,) in rows]):
                self._writer.run_here(partial(_note_again, call_ids=back))
            last = rows[-1][0] + 1

    def finish(self) -> None:
        """Finishes every deletion that is noted.

        A Day that fails keeps none of the others; its error is raised at the end. Raises StoreBusy where
        readers hold a file's log on and on.
        """
        with closing(self._connect()) as connection:
            self._finish(connection)

    def _finish(self, connection: Connection) -> None:
        accounts = self._emptied(connection)
        failed: Exception | None = None
        last = -1
        while (notes := connection.rows(NOTED, (last, ROUND))) or accounts:
            self._reached("deletion: noted")
            cleared, error = self._cleared(connection, notes)
            failed = failed or error
            self._drop_labels(connection, notes)
            wipe(Path(connection.filename))
            self._reached("deletion: catalogue overwritten")
            self._forget(cleared, accounts)
            last, accounts = notes[-1][0] if notes else last, []
        if failed:
            raise failed

    def _emptied(self, connection: Connection) -> list[tuple[int]]:
        """The accounts on their way out, after all of theirs but the calls' frames went."""
        accounts = connection.rows("SELECT account_id FROM leaving")
        for (account_id,) in accounts:
            while self._writer.run_here(lambda catalogue: tombstones.bury_some(catalogue, account_id, SLICE)):  # noqa: B023 - run at once
                self._reached("deletion: slice noted")
            self._writer.run_here(lambda catalogue: _drop_names(catalogue, account_id))  # noqa: B023 - run at once
            self._reached("deletion: names gone")
        return accounts

    def _cleared(self, connection: Connection, notes: Sequence[Note]) -> tuple[list[Note], Exception | None]:
        """The notes whose Days hold nothing of them any more, and what failed."""
        cleared: list[Note] = []
        failed: Exception | None = None
        for day, of_day in groupby(notes, lambda note: note[0] >> N_BITS):
            calls = list(of_day)
            try:
                self._clear_day(connection, day, calls)
                cleared += calls
            except (apsw.Error, OSError, RinglogError) as error:
                failed = failed or renamed(error, self._days.path(day)) or error
                if isinstance(error, UNREADABLE):
                    self._days.suspect(calls[0][0])
        return cleared, failed

    def _clear_day(self, connection: Connection, day: int, notes: Sequence[Note]) -> None:
        if not self._days.is_made(day):
            return
        made_anew = partial(self._reached, "deletion: slice made anew")
        with DayFile.opened(self._days, day, connection, made_anew) as file:
            for some in _slices(notes):
                with file.writing():
                    for call_id, account_id, *_ in some:
                        file.forget(call_id, account_id)
                self._reached("deletion: frames gone")
            while file.give_back_pages():
                self._reached("deletion: pages given back")
        wipe(self._days.path(day))
        self._reached("deletion: day overwritten")

    def _drop_labels(self, connection: Connection, notes: Sequence[Note]) -> None:
        for label in {label for _, _, *labels in notes for label in labels if label is not None}:
            if connection.rows(USED, (label,)):
                continue
            self._writer.run_here(partial(_withdraw, label=label))
            if not connection.rows(USED, (label,)):
                self._run("DELETE FROM label WHERE id = ?", label)
                self._reached("deletion: label gone")

    def _forget(self, notes: Sequence[Note], accounts: Sequence[tuple[int]]) -> None:
        for some in _slices(notes):
            self._writer.run_here(partial(_forget, call_ids=[call_id for call_id, *_ in some]))
        for (account_id,) in accounts:
            self._run("DELETE FROM leaving WHERE account_id = ?", account_id)
        self._reached("deletion: done")

    def _run(self, statement: str, value: int) -> None:
        self._writer.run_here(lambda catalogue: catalogue.run(statement, (value,)))


def _slices(notes: Sequence[Note]) -> Iterator[Sequence[Note]]:
    for at in range(0, len(notes), SLICE):
        yield notes[at : at + SLICE]


def _forget(catalogue: Connection, call_ids: Sequence[int]) -> None:
    """Of the notes stays which calls are cleared, as long as their Day does."""
    calls = [(call_id,) for call_id in call_ids]
    catalogue.run_many(
        "INSERT INTO cleared SELECT call_id, account_id FROM deletion "  # noqa: S608 - constants
        f"JOIN day ON day = call_id >> {N_BITS} AND state = {OPEN} WHERE call_id = ?",
        calls,
    )
    catalogue.run_many("DELETE FROM deletion WHERE call_id = ?", calls)


def _note_again(catalogue: Connection, call_ids: Sequence[int]) -> None:
    calls = [(call_id,) for call_id in call_ids]
    catalogue.run_many(
        "INSERT INTO deletion SELECT call_id, account_id, NULL, NULL FROM cleared WHERE call_id = ?", calls
    )
    catalogue.run_many("DELETE FROM cleared WHERE call_id = ?", calls)


def _withdraw(catalogue: Connection, label: int) -> None:
    """From here on no call takes the label: one of that name gets a label of its own."""
    catalogue.run("UPDATE label SET account_id = -account_id WHERE id = ? AND account_id > 0", (label,))
    catalogue.labels.clear()


def _drop_names(catalogue: Connection, account_id: int) -> None:
    catalogue.run("DELETE FROM label WHERE account_id IN (?1, -?1)", (account_id,))
    catalogue.labels.clear()
    catalogue.run("DELETE FROM tombstone WHERE account_id = ?", (account_id,))
