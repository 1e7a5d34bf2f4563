"""Expiry: the disk is given back at once, in slices, also when there is no room left to say so."""

import asyncio
from pathlib import Path

import apsw
import pytest

from ringlog.errors import BeyondRetention, DetailsGone
from ringlog.model import Expired
from ringlog.store.sqlite.doctor.doctor import Doctor
from ringlog.store.sqlite.dropping import expiry
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon

CALLS = 40


async def filled(folder: Path) -> tuple[SqliteStore, int]:
    """Calls of one Day with long texts, none of them sealed."""
    store = await SqliteStore.open(folder, append=True)
    one = (await store.add_account("a@example.com", NOW)).id
    for n in range(CALLS):
        name = f"c{n}"
        entries = [entry(name, seq=seq, line=f"a very secret line {seq} " * 100) for seq in range(10)]
        await store.append(one, batch(*entries, ended(name)), horizon())
    return store, one


def pages(folder: Path) -> int:
    connection = apsw.Connection(str(folder / "catalogue.db"))
    assert connection.execute("PRAGMA freelist_count").get == 0
    count = connection.execute("PRAGMA page_count").get
    connection.close()
    return count


def test_unsealed_calls_go_in_slices_and_their_pages_are_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "SLICE", 7)

    async def story() -> None:
        points: list[str] = []
        store, one = await filled(tmp_path)
        await store.close()
        before = pages(tmp_path)
        store = await SqliteStore.open(tmp_path, append=True, reached=points.append)
        assert await store.expire(horizon(7 * DAY)) == Expired(1, 0)
        assert points.count("expiry: slice cleared") == -(-CALLS // 7)
        assert pages(tmp_path) < before / 9
        with pytest.raises(DetailsGone):
            await store.read(one, "c39", horizon())
        assert await store.expire(horizon(371 * DAY)) == Expired(0, CALLS)
        assert points.count("expiry: rows dropped") == -(-CALLS // 7)
        await store.close()

    asyncio.run(story())
    assert b"a very secret line" not in (tmp_path / "catalogue.db").read_bytes()
    connection = apsw.Connection(str(tmp_path / "catalogue.db"))
    assert connection.execute("SELECT count(*) FROM day").get == 0
    connection.close()


def test_a_call_that_is_new_while_its_day_goes_keeps_what_it_has(tmp_path: Path) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()

        def reached(point: str) -> None:
            if point == "expiry: marked":
                late = store.append(one, batch(entry("new"), ended("new")), horizon())
                asyncio.run_coroutine_threadsafe(late, loop).result(20)

        store, one = await filled(tmp_path)
        await store.close()
        store = await SqliteStore.open(tmp_path, append=True, reached=reached)
        assert await store.expire(horizon(7 * DAY)) == Expired(1, 0)
        assert len((await store.read(one, "new", horizon())).entries) == 1
        with pytest.raises(BeyondRetention):
            await store.append(one, batch(entry("c1", seq=11)), horizon())
        await store.close()

    asyncio.run(story())


def test_what_a_killed_sealer_left_beside_a_day_is_no_fault_and_goes_with_it(tmp_path: Path) -> None:
    """While a database is being made it has a journal."""

    async def story() -> None:
        store, _ = await filled(tmp_path)
        await store.seal(horizon(DAY))
        (day,) = (tmp_path / "days").glob("*.db")
        for file in (day, tmp_path / "catalogue.db"):
            file.with_name(f"{file.name}-journal").write_bytes(bytes(512))
        assert list(Doctor(tmp_path, lambda done, total: None).findings()) == []
        await store.expire(horizon(7 * DAY))
        assert list((tmp_path / "days").iterdir()) == []
        await store.close()

    asyncio.run(story())
