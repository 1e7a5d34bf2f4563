"""Days whose files have each other's names: that is said, and nothing is mixed before they are put right."""

import asyncio
from pathlib import Path

import pytest

from ringlog.errors import StoreDamaged
from ringlog.store.sqlite.backup import back_up
from ringlog.store.sqlite.doctor.doctor import Doctor
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon

FIRST, SECOND = "2026-11-18", "2026-11-19"
LATER = NOW + DAY


def findings(folder: Path) -> list[str]:
    return list(Doctor(folder, lambda done, total: None).findings())


def file(folder: Path, day: str) -> Path:
    return folder / "days" / f"{day}.db"


def sentence(folder: Path, day: str, held: str) -> str:
    where = file(folder, day)
    return f"{where} holds calls of {held}: stop the server and put the file of its own day there."


def exchange(folder: Path) -> None:
    beside = folder / "beside"
    file(folder, FIRST).rename(beside)
    file(folder, SECOND).rename(file(folder, FIRST))
    beside.rename(file(folder, SECOND))


async def filled(folder: Path) -> None:
    """Two sealed calls of each Day."""
    store = await SqliteStore.open(folder, append=True)
    one = (await store.add_account("a@example.com", NOW)).id
    for day, start_us in (("first", NOW), ("second", LATER)):
        for name in (day, f"{day} too"):
            await store.append(one, batch(entry(name, time_us=start_us), ended(name, start_us)), horizon(DAY))
    assert await store.seal(horizon(2 * DAY)) == 4
    await store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    asyncio.run(filled(tmp_path / "store"))
    return tmp_path / "store"


async def refused(folder: Path) -> None:
    """Reading, sealing, deletion and a backup say the same, and leave the files as they are."""
    before = {day: file(folder, day).read_bytes() for day in (FIRST, SECOND)}
    store = await SqliteStore.open(folder, append=True)
    one = (await store.account("a@example.com")).id
    await store.append(one, batch(entry("late"), ended("late")), horizon(DAY))
    for work in (
        lambda: store.read(one, "first", horizon(DAY)),
        lambda: store.seal(horizon(2 * DAY)),
        lambda: store.delete_call(one, "first too", NOW),
        lambda: asyncio.to_thread(back_up, folder, folder.with_name("copy"), lambda done, total: None),
    ):
        with pytest.raises(StoreDamaged) as error:
            await work()
        assert error.value.message == sentence(folder, FIRST, SECOND)
    assert FIRST in (await store.health()).broken_days
    await store.close()
    assert {day: file(folder, day).read_bytes() for day in (FIRST, SECOND)} == before
    assert not folder.with_name("copy").exists()


def test_two_days_that_were_exchanged_are_named_and_can_be_put_right(folder: Path) -> None:
    exchange(folder)
    assert findings(folder) == [sentence(folder, FIRST, SECOND), sentence(folder, SECOND, FIRST)]
    asyncio.run(refused(folder))
    exchange(folder)
    asyncio.run(went_on(folder))
    assert findings(folder) == []


async def went_on(folder: Path) -> None:
    store = await SqliteStore.open(folder, append=True)
    one = (await store.account("a@example.com")).id
    await store.expire(horizon(DAY))
    assert await store.seal(horizon(2 * DAY)) == 1
    for name in ("first", "late", "second", "second too"):
        assert len((await store.read(one, name, horizon(DAY))).entries) == 1
    await store.close()


def test_a_day_that_was_copied_over_another_is_named(folder: Path) -> None:
    file(folder, FIRST).write_bytes(file(folder, SECOND).read_bytes())
    assert findings(folder) == [sentence(folder, FIRST, SECOND)]
    asyncio.run(refused(folder))
