"""Expiry: a Day is marked in the catalogue, its files are unlinked, the rest is cleared, the mark goes.

A kill anywhere leaves the mark, and the next start finishes. Once the mark is committed, no read opens
the Day. Nothing here is a statement per call: what goes is a range of call ids, in slices, so that no
append waits long.
"""

from collections.abc import Callable

import apsw

from ringlog.model import Expired, Horizon
from ringlog.store.sqlite.day.days import EXPIRING, GONE, OPEN, Days
from ringlog.store.sqlite.disk.catalogue import Connection, give_back_pages
from ringlog.store.sqlite.disk.writer import Writer
from ringlog.store.sqlite.index.call_index import N_BITS
from ringlog.store.sqlite.sealing.sealing import Reached

SLICE = 1000
"""Call ids cleared in one commit."""


class Expiry:
    """Runs in one thread, never beside a sealing."""

    def __init__(
        self, connect: Callable[[], Connection], days: Days, writer: Writer, reached: Reached
    ) -> None:
        self._connect = connect
        self._days = days
        self._writer = writer
        self._reached = reached

    def expire(self, horizon: Horizon) -> Expired:
        """Drops the Days whose last call is too old, and the rows of calls that nobody asks for any more."""
        from_s = [s for s in (horizon.details_from_s, horizon.calls_from_s) if s is not None]
        if from_s:
            self._mark(max(from_s))
            self._reached("expiry: marked")
        days = self.finish()
        calls = 0 if horizon.calls_from_s is None else self._drop_calls(horizon.calls_from_s)
        if calls:
            self._give_back_pages()
        return Expired(days, calls)

    def finish(self) -> int:
        """Finishes the marked Days; returns how many."""
        marked = self._rows("SELECT day, gone_n FROM day WHERE state = ?", EXPIRING)
        for day, gone_n in marked:
            self._drop_day(day, gone_n)
        if marked:
            self._give_back_pages()
        return len(marked)

    def _mark(self, from_s: int) -> None:
        try:
            self._writer.run_here(lambda catalogue: _mark(catalogue, from_s))
        except apsw.FullError:
            # The mark itself needs room, and only what goes can make it: no call in there is readable now.
            for (day,) in self._rows("SELECT day FROM day WHERE state = ? AND max_start_s < ?", OPEN, from_s):
                self._days.remove(day)
            self._writer.run_here(lambda catalogue: _mark(catalogue, from_s))

    def _drop_day(self, day: int, gone_n: int) -> None:
        self._days.remove(day)
        self._reached("expiry: unlinked")
        first = day << N_BITS
        while self._writer.run_here(lambda catalogue: _clear(catalogue, first, first + gone_n)):
            self._reached("expiry: slice cleared")
        while self._writer.run_here(lambda catalogue: _forget_cleared(catalogue, first, first + gone_n)):
            self._reached("expiry: cleared forgotten")
        # A call that was new since the mark opens the Day anew.
        self._writer.run_here(
            lambda catalogue: catalogue.run(
                "UPDATE day SET state = CASE WHEN next_n > gone_n THEN ? ELSE ? END WHERE day = ?",
                (OPEN, GONE, day),
            )
        )
        self._reached("expiry: done")

    def _drop_calls(self, from_s: int) -> int:
        total = 0
        self._writer.run_here(
            lambda catalogue: catalogue.run("DELETE FROM tombstone WHERE deleted_s < ?", (from_s,))
        )
        for (day,) in self._rows("SELECT day FROM day WHERE state = ? AND max_start_s < ?", GONE, from_s):
            while dropped := self._writer.run_here(lambda catalogue: _drop_rows(catalogue, day, from_s)):  # noqa: B023 - called at once
                total += dropped
                self._reached("expiry: rows dropped")
        return total

    def _give_back_pages(self) -> None:
        while self._writer.run_here(give_back_pages):
            self._reached("expiry: pages given back")

    def _rows(self, statement: str, *values: int) -> list[tuple[int, ...]]:
        connection = self._connect()
        try:
            return connection.rows(statement, values)
        finally:
            connection.close()


def _mark(catalogue: Connection, from_s: int) -> None:
    catalogue.run(
        "UPDATE day SET state = ?, gone_n = next_n WHERE state = ? AND max_start_s < ?",
        (EXPIRING, OPEN, from_s),
    )


def _clear(catalogue: Connection, first: int, end: int) -> bool:
    """Drops the unsealed chunks of some calls from `first` on, and their error lines; whether it did."""
    ((least,),) = catalogue.rows(
        "SELECT min(call_id) FROM chunk WHERE call_id >= ? AND call_id < ?", (first, end)
    )
    if least is None:
        return False
    slice_ = least, min(least + SLICE, end)
    catalogue.run("DELETE FROM chunk WHERE call_id >= ? AND call_id < ?", slice_)
    catalogue.run(
        "UPDATE call SET first_error_us = NULL, first_error = NULL WHERE id >= ? AND id < ? "
        "AND first_error_us IS NOT NULL",
        slice_,
    )
    return True


def _forget_cleared(catalogue: Connection, first: int, end: int) -> int:
    """Forgets some deleted calls: with the file of their Day they cannot come back. Returns how many."""
    catalogue.run(
        "DELETE FROM cleared WHERE call_id IN "
        "(SELECT call_id FROM cleared WHERE call_id >= ? AND call_id < ? LIMIT ?)",
        (first, end, SLICE),
    )
    return catalogue.changes()


def _drop_rows(catalogue: Connection, day: int, from_s: int) -> int:
    """Drops some calls of a Day of which none starts at `from_s` or later; returns how many.

    With the last of them goes the Day's own row.
    """
    still = "FROM day WHERE day = ? AND state = ? AND max_start_s < ?"
    if not catalogue.rows(f"SELECT 1 {still}", (day, GONE, from_s)):
        return 0
    first, end = day << N_BITS, (day + 1) << N_BITS
    ((least,),) = catalogue.rows("SELECT min(id) FROM call WHERE id >= ? AND id < ?", (first, end))
    if least is None:
        catalogue.run(f"DELETE {still}", (day, GONE, from_s))
        return 0
    catalogue.run("DELETE FROM call WHERE id >= ? AND id < ?", (least, min(least + SLICE, end)))
    return catalogue.changes()
