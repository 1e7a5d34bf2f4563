"""The embedded store: one folder, one process that appends, any number that read."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from ringlog.errors import StoreBusy, StoreFault, StoreLocked
from ringlog.model import (
    MICROSECONDS,
    Account,
    Appended,
    Batch,
    Call,
    CallPage,
    CallQuery,
    Detail,
    DeveloperKey,
    Expired,
    Health,
    Horizon,
    Login,
    LogText,
    Scope,
    Tail,
)
from ringlog.overview import Overview, Period
from ringlog.store.sqlite import opening
from ringlog.store.sqlite.calls import listing, reading
from ringlog.store.sqlite.calls.appending import append
from ringlog.store.sqlite.calls.overview import Summary
from ringlog.store.sqlite.calls.searching import Searching
from ringlog.store.sqlite.calls.tails import Tails
from ringlog.store.sqlite.day.days import Days
from ringlog.store.sqlite.disk import catalogue, files
from ringlog.store.sqlite.disk.catalogue import Connection
from ringlog.store.sqlite.disk.clock import is_steady
from ringlog.store.sqlite.disk.faults import CATALOGUE, Seam, must_hold_a_store
from ringlog.store.sqlite.disk.writer import Job, Writer
from ringlog.store.sqlite.dropping.deletion import Deletion
from ringlog.store.sqlite.dropping.expiry import Expiry
from ringlog.store.sqlite.health import health, look_into_each
from ringlog.store.sqlite.index import accounts, logins, tombstones
from ringlog.store.sqlite.sealing.sealing import Reached, Round, Sealing

T = TypeVar("T")

END_S = 5
"""How long the store's end may wait for what is being dropped; the next start, or expiry, goes on."""


class _Ending(Exception):
    """The store's end waits no longer for what is being dropped."""

    # No RinglogError: a deletion that meets one in a Day goes on with the others.


def _nobody_listens(point: str) -> None:
    del point


