"""Sealing: a finished call's chunks become one compressed frame in its Day.

(1) the frame is built, (2) written to the Day and committed, (3) the chunks that went in are dropped from the
catalogue. A kill between 2 and 3 is harmless: reading takes the union, and sealing again replaces the frame.
The first two are the work of a process of its own (`sealer.py`), the third is the catalogue's writer's.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import apsw

from ringlog import errors
from ringlog.errors import RinglogError
from ringlog.model import Backlog, Horizon
from ringlog.store.sqlite.catalogue import Connection, give_back_pages
from ringlog.store.sqlite.days import Days
from ringlog.store.sqlite.sealer_process import SealerProcess
from ringlog.store.sqlite.steps import Report, Step
from ringlog.store.sqlite.writer import Writer

SLICE = 500
"""Calls whose chunks are dropped in one commit: an append waits for no more than that."""
COUNT_EVERY_S = 10

Reached = Callable[[str], None]
"""Told each point of sealing, expiry and deletion that a kill could hit."""


@dataclass(slots=True)
class Round:
    """One way through all that waits, in steps; between two of them other upkeep has its turn."""

    horizon: Horizon
    after: int = -1
    sealed: int = 0
    """Calls."""
    failed: RinglogError | None = None
    """The first error. A call or Day that fails keeps none of the others from being sealed."""


class Sealing:
    """Runs in one thread, never beside an expiry."""

    def __init__(self, process: SealerProcess, days: Days, writer: Writer, reached: Reached) -> None:
        self._process = process
        self._days = days
        self._writer = writer
        self._reached = reached
        self._counted = float("-inf")
        self._any = False
        self.waiting = Backlog()
        """As of the last steps."""

    def step(self, one: Round) -> bool:
        """Seals a group of calls; whether more may wait. Raises StoreFault where the process was killed."""
        if one.after < 0:
            # What appending did not need since the last round.
            self.give_back_pages()
        report = self._built(one)
        if report.calls:
            self._reached("sealing: frames built")
            report = self._process.go_on()
        if report.calls:
            self._reached("sealing: frames committed")
            self._drop_chunks(report.calls)
            self._reached("sealing: chunks dropped")
            one.sealed += len(report.calls)
            self._any = True
        if report.failed:
            one.failed = one.failed or getattr(errors, report.failed)(report.because)
            if report.failed_unreadable:
                self._days.suspect(report.failed_call)
        one.after = -1 if report.after is None else report.after
        return report.after is not None

    def _built(self, one: Round) -> Report:
        count = one.after < 0 or time.monotonic() > self._counted + COUNT_EVERY_S
        horizon = one.horizon
        report = self._process.ask(Step(one.after, horizon.quiet_before_us, horizon.idle_before_us, count))
        if report.waiting:
            self.waiting, self._counted = report.waiting, time.monotonic()
        return report

    def _drop_chunks(self, calls: Sequence[tuple[int, int]]) -> None:
        for at in range(0, len(calls), SLICE):
            slice_ = calls[at : at + SLICE]
            entries = self._writer.run_here(lambda catalogue: _drop_chunks(catalogue, slice_))  # noqa: B023 - called at once
            self.waiting = Backlog(
                max(0, self.waiting.calls - len(slice_)), max(0, self.waiting.entries - entries)
            )

    def give_back_pages(self) -> None:
        while self._writer.run_here(give_back_pages):
            self._reached("sealing: pages given back")

    def close(self) -> None:
        self._process.close()
        if self._any:
            with suppress(apsw.Error):
                self.give_back_pages()


def _drop_chunks(catalogue: Connection, calls: Sequence[tuple[int, int]]) -> int:
    """What arrived since the frame was built stays, and then the first error's line stays with it."""
    catalogue.run_many("DELETE FROM chunk WHERE call_id = ? AND last_arrival <= ?", calls)
    catalogue.run_many(
        "UPDATE call SET sealed_arrival = ?2, "
        "first_error_us = CASE WHEN next_arrival - 1 > ?2 THEN first_error_us END, "
        "first_error = CASE WHEN next_arrival - 1 > ?2 THEN first_error END WHERE id = ?1",
        calls,
    )
    return sum(arrival for _, arrival in calls)
