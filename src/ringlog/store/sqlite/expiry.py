"""Expiry: a Day is marked in the catalogue, its files are unlinked, the rest is cleared, the mark goes.

A kill anywhere leaves the mark, and the next start finishes. Once the mark is committed, no read opens
the Day.
"""

from collections.abc import Callable

from ringlog.model import Expired, Horizon
from ringlog.store.sqlite.call_index import N_BITS
from ringlog.store.sqlite.catalogue import Connection
from ringlog.store.sqlite.days import Days
from ringlog.store.sqlite.sealing import Reached
from ringlog.store.sqlite.writer import Writer

OPEN, EXPIRING, GONE = 0, 1, 2

SLICE = 200
"""Calls cleared in one commit."""


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
        """Drops the Days whose last call is too old, and the call rows that are."""
        from_s = [s for s in (horizon.details_from_s, horizon.calls_from_s) if s is not None]
        if from_s:
            self._writer.run_here(lambda catalogue: _mark(catalogue, max(from_s)))
            self._reached("expiry: marked")
        days = self.finish()
        return Expired(days, self._drop_calls(horizon))

    def finish(self) -> int:
        """Finishes the marked Days; returns how many."""
        connection = self._connect()
        try:
            marked = connection.rows("SELECT day, gone_n FROM day WHERE state = ?", (EXPIRING,))
        finally:
            connection.close()
        for day, gone_n in marked:
            self._drop_day(day, gone_n)
        return len(marked)

    def _drop_day(self, day: int, gone_n: int) -> None:
        self._days.remove(day)
        self._reached("expiry: unlinked")
        first = day << N_BITS
        while self._writer.run_here(lambda catalogue: _clear(catalogue, first, first + gone_n)):
            self._reached("expiry: slice cleared")
        # A call that was new since the mark opens the Day anew.
        self._writer.run_here(
            lambda catalogue: catalogue.run(
                "UPDATE day SET state = CASE WHEN next_n > gone_n THEN ? ELSE ? END WHERE day = ?",
                (OPEN, GONE, day),
            )
        )
        self._reached("expiry: done")

    def _drop_calls(self, horizon: Horizon) -> int:
        from_s = horizon.calls_from_s
        if from_s is None:
            return 0
        total = 0
        while dropped := self._writer.run_here(lambda catalogue: _drop_rows(catalogue, from_s)):
            total += dropped
            self._reached("expiry: rows dropped")
        return total


def _mark(catalogue: Connection, from_s: int) -> None:
    catalogue.run(
        "UPDATE day SET state = ?, gone_n = next_n WHERE state = ? AND max_start_s < ?",
        (EXPIRING, OPEN, from_s),
    )


def _clear(catalogue: Connection, first: int, end: int) -> int:
    """Drops the unsealed chunks of some calls from `first` on, and their error lines; returns how many."""
    calls = catalogue.rows(
        "SELECT DISTINCT call_id FROM chunk WHERE call_id >= ? AND call_id < ? LIMIT ?", (first, end, SLICE)
    )
    catalogue.run_many("DELETE FROM chunk WHERE call_id = ?", calls)
    catalogue.run_many("UPDATE call SET first_error_us = NULL, first_error = NULL WHERE id = ?", calls)
    return len(calls)


def _drop_rows(catalogue: Connection, from_s: int) -> int:
    """Drops some rows of the call index that start before `from_s`; returns how many."""
    for (account_id,) in catalogue.rows("SELECT id FROM account"):
        calls = catalogue.rows(
            "SELECT id FROM call WHERE account_id = ? AND start_s < ? ORDER BY start_s DESC LIMIT ?",
            (account_id, from_s, SLICE),
        )
        if calls:
            catalogue.run_many("DELETE FROM chunk WHERE call_id = ?", calls)
            catalogue.run_many("DELETE FROM call WHERE id = ?", calls)
            return len(calls)
    catalogue.run(
        f"DELETE FROM day WHERE state = ? AND NOT EXISTS (SELECT 1 FROM call "  # noqa: S608 - constants
        f"WHERE id >= day.day << {N_BITS} AND id < (day.day + 1) << {N_BITS})",
        (GONE,),
    )
    return 0