class SqliteStore:
    """Store of base.py. Point reads run where they are called, lists and upkeep in a thread each."""

    def __init__(self, folder: Path, lock: files.Lock | None, reached: Reached) -> None:
        self._path = folder / CATALOGUE
        self._seam = Seam(self._path)
        self._lock = lock
        self._days = Days(folder / "days")
        self._connection: Connection | None = catalogue.connect(self._path)
        # It has read, so no connection that closes is the last one: that would checkpoint, and a writer that
        # comes just then would be told at once that the store is busy.
        catalogue.schema_version(self._connection)
        self._writer = Writer(partial(catalogue.connect_to_write, self._path))
        self._lists = ThreadPoolExecutor(1, "ringlog-lists")
        self._upkeep = ThreadPoolExecutor(1, "ringlog-upkeep")
        self._reached = reached
        self._ends_at = float("inf")
        parts = (partial(catalogue.connect, self._path), self._days, self._writer, self._reached_in_dropping)
        self._sealing = Sealing(folder, self._days, self._writer, reached)
        self._expiry = Expiry(*parts)
        self._deletion = Deletion(*parts)

    @classmethod
    async def open(
        cls, folder: Path, *, append: bool, create: bool = False, reached: Reached = _nobody_listens
    ) -> "SqliteStore":
        """Opens the store in `folder`; to append, makes it where there is none, as `create` does.

        `reached` is told each point of sealing, expiry and deletion that a kill could hit.
        Raises StoreLocked where another process appends; ConfigurationFault where there is no store.
        """
        with Seam(folder / CATALOGUE):
            return await asyncio.to_thread(cls._open, folder, append, append or create, reached)

    @classmethod
    def _open(cls, folder: Path, append: bool, create: bool, reached: Reached) -> "SqliteStore":
        if create:
            opening.make(folder)
        else:
            must_hold_a_store(folder)
        if append:
            opening.must_be_writable(folder)
        lock = files.Lock(folder) if append else None
        try:
            opening.bring_up_to_date(folder / CATALOGUE, lock, create)
            if append:
                opening.must_know_its_calls(folder)
            store = cls(folder, lock, reached)
            if append:
                # What a killed server had begun; while a backup is made, the next `expire` does it.
                with contextlib.suppress(StoreBusy):
                    store._drop(store._expiry.finish)
                # Beside what comes: no read finds the calls any more. What fails is tried again by `expire`.
                store._upkeep.submit(store._drop, store._deletion.resume)
                store._upkeep.submit(store._look_into_days)
        except BaseException:
            if lock:
                lock.release()
            raise
        return store

    async def close(self) -> None:
        """Finishes what was begun; what takes long ends where a kill would do no harm."""
        with self._seam:
            await asyncio.to_thread(self._finish)
            if self._connection:
                self._connection.close()
                self._connection = None

    def _finish(self) -> None:
        self._ends_at = time.monotonic() + END_S
        self._sealing.hurry()
        self._upkeep.shutdown()
        self._sealing.close()
        self._lists.shutdown()
        self._writer.close()
        self._days.close()
        if self._lock:
            self._lock.release()
            self._lock = None

    # -- accounts ------------------------------------------------------------------------------------

    async def add_account(self, email: str, now_us: int) -> Account:
        return await self._write(lambda writer: accounts.add_account(writer, email, now_us))

    async def accounts(self) -> Sequence[Account]:
        with self._seam:
            return accounts.accounts(self._reader)

    async def account(self, email: str) -> Account:
        with self._seam:
            return accounts.account(self._reader, email)

    async def set_active(self, email: str, active: bool) -> None:
        await self._write(lambda writer: accounts.set_active(writer, email, active=active))

    async def delete_account(self, email: str) -> None:
        self._must_append()

        def delete() -> None:
            self._writer.run_here(lambda catalogue: accounts.leave(catalogue, email))
            self._deletion.finish()

        await self._in(self._upkeep, lambda: self._drop(delete))

    async def add_key(self, account_id: int, digest: bytes, scopes: Scope, now_us: int) -> DeveloperKey:
        return await self._write(lambda writer: accounts.add_key(writer, account_id, digest, scopes, now_us))

    async def keys(self, account_id: int) -> Sequence[DeveloperKey]:
        with self._seam:
            return accounts.keys(self._reader, account_id)

    async def revoke_key(self, account_id: int, key_id: int) -> None:
        await self._write(lambda writer: accounts.revoke_key(writer, account_id, key_id))

    async def key_used(self, key_id: int, now_us: int) -> None:
        await self._write(lambda writer: accounts.key_used(writer, key_id, now_us))

    async def add_login(self, digest: bytes, key_id: int, now_us: int, expires_us: int) -> None:
        await self._write(lambda writer: logins.add_login(writer, digest, key_id, now_us, expires_us))

    async def login(self, digest: bytes) -> Login:
        with self._seam:
            return logins.login(self._reader, digest)

    async def end_login(self, digest: bytes) -> None:
        await self._write(lambda writer: logins.end_login(writer, digest))

    # -- calls ---------------------------------------------------------------------------------------

    async def append(self, account_id: int, batch: Batch, horizon: Horizon) -> Appended:
        self._must_append()
        size = sum(len(entry.text) for call in batch.values() for entry in call.entries)
        return await self._write(lambda writer: append(writer, self._days, account_id, batch, horizon), size)

    async def call(self, account_id: int, session_id: str, horizon: Horizon) -> Call:
        with self._seam:
            return reading.one_call(self._reader, self._days, account_id, session_id, horizon)

    async def read(self, account_id: int, session_id: str, horizon: Horizon) -> Detail:
        with self._seam:
            found = reading.detail(self._reader, self._days, account_id, session_id, horizon)
        return Detail(found.call, found.text, self._seam(lambda: found.entries))

    async def log(self, account_id: int, session_id: str, horizon: Horizon) -> LogText:
        with self._seam:
            return reading.log(self._reader, self._days, account_id, session_id, horizon)

    async def tail(self, account_id: int, session_id: str, after: int, horizon: Horizon) -> Tail:
        with self._seam:
            return Tails(self._reader, self._days, horizon).behind(account_id, session_id, after)

    async def calls(self, account_id: int, query: CallQuery, horizon: Horizon) -> CallPage:
        return await self._in(self._lists, lambda: self._page(account_id, query, horizon))

    def _page(self, account_id: int, query: CallQuery, horizon: Horizon) -> CallPage:
        with contextlib.closing(catalogue.connect(self._path)) as connection:
            asked = (connection, self._days, account_id, query, horizon)
            return Searching(*asked, clock=time.monotonic).page() if query.searches else listing.page(*asked)

    async def overview(
        self, account_id: int, period: Period, application: str | None, horizon: Horizon
    ) -> Overview:
        def summed() -> Overview:
            with contextlib.closing(catalogue.connect(self._path)) as connection:
                return Summary(connection, self._days, account_id, horizon).overview(period, application)

        return await self._in(self._lists, summed)

    async def seal(self, horizon: Horizon) -> int:
        self._must_append()
        one = Round(horizon)
        while await self._in(self._upkeep, lambda: self._sealing.step(one)):
            pass
        if one.failed:
            raise one.failed
        return one.sealed

    async def expire(self, horizon: Horizon) -> Expired:
        self._must_append()
        return await self._in(self._upkeep, lambda: self._expire(horizon))

    def _expire(self, horizon: Horizon) -> Expired:
        gone = self._drop(lambda: self._expiry.expire(horizon))
        self._drop(self._deletion.finish)
        return gone

    async def delete_call(self, account_id: int, session_id: str, now_us: int) -> None:
        self._must_append()
        now_s = now_us // MICROSECONDS

        def delete() -> None:
            call_id = self._writer.run_here(
                lambda catalogue: tombstones.bury(catalogue, account_id, session_id, now_s)
            )
            self._deletion.finish_call(call_id)

        await self._in(self._upkeep, lambda: self._drop(delete))

    def _drop(self, work: Callable[[], T]) -> T:
        """Nothing goes from files while a backup is made. Raises StoreBusy; then nothing is begun."""
        with files.dropping(self._path.parent):
            try:
                return work()
            except _Ending:
                raise StoreFault("The store was closed meanwhile; its next start goes on.") from None

    def _reached_in_dropping(self, point: str) -> None:
        self._reached(point)
        if time.monotonic() > self._ends_at:
            raise _Ending

    async def steady(self, now_us: int) -> bool:
        self._must_append()
        return await self._in(self._upkeep, lambda: is_steady(self._path.parent, now_us))

    async def health(self) -> Health:
        with self._seam:
            return health(self._reader, self._days, self._sealing.waiting)

    def _look_into_days(self) -> None:
        connection = catalogue.connect(self._path)
        try:
            look_into_each(connection, self._days)
        finally:
            connection.close()

    # -- where things run ----------------------------------------------------------------------------

    @property
    def _reader(self) -> Connection:
        if not self._connection:
            raise StoreFault("The store is closed.")
        return self._connection

    def _must_append(self) -> None:
        _ = self._reader
        if not self._lock:
            raise StoreLocked("This store was opened for reading only.")

    async def _write(self, job: Job[T], size: int = 0) -> T:
        with self._seam:
            return await self._writer.run(job, size)

    async def _in(self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        _ = self._reader
        with self._seam:
            return await asyncio.get_running_loop().run_in_executor(thread, work)
