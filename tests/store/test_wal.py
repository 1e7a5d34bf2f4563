"""The write-ahead log stays short: under readers that never stop, behind one that was long, and at rest."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import apsw
import pytest

from ringlog.store.sqlite.disk import catalogue
from ringlog.store.sqlite.store import SqliteStore

from .records import NOW, batch, entry, horizon

MIB = 2**20
LIMIT = 64 * MIB
LINE = "x" * 10_000


def told(folder: Path, story: Callable[[SqliteStore, int], Awaitable[None]]) -> None:
    async def run() -> None:
        store = await SqliteStore.open(folder, append=True)
        try:
            await story(store, (await store.add_account("a@example.com", NOW)).id)
        finally:
            await store.close()

    asyncio.run(run())


async def fill(store: SqliteStore, account_id: int, folder: Path, mib: int, name: str) -> int:
    """Appends so much text; returns the largest size that the log had meanwhile."""
    largest = 0
    for number in range(mib):
        entries = [entry(f"{name}{number}", seq=seq, line=LINE) for seq in range(MIB // len(LINE))]
        await store.append(account_id, batch(*entries), horizon())
        largest = max(largest, (folder / "catalogue.db-wal").stat().st_size)
    return largest


def test_readers_that_never_stop_do_not_let_the_log_grow(tmp_path: Path) -> None:
    async def story(store: SqliteStore, one: int) -> None:
        await store.append(one, batch(entry("x")), horizon())
        filled = asyncio.create_task(fill(store, one, tmp_path, 150, "c"))
        while not filled.done():
            for _ in range(20):
                await store.read(one, "x", horizon())
            await asyncio.sleep(0)
        assert 16 * MIB < await filled <= LIMIT

    told(tmp_path, story)


def test_behind_a_long_reader_the_log_grows_and_then_begins_anew(tmp_path: Path) -> None:
    async def story(store: SqliteStore, one: int) -> None:
        await store.append(one, batch(entry("x")), horizon())
        with closing(catalogue.connect(tmp_path / "catalogue.db")) as other, catalogue.reading(other):
            assert other.rows("SELECT count(*) FROM call") == [(1,)]
            grown = await fill(store, one, tmp_path, 40, "during")
            assert grown > 40 * MIB
        # From the step at which it is tried again, what follows is written over the beginning.
        assert await fill(store, one, tmp_path, 60, "after") < grown + 8 * MIB

    told(tmp_path, story)


def test_a_reader_that_closes_beside_an_open_store_leaves_its_log_alone(tmp_path: Path) -> None:
    """The last connection to close checkpoints, and a writer that comes just then is told to try again."""

    async def story() -> None:
        await (await SqliteStore.open(tmp_path, append=True)).close()
        store = await SqliteStore.open(tmp_path, append=False)
        with closing(catalogue.connect(tmp_path / "catalogue.db")) as reader:
            catalogue.schema_version(reader)
        assert (tmp_path / "catalogue.db-wal").exists()
        await store.close()

    asyncio.run(story())


def test_the_first_write_waits_for_another_checkpoint(tmp_path: Path) -> None:
    """A deletion that a killed server had begun makes one as the next server starts."""
    asyncio.run(made(tmp_path))
    file = tmp_path / "catalogue.db"
    held = Event()

    def wait(_times: int) -> bool:
        """What SQLite calls while a checkpoint waits for a reader."""
        held.set()
        return True

    with (
        closing(catalogue.connect(file)) as reader,
        closing(catalogue.connect_to_write(file)) as other,
        closing(catalogue.connect_to_write(file)) as first,
        ThreadPoolExecutor(2) as threads,
    ):
        reader.run("BEGIN")
        reader.rows("SELECT count(*) FROM account")
        other.run("UPDATE account SET active = 0")
        other.set_busy_handler(wait)
        long = threads.submit(other.wal_checkpoint, mode=apsw.SQLITE_CHECKPOINT_FULL)
        assert held.wait(10)
        durable = threads.submit(catalogue.make_durable, first)
        try:
            with pytest.raises(TimeoutError):
                durable.result(0.1)
        finally:
            reader.run("COMMIT")
        long.result(10)
        durable.result(10)


async def made(folder: Path) -> None:
    store = await SqliteStore.open(folder, append=True)
    await store.add_account("a@example.com", NOW)
    await store.close()
