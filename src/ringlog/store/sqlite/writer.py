"""The writer: one thread that takes everything waiting and commits it at once.

A group shares one fsync, which is what an append costs. Each job checks before it writes, so that one bad
append fails alone; only a failing database fails the whole group.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Any, TypeVar

import apsw

from ringlog.errors import StoreBusy, StoreFault
from ringlog.store.sqlite.catalogue import Connection, writing
from ringlog.store.sqlite.wal import WriteAheadLog

T = TypeVar("T")
Job = Callable[[Connection], T]

MAX_WAITING = 10_000
"""Jobs."""
MAX_WAITING_BYTES = 128 * 2**20


@dataclass(frozen=True, slots=True)
class _Waiting:
    job: Job[Any]
    future: Future[Any]
    size: int


class Writer:
    """Runs jobs in groups, each group in one transaction."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._log = self._connected()[1]
        self._waiting: list[_Waiting] = []
        self._bytes = 0
        self._closing = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name="ringlog-writer", daemon=True)
        self._thread.start()

    async def run(self, job: Job[T], size: int = 0) -> T:
        """What `job` returned, once that is durable. `size` in bytes counts against what may wait.

        Raises StoreBusy where too much waits already, and whatever the job raises.
        """
        return await asyncio.wrap_future(self._submit(job, size))

    def run_here(self, job: Job[T]) -> T:
        """The same, for the store's own threads."""
        return self._submit(job, 0).result()

    def _submit(self, job: Job[T], size: int) -> Future[T]:
        future: Future[T] = Future()
        with self._changed:
            if self._closing:
                raise StoreFault("The store is closed.")
            full = len(self._waiting) >= MAX_WAITING or self._bytes + size > MAX_WAITING_BYTES
            if full and self._waiting:
                raise StoreBusy
            self._waiting.append(_Waiting(job, future, size))
            self._bytes += size
            self._changed.notify()
        return future

    def close(self) -> None:
        """Finishes what waits."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            running = [one for one in group if one.future.set_running_or_notify_cancel()]
            if running:
                self._commit(running)
        self._disconnect()

    def _next_group(self) -> list[_Waiting]:
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            group, self._waiting, self._bytes = self._waiting, [], 0
        return group

    def _commit(self, group: list[_Waiting]) -> None:
        answers: list[tuple[Future[Any], Any, Exception | None]] = []
        try:
            connection, _ = self._connected()
            with writing(connection):
                answers = [(one.future, *_run(one.job, connection)) for one in group]
        except Exception as fault:  # whatever it was, those who wait must hear of it
            # After a failed write nothing is assumed of this connection.
            self._disconnect()
            answers = [(one.future, None, fault) for one in group]
        for future, answer, error in answers:
            if error is None:
                future.set_result(answer)
            else:
                future.set_exception(error)
        self._shorten_log()

    def _connected(self) -> tuple[Connection, WriteAheadLog]:
        if not self._connection:
            self._connection = self._connect()
            self._log = WriteAheadLog(self._connection)
        return self._connection, self._log

    def _shorten_log(self) -> None:
        """Nobody waits for it: what fails here is met again by the next append, if it lasts."""
        if self._connection:
            try:
                self._log.shorten()
            except apsw.Error:
                self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            with contextlib.suppress(apsw.Error):
                connection.close()


def _run(job: Job[Any], connection: Connection) -> tuple[Any, Exception | None]:
    """The job's answer or its own error; the database's errors concern the whole group and pass."""
    written = connection.total_changes()
    try:
        return job(connection), None
    except apsw.Error:
        raise
    except Exception as error:
        if connection.total_changes() != written:
            raise
        return None, error
