"""The writer: one thread that takes what is waiting and commits it at once.

A group shares one fsync, which is what an append costs. Small jobs are in the next group always; large ones
are shared out over several, so that no small one waits for all of them. Each job checks before it writes, so
that one bad append fails alone; only a failing database fails the whole group.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Any, TypeVar

import apsw

from ringlog.errors import StoreBusy, StoreFault
from ringlog.store.sqlite.disk.catalogue import Connection, make_durable, writing
from ringlog.store.sqlite.disk.wal import WriteAheadLog

T = TypeVar("T")
Job = Callable[[Connection], T]

MAX_WAITING = 10_000
"""Jobs."""
MAX_WAITING_BYTES = 128 * 2**20


LARGE_BYTES = 16 * 2**10
GROUP_BYTES = 2**20
"""Of large jobs in one group: a small one waits for twice as much at most, what runs and what is with it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    job: Job[Any]
    future: asyncio.Future[Any] | Future[Any]
    size: int


class Writer:
    """Runs jobs in groups, each group in one transaction."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._log: WriteAheadLog | None = None
        self._waiting: list[Waiting] = []
        self._bytes = 0
        self._closing = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name="ringlog-writer", daemon=True)
        self._thread.start()

    async def run(self, job: Job[T], size: int = 0) -> T:
        """What `job` returned, once that is durable. `size` in bytes counts against what may wait.

        Raises StoreBusy where too much waits already, and whatever the job raises.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._submit(Waiting(job, future, size))
        return await future

    def run_here(self, job: Job[T]) -> T:
        """The same, for the store's own threads."""
        future: Future[T] = Future()
        self._submit(Waiting(job, future, 0))
        return future.result()

    def _submit(self, one: Waiting) -> None:
        with self._changed:
            if self._closing:
                raise StoreFault("The store is closed.")
            full = len(self._waiting) >= MAX_WAITING or self._bytes + one.size > MAX_WAITING_BYTES
            if full and self._waiting:
                raise StoreBusy
            self._waiting.append(one)
            self._bytes += one.size
            self._changed.notify()

    def close(self) -> None:
        """Finishes what waits."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            if running := [one for one in group if not one.future.cancelled()]:
                self._commit(running)
        self._disconnect()

    def _next_group(self) -> list[Waiting]:
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            group, self._waiting = shared_out(self._waiting)
            self._bytes -= sum(one.size for one in group)
        return group

    def _commit(self, group: list[Waiting]) -> None:
        answers: list[_Answer] = []
        try:
            connection = self._connected()
            with writing(connection):
                answers = [(one.future, *_run(one.job, connection)) for one in group]
        except Exception as fault:  # whatever it was, those who wait must hear of it
            # After a failed write nothing is assumed of this connection.
            self._disconnect()
            answers = [(one.future, None, fault) for one in group]
        _tell(answers)
        self._shorten_log()

    def _connected(self) -> Connection:
        """Made with the first job: who only reads leaves the log alone."""
        if not self._connection:
            connection = self._connect()
            try:
                make_durable(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._log = connection, WriteAheadLog(connection)
        return self._connection

    def _shorten_log(self) -> None:
        """Nobody waits for it: what fails here is met again by the next append, if it lasts."""
        if self._log:
            try:
                self._log.shorten()
            except apsw.Error:
                self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection, self._log = self._connection, None, None
        if connection:
            with contextlib.suppress(apsw.Error):
                connection.close()


_Answer = tuple[asyncio.Future[Any] | Future[Any], Any, Exception | None]


def shared_out(waiting: list[Waiting]) -> tuple[list[Waiting], list[Waiting]]:
    """The next group and those that wait on: all small jobs go, and of the large ones, in turn, some."""
    group: list[Waiting] = []
    later: list[Waiting] = []
    room = GROUP_BYTES
    for one in waiting:
        large = one.size > LARGE_BYTES
        (later if large and room <= 0 else group).append(one)
        room -= one.size if large else 0
    return group, later


def _tell(answers: list[_Answer]) -> None:
    """Each loop is woken once for all of its answers."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[_Answer]] = defaultdict(list)
    for answer in answers:
        future = answer[0]
        if isinstance(future, Future):
            _settle([answer])
        else:
            by_loop[future.get_loop()].append(answer)
    for loop, its in by_loop.items():
        with contextlib.suppress(RuntimeError):  # it was closed, so nobody waits there any more
            loop.call_soon_threadsafe(_settle, its)


def _settle(answers: list[_Answer]) -> None:
    for future, answer, error in answers:
        if future.cancelled():
            continue
        if error is None:
            future.set_result(answer)
        else:
            future.set_exception(error)


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
