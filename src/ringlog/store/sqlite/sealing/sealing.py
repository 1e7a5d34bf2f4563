"""Sealing: a finished call's chunks become one compressed frame in its Day.

(1) the frame is built, (2) written to the Day and committed, (3) the chunks that went in are dropped from the
catalogue. A kill between 2 and 3 is harmless: reading takes the union, and sealing again replaces the frame.
The first two are the work of a process of its own (`sealer.py`), the third is the catalogue's writer's.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import apsw

from ringlog import errors
from ringlog.errors import RinglogError, StoreFault
from ringlog.model import MICROSECONDS, Backlog, Horizon
from ringlog.store.sqlite.day.days import Days
from ringlog.store.sqlite.disk.catalogue import Connection, connect, give_back_pages
from ringlog.store.sqlite.disk.faults import CATALOGUE
from ringlog.store.sqlite.disk.writer import Writer
from ringlog.store.sqlite.sealing import waiting
from ringlog.store.sqlite.sealing.sealer_process import SealerProcess
from ringlog.store.sqlite.sealing.steps import Report, Step

SLICE = 500
"""Calls whose chunks are dropped in one commit: an append waits for no more than that."""
COUNT_EVERY_S = 10
GIVE_BACK_S = 1
"""How long a round, or the end, may give pages back: where more came than was sealed they are gigabytes."""

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

    def __init__(self, folder: Path, days: Days, writer: Writer, reached: Reached) -> None:
        self._catalogue = folder / CATALOGUE
        self._process = SealerProcess(folder, self._count_seldom)
        self._days = days
        self._writer = writer
        self._reached = reached
        self._counted = float("-inf")
        self._any = False
        self._quiet = 0, 0
        """Before when calls must be quiet to be sealed, and idle: of the running step, in microseconds."""
        self._began = 0.0
        self.waiting = Backlog()
        """As of the last steps; where they fail or hang, as of some seconds ago."""

    def step(self, one: Round) -> bool:
        """Seals a group of calls; whether more may wait. Raises StoreFault where the process died or hung."""
        self._quiet = one.horizon.quiet_before_us, one.horizon.idle_before_us
        self._began = time.monotonic()
        try:
            return self._step(one)
        except Exception:
            self._count()
            raise

    def _step(self, one: Round) -> bool:
        if one.after < 0:
            # What appending did not need since the last round.
            self._give_back_pages()
        report = self._built(one)
        if report.calls:
            self._reached("sealing: frames built")
            report = self._process.go_on()
        if report.calls:
            self._reached("sealing: frames committed")
            self._drop_chunks(report)
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
        report = self._process.ask(Step(one.after, *self._quiet, count))
        if report.waiting:
            self.waiting, self._counted = report.waiting, time.monotonic()
        return report

    def _count_seldom(self) -> None:
        if time.monotonic() > self._counted + COUNT_EVERY_S:
            self._count()

    def _count(self) -> None:
        """Counts here, because the process does not: exactly then somebody looks at what waits."""
        since_us = int((time.monotonic() - self._began) * MICROSECONDS)
        self._counted = time.monotonic()
        with suppress(apsw.Error, StoreFault), closing(connect(self._catalogue)) as catalogue:
            self.waiting = waiting.count(catalogue, *(before_us + since_us for before_us in self._quiet))

    def _drop_chunks(self, report: Report) -> None:
        twice = dict(report.twice)
        for at in range(0, len(report.calls), SLICE):
            slice_ = report.calls[at : at + SLICE]
            again = [(call_id, *twice[call_id]) for call_id, _ in slice_ if call_id in twice]
            entries = self._writer.run_here(lambda catalogue: _drop_chunks(catalogue, slice_, again))  # noqa: B023 - called at once
            self.waiting = Backlog(
                max(0, self.waiting.calls - len(slice_)), max(0, self.waiting.entries - entries)
            )

    def _give_back_pages(self) -> None:
        """What there is time for; the next round goes on."""
        until = time.monotonic() + GIVE_BACK_S
        while self._writer.run_here(give_back_pages) and time.monotonic() < until:
            self._reached("sealing: pages given back")

    def hurry(self) -> None:
        """Ends the step that may run, within seconds. From any thread."""
        self._process.hurry()

    def close(self) -> None:
        self._process.close()
        if self._any:
            with suppress(apsw.Error, StoreFault):
                self._give_back_pages()


def _drop_chunks(
    catalogue: Connection, calls: Sequence[tuple[int, int]], twice: Sequence[tuple[int, ...]]
) -> int:
    """What arrived since the frame was built stays, and then the first error's line stays with it."""
    catalogue.run_many(
        "UPDATE call SET entries = entries - ?2, skipped = skipped + ?2, errors = errors - ?3, "
        "bytes = bytes - ?4 WHERE id = ?1",
        twice,
    )
    catalogue.run_many("DELETE FROM chunk WHERE call_id = ? AND last_arrival <= ?", calls)
    catalogue.run_many(
        "UPDATE call SET sealed_arrival = ?2, "
        "first_error_us = CASE WHEN next_arrival - 1 > ?2 THEN first_error_us END, "
        "first_error = CASE WHEN next_arrival - 1 > ?2 THEN first_error END WHERE id = ?1",
        calls,
    )
    return sum(arrival for _, arrival in calls)
