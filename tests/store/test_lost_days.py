"""A Day's file that is lost stays lost: sealing makes none in its place, so that it can come back."""

import asyncio
from pathlib import Path

import apsw
import pytest

from ringlog.errors import StoreDamaged
from ringlog.model import Kind
from ringlog.store.sqlite.backup import back_up
from ringlog.store.sqlite.day.days import BESIDE
from ringlog.store.sqlite.disk.catalogue import migrations
from ringlog.store.sqlite.doctor.doctor import Doctor
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon

LOST = (
    r"^\S*/2026-11-18\.db (is missing|cannot be read): stop the server and put this file of the last backup"
)


AGAIN = "{}: it holds 1 deleted call again, as a backup does: the server's next start clears it of them."


def calls_in(day: Path) -> int:
    return apsw.Connection(str(day)).execute("SELECT count(*) FROM frame").get


def silent(done: int, total: int) -> None: ...


def findings(folder: Path) -> list[str]:
    return list(Doctor(folder, silent).findings())


async def sealed(folder: Path) -> tuple[SqliteStore, int]:
    """`a` and `b`."""
    store = await SqliteStore.open(folder, append=True)
    one = (await store.add_account("a@example.com", NOW)).id
    for name in ("a", "b"):
        await store.append(one, batch(entry(name), ended(name)), horizon())
    await store.seal(horizon(DAY))
    return store, one


def run(file: Path, statement: str) -> None:
    connection = apsw.Connection(str(file))
    connection.execute(statement)
    connection.close()


def lose(day: Path, loss: str) -> bytes:
    """What the file held."""
    whole = day.read_bytes()
    for beside in BESIDE:
        day.with_name(day.name + beside).unlink(missing_ok=True)
    if loss == "empty":
        day.touch()
    return whole


@pytest.mark.parametrize("loss", ["missing", "empty"])
def test_sealing_and_backups_refuse_a_lost_day_until_it_is_back(tmp_path: Path, loss: str) -> None:
    folder, copy = tmp_path / "store", tmp_path / "copy"

    async def story() -> None:
        store, one = await sealed(folder)
        await store.close()
        (day,) = (folder / "days").glob("*.db")
        whole = lose(day, loss)
        store = await SqliteStore.open(folder, append=True)
        later = NOW + DAY
        await store.append(one, batch(entry("late"), ended("late")), horizon())
        await store.append(one, batch(entry("next", time_us=later), ended("next", later)), horizon(DAY))
        for _ in range(2):
            with pytest.raises(StoreDamaged, match=LOST):
                await store.seal(horizon(2 * DAY))
            assert (await store.health()).broken_days == [day.stem]
            assert (await store.health()).unsealed.calls == 1
        assert not day.exists() or day.stat().st_size == 0
        assert (await store.read(one, "late", horizon())).entries
        with pytest.raises(StoreDamaged, match=LOST):
            await asyncio.to_thread(back_up, folder, copy, silent)
        assert [finding for finding in findings(folder) if day.name in finding] == findings(folder)
        assert len(findings(folder)) == 1
        day.write_bytes(whole)
        assert await store.seal(horizon(2 * DAY)) == 1
        assert (await store.health()).broken_days == []
        for name in ("a", "b", "late", "next"):
            assert (await store.read(one, name, horizon(DAY))).entries
        await store.close()

    asyncio.run(story())
    assert findings(folder) == []


def test_nothing_is_sealed_into_a_newer_day_nor_deleted_from_it(tmp_path: Path) -> None:
    newer = r"^\S*/2026-11-18\.db was made by a newer Ringlog: use that one\.$"

    async def story() -> None:
        store, one = await sealed(tmp_path)
        (day,) = (tmp_path / "days").glob("*.db")
        run(day, "PRAGMA user_version = 99")
        before = day.read_bytes()
        await store.append(one, batch(entry("late"), ended("late")), horizon())
        with pytest.raises(StoreDamaged, match=newer):
            await store.seal(horizon(DAY))
        with pytest.raises(StoreDamaged, match=newer):
            await store.delete_call(one, "a", NOW)
        assert day.read_bytes() == before
        run(day, f"PRAGMA user_version = {len(migrations('day'))}")
        assert await store.seal(horizon(DAY)) == 1
        await store.expire(horizon())
        await store.close()

    asyncio.run(story())
    assert findings(tmp_path) == []


