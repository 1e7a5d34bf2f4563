"""The store's end does not wait for all that is being dropped; what is left goes after the next start."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path

import apsw
import pytest

from ringlog.errors import StoreFault
from ringlog.store.sqlite import store as module
from ringlog.store.sqlite.disk import catalogue
from ringlog.store.sqlite.dropping import deletion, expiry
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon

CALLS = 40
SECRET = "a very secret line"
EMAIL = "a@example.com"
EXPIRY_POINTS = ["expiry: slice cleared", "expiry: pages given back", "expiry: rows dropped"]
DELETION_POINTS = [
    "deletion: slice noted",
    "deletion: slice made anew",
    "deletion: frames gone",
    "deletion: pages given back",
]


async def filled(folder: Path) -> None:
    """Half of the calls sealed, by an older Ringlog; no compression makes their lines small."""
    chance = random.Random(3)
    store = await SqliteStore.open(folder, append=True)
    one = (await store.add_account(EMAIL, NOW)).id
    for n in range(CALLS):
        name = f"c{n}"
        lines = [entry(name, seq=seq, line=f"{SECRET} {chance.randbytes(1000).hex()}") for seq in range(10)]
        await store.append(one, batch(*lines, ended(name)), horizon())
        if n == CALLS // 2:
            await store.seal(horizon(DAY))
    await store.close()
    (day,) = (folder / "days").glob("*.db")
    with apsw.Connection(str(day)) as connection:
        connection.execute("UPDATE term_version SET version = 'older'")
    connection.close()


class Ending:
    """Lets a store be closed as soon as a point is reached, and notes the points from there on."""

    def __init__(self, point: str) -> None:
        self._point = point
        self._loop = asyncio.get_running_loop()
        self.reached: list[str] = []
        self.store: SqliteStore | None = None
        self.closed: Future[None] = Future()

    def __call__(self, point: str) -> None:
        if self.reached:
            self.reached.append(point)
        elif point == self._point:
            assert self.store
            self.reached.append(point)
            self.closed = asyncio.run_coroutine_threadsafe(self.store.close(), self._loop)
            while self.store._ends_at == float("inf"):
                time.sleep(0.01)


async def ended_at(folder: Path, point: str, drop: Callable[[SqliteStore], Awaitable[object]]) -> None:
    ending = Ending(point)
    ending.store = await SqliteStore.open(folder, append=True, reached=ending)
    with pytest.raises(StoreFault, match=r"^The store was closed meanwhile; its next start goes on\.$"):
        await drop(ending.store)
    await asyncio.wrap_future(ending.closed)
    assert ending.reached == [point]


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "SLICE", 7)
    monkeypatch.setattr(expiry, "SLICE", 7)
    monkeypatch.setattr(catalogue, "VACUUM_PAGES", catalogue.VACUUM_STEP)


def free_pages(file: Path) -> int:
    with apsw.Connection(str(file)) as connection:
        pages = connection.execute("PRAGMA freelist_count").get
    connection.close()
    return pages


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize("point", EXPIRY_POINTS)
def test_an_expiry_ends_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    async def story() -> None:
        await filled(tmp_path)
        with monkeypatch.context() as patch:
            patch.setattr(module, "END_S", 0)
            await ended_at(tmp_path, point, lambda store: store.expire(horizon(371 * DAY)))
        store = await SqliteStore.open(tmp_path, append=True)
        await store.expire(horizon(371 * DAY))
        await store.seal(horizon(371 * DAY))
        await store.close()

    asyncio.run(story())
    assert free_pages(tmp_path / "catalogue.db") == 0
    for table in ("call", "chunk", "day"):
        with apsw.Connection(str(tmp_path / "catalogue.db")) as connection:
            assert connection.execute(f"SELECT count(*) FROM {table}").get == 0
        connection.close()


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize("point", DELETION_POINTS)
def test_a_deletion_ends_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    async def story() -> None:
        await filled(tmp_path)
        with monkeypatch.context() as patch:
            patch.setattr(module, "END_S", 0)
            await ended_at(tmp_path, point, lambda store: store.delete_account(EMAIL))
        store = await SqliteStore.open(tmp_path, append=True)
        await store.expire(horizon(DAY))
        await store.seal(horizon(DAY))
        assert list(await store.accounts()) == []
        await store.close()

    asyncio.run(story())
    for file in tmp_path.rglob("*.db"):
        assert SECRET.encode() not in file.read_bytes()
        assert free_pages(file) == 0
    with apsw.Connection(str(tmp_path / "catalogue.db")) as connection:
        assert connection.execute("SELECT count(*) FROM deletion").get == 0
    connection.close()
