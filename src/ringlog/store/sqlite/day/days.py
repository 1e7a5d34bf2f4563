"""Day files: where they lie, and a bounded pool of connections that read them."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, TypeVar

import apsw

from ringlog.errors import StoreDamaged, StoreFault
from ringlog.store.sqlite.day.codec import Frame
from ringlog.store.sqlite.disk import files
from ringlog.store.sqlite.disk.catalogue import (
    Connection,
    connect,
    connect_to_look,
    connect_to_write,
    is_newer,
    make_durable,
    migrate,
    newer,
    numbers,
)
from ringlog.store.sqlite.disk.faults import UNREADABLE, Unreadable, unreadable
from ringlog.store.sqlite.index.call_index import N_BITS, Error

T = TypeVar("T")

OPEN, EXPIRING, GONE = 0, 1, 2
"""What the catalogue says of a Day: kept; marked, its file goes; its file is gone."""

POOL = 32
"""Connections kept open for reading."""

BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite keeps of a database; a journal only while it makes the file, or where it was killed then."""

ENDS = "SELECT min(call_id) FROM frame UNION ALL SELECT max(call_id) FROM frame"
"""The calls that a Day's file holds lie between these two; NULL where it holds none."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def name(day: int) -> str:
    """`2026-11-23`."""
    return f"{EPOCH + timedelta(days=day):%Y-%m-%d}"


def foreign(file: Path) -> str | None:
    """Why a file is not the Day's that its name says, or not for this Ringlog: a sentence.

    None also where it cannot be read.
    """
    # No datetime has the day of a damaged id.
    with suppress(apsw.Error, OverflowError), closing(connect_to_look(file)) as connection:
        if is_newer(connection, "day"):
            return newer(file)
        for (call_id,) in connection.rows(ENDS):
            if call_id is not None and (held := name(call_id >> N_BITS)) != file.stem:
                return f"{file} holds calls of {held}: stop the server and put the file of its own day there."
    return None


def last_call(file: Path) -> int | None:
    """The highest call id in a Day's file; None where it holds none or cannot be read."""
    with suppress(apsw.Error), closing(connect_to_look(file)) as connection:
        ((call_id,),) = connection.rows("SELECT max(call_id) FROM frame")
        return call_id
    return None


def what_is_wrong(file: Path) -> str:
    """What an operator is told of a Day's file in which something cannot be read."""
    return foreign(file) or unreadable(file)


class Sealed(NamedTuple):
    """A call's row in its Day."""

    first_error: Error
    frame: bytes


class Opened(NamedTuple):
    """The same, with the frame opened."""

    first_error: Error
    frame: Frame


class Days:
    """The folder of Day files. Reading is safe from any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pool: OrderedDict[int, Connection] = OrderedDict()
        self._lock = Lock()
        self._suspects: dict[int, int] = {}

    def path(self, day: int) -> Path:
        return self._folder / f"{name(day)}.db"

    def is_made(self, day: int) -> bool:
        """Whether there is a file. One of no bytes is none: nothing was written to it, or all is lost."""
        path = self.path(day)
        return path.exists() and path.stat().st_size > 0

    def sealed(self, call_id: int) -> Opened:
        """Raises StoreDamaged, also where the call is not there, and apsw.Error."""
        select = "SELECT first_error_us, first_error, frame FROM frame WHERE call_id = ?"
        return self._read(call_id, select, lambda row: Opened((row[0], row[1]), Frame(row[2])))

    def frame(self, call_id: int) -> Frame:
        """Raises StoreDamaged, also where the call is not there, and apsw.Error."""
        return self._read(call_id, "SELECT frame FROM frame WHERE call_id = ?", lambda row: Frame(row[0]))

    def first_error(self, call_id: int) -> Error:
        """Of the sealed entries. Raises StoreDamaged, apsw.Error."""
        select = "SELECT first_error_us, first_error FROM frame WHERE call_id = ?"
        return self._read(call_id, select, lambda row: (row[0], row[1]))

    def holds(self, day: int, call_ids: Sequence[int]) -> list[int]:
        """Those of the calls that have a frame in the Day. Raises apsw.Error."""
        select = "SELECT call_id FROM frame WHERE call_id IN (SELECT value FROM carray(?))"
        with self._lock:
            return [call_id for (call_id,) in self._reader(day).rows(select, (numbers(call_ids),))]

    def _read(self, call_id: int, select: str, read: Callable[[tuple[Any, ...]], T]) -> T:
        """What `read` makes of the call's row. Damage is that of the Day's file, and said so."""
        try:
            return read(self._row(call_id, select))
        except UNREADABLE as error:
            self.suspect(call_id)
            if isinstance(error, apsw.IOError):
                raise
            raise StoreDamaged(what_is_wrong(self.path(call_id >> N_BITS))) from error

    def _row(self, call_id: int, select: str) -> tuple[Any, ...]:
        day = call_id >> N_BITS
        with self._lock:
            # A pooled connection may hold a file that another process has unlinked and made anew.
            for fresh in (False, True):
                if fresh:
                    self._forget(day)
                if rows := self._reader(day).rows(select, (call_id,)):
                    return rows[0]
        raise Unreadable

    def suspect(self, call_id: int) -> None:
        """Notes that this call's detail could not be read: the next `broken` tries it again."""
        day = call_id >> N_BITS
        with self._lock:
            self._forget(day)
            self._suspects[day] = call_id

    def broken(self, is_kept: Callable[[int], bool]) -> list[int]:
        """The suspected Days whose call still cannot be read. What is not kept any more is no suspect."""
        with self._lock:
            suspects, self._suspects = self._suspects, {}
        for call_id in suspects.values():
            if is_kept(call_id):
                try:
                    self.look(call_id)
                except StoreFault:
                    self.suspect(call_id)
        return sorted(self._suspects)

    def look(self, call_id: int) -> None:
        """Suspects the Day unless this sealed call can be read. Raises StoreFault where nobody can tell."""
        try:
            self.frame(call_id)
        except (apsw.Error, StoreDamaged):
            self.suspect(call_id)

    def _reader(self, day: int) -> Connection:
        connection = self._pool.pop(day, None) or connect(self.path(day))
        self._pool[day] = connection
        if len(self._pool) > POOL:
            self._pool.popitem(last=False)[1].close()
        return connection

    def _forget(self, day: int) -> None:
        if connection := self._pool.pop(day, None):
            connection.close()

    def writer(self, day: int) -> Connection:
        """For sealing; makes the file where there is none."""
        connection = connect_to_write(self.path(day), create=True)
        try:
            make_durable(connection)
            migrate(connection, "day")
        except BaseException:
            connection.close()
            raise
        return connection

    def remove(self, day: int) -> None:
        """Unlinks the Day's files, durably. Doing it again does no harm."""
        path = self.path(day)
        for beside in BESIDE:
            files.unlink(path.with_name(path.name + beside))
        with self._lock:
            connection = self._pool.pop(day, None)
        # The disk takes its time to free what nobody holds any more: no read waits for it.
        if connection:
            connection.close()
        if self._folder.is_dir():
            files.fsync_folder(self._folder)

    def close(self) -> None:
        with self._lock:
            for connection in self._pool.values():
                connection.close()
            self._pool.clear()