@pytest.mark.parametrize("loss", ["missing", "empty"])
def test_what_comes_for_sealed_calls_of_a_lost_day_is_taken_and_counted_once(
    tmp_path: Path, loss: str
) -> None:
    async def story() -> None:
        store, one = await sealed(tmp_path)
        (day,) = (tmp_path / "days").glob("*.db")
        whole = lose(day, loss)
        again = entry("a"), entry("a", seq=1, kind=Kind.ERROR, line="too late"), entry("b", line="another")
        appended = await store.append(one, batch(*again, entry("new"), ended("new")), horizon())
        assert appended.accepted == 4
        assert (await store.read(one, "new", horizon())).entries
        with pytest.raises(StoreDamaged, match=LOST):
            await store.read(one, "a", horizon())
        day.write_bytes(whole)
        for _ in range(2):
            assert findings(tmp_path) == []
            read = await store.read(one, "a", horizon(DAY))
            assert [entry.seq for entry in read.entries] == [0, 1]
            (first,) = (await store.read(one, "b", horizon(DAY))).entries
            assert b"another" not in first.text
            await store.seal(horizon(2 * DAY))
        call = await store.call(one, "a", horizon(DAY))
        assert (call.entries, call.errors, call.first_error) == (2, 1, "too late")
        await store.close()

    asyncio.run(story())
    assert findings(tmp_path) == []


@pytest.mark.parametrize("loss", ["missing", "empty"])
def test_a_call_deleted_from_a_lost_day_does_not_come_back_with_it(tmp_path: Path, loss: str) -> None:
    async def story() -> None:
        store, one = await sealed(tmp_path)
        (day,) = (tmp_path / "days").glob("*.db")
        whole = lose(day, loss)
        await store.delete_call(one, "a", NOW)
        assert not day.exists() or day.stat().st_size == 0
        await store.close()
        assert len(findings(tmp_path)) == 1
        day.write_bytes(whole)
        assert findings(tmp_path) == [AGAIN.format(day)]
        store = await SqliteStore.open(tmp_path, append=True)
        await store.close()
        assert findings(tmp_path) == []
        assert calls_in(day) == 1

    asyncio.run(story())


def test_a_loss_is_accepted_by_deleting_the_calls_of_the_day(tmp_path: Path) -> None:
    folder, copy = tmp_path / "store", tmp_path / "copy"

    async def story() -> None:
        store, one = await sealed(folder)
        (day,) = (folder / "days").glob("*.db")
        lose(day, "missing")
        await store.append(one, batch(entry("late"), ended("late")), horizon())
        await store.delete_call(one, "a", NOW)
        with pytest.raises(StoreDamaged, match=LOST):
            await asyncio.to_thread(back_up, folder, copy, silent)
        await store.delete_call(one, "b", NOW)
        await asyncio.to_thread(back_up, folder, copy, silent)
        assert (await store.health()).broken_days == []
        assert await store.seal(horizon(DAY)) == 1
        assert (await store.read(one, "late", horizon())).entries
        await store.close()

    asyncio.run(story())
    assert findings(folder) == findings(copy) == []


def test_a_day_that_cannot_be_cleared_of_a_call_is_named(tmp_path: Path) -> None:
    async def story() -> None:
        store, one = await sealed(tmp_path)
        (day,) = (tmp_path / "days").glob("*.db")
        whole = lose(day, "missing")
        day.write_bytes(b"not a database" * 1000)
        with pytest.raises(StoreDamaged):
            await store.delete_call(one, "a", NOW)
        for _ in range(2):
            assert (await store.health()).broken_days == [day.stem]
        day.write_bytes(whole)
        await store.expire(horizon())
        assert (await store.health()).broken_days == []
        await store.close()

    asyncio.run(story())
    assert findings(tmp_path) == []
