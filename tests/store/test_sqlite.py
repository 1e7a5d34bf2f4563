"""The embedded store: the contract, and what only files can show."""

import asyncio
import contextlib
import re
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from ringlog.errors import ConfigurationFault, DetailsGone, StoreDamaged, StoreLocked
from ringlog.store.base import Store
from ringlog.store.sqlite.disk.catalogue import migrations
from ringlog.store.sqlite.store import SqliteStore

from .contract import StoreContract
from .records import DAY, NOW, batch, ended, entry, horizon


class TestSqlite(StoreContract):
    async def opened(self, folder: Path) -> Store:
        return await SqliteStore.open(folder, append=True)

    def break_database(self, folder: Path) -> None:
        connection = apsw.Connection(str(folder / "catalogue.db"))
        for table in ("call", "chunk", "day", "login", "developer_key", "account"):
            connection.execute(f"ALTER TABLE {table} RENAME TO lost_{table}")
        connection.close()


async def sealed_store(folder: Path) -> tuple[SqliteStore, int]:
    store = await SqliteStore.open(folder, append=True)
    one = (await store.add_account("a@example.com", NOW)).id
    await store.append(one, batch(entry(line="a very secret line"), ended()), horizon())
    await store.seal(horizon(DAY))
    return store, one


def test_one_process_appends_also_where_the_lock_was_removed(tmp_path: Path) -> None:
    async def story() -> None:
        store, _ = await sealed_store(tmp_path)
        for _ in range(2):
            (tmp_path / "lock").unlink()
            with pytest.raises(StoreLocked, match="--to"):
                await SqliteStore.open(tmp_path, append=True)
        await store.close()
        await (await SqliteStore.open(tmp_path, append=True)).close()

    asyncio.run(story())


def test_one_process_appends(tmp_path: Path) -> None:
    async def story() -> None:
        store, one = await sealed_store(tmp_path)
        with pytest.raises(StoreLocked, match="--to"):
            await SqliteStore.open(tmp_path, append=True)
        other = await SqliteStore.open(tmp_path, append=False)
        await other.set_active("a@example.com", active=False)
        assert not (await store.account("a@example.com")).active
        assert (await other.read(one, "x", horizon())).text
        with pytest.raises(StoreLocked):
            await other.append(one, batch(entry()), horizon())
        await other.close()
        await store.close()

    asyncio.run(story())


def test_a_folder_without_a_store(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationFault, match="no store"):
        asyncio.run(SqliteStore.open(tmp_path, append=False))


@pytest.mark.parametrize("damage", ["garbage", "folder", "missing", "cut"])
def test_a_damaged_day(tmp_path: Path, damage: str) -> None:
    async def story() -> None:
        store, one = await sealed_store(tmp_path)
        await store.close()
        (day,) = (tmp_path / "days").glob("*.db")
        if damage == "garbage":
            day.write_bytes(b"not a database" * 1000)
        elif damage == "cut":
            connection = apsw.Connection(str(day))
            connection.execute("UPDATE frame SET frame = substr(frame, 1, length(frame) - 1)")
            connection.close()
        else:
            day.unlink()
            if damage == "folder":
                day.mkdir()
        store = await SqliteStore.open(tmp_path, append=True)
        named = rf"^{re.escape(str(day))} (cannot be read|is missing): stop the server and put this file of"
        with pytest.raises(StoreDamaged, match=named):
            await store.read(one, "x", horizon())
        await store.call(one, "x", horizon())
        if damage in {"garbage", "folder"}:
            with pytest.raises(StoreDamaged, match=named):
                await store.delete_call(one, "x", NOW)
        await store.close()

    asyncio.run(story())


def test_deleted_text_is_overwritten_and_space_given_back(tmp_path: Path) -> None:
    async def story() -> None:
        store = await SqliteStore.open(tmp_path, append=True)
        one = (await store.add_account("a@example.com", NOW)).id
        lines = [entry(seq=n, line=f"a very secret line {n}" * 20) for n in range(500)]
        await store.append(one, batch(*lines, ended()), horizon())
        await store.seal(horizon(DAY))
        await store.close()
        data = (tmp_path / "catalogue.db").read_bytes()
        assert b"a very secret line" not in data
        assert len(data) < 200_000

    asyncio.run(story())


def test_a_read_during_expiry(tmp_path: Path) -> None:
    async def story() -> None:
        store, one = await sealed_store(tmp_path)
        held = await store.read(one, "x", horizon())
        expiry = asyncio.create_task(store.expire(horizon(7 * DAY)))
        while not expiry.done():
            with contextlib.suppress(DetailsGone):
                assert (await store.read(one, "x", horizon())).text == held.text
            await asyncio.sleep(0)
        assert (await expiry).days == 1
        assert not list((tmp_path / "days").iterdir())
        await store.close()

    asyncio.run(story())


def test_a_day_that_expired_takes_new_calls(tmp_path: Path) -> None:
    async def story() -> None:
        store, one = await sealed_store(tmp_path)
        await store.expire(horizon(7 * DAY))
        await store.append(one, batch(entry("new"), ended("new")), horizon())
        await store.seal(horizon(DAY))
        assert (await store.read(one, "new", horizon())).text
        with pytest.raises(DetailsGone):
            await store.read(one, "x", horizon())
        await store.close()

    asyncio.run(story())


def test_the_version_counts_the_migrations(tmp_path: Path) -> None:
    asyncio.run(sealed_and_closed(tmp_path))
    connection = apsw.Connection(str(tmp_path / "catalogue.db"))
    assert connection.execute("PRAGMA user_version").get == len(migrations("catalogue"))
    assert connection.execute("PRAGMA auto_vacuum").get == 2
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigurationFault, match=r"^/\S+/catalogue\.db was made by a newer Ringlog"):
        asyncio.run(SqliteStore.open(tmp_path, append=True))


async def sealed_and_closed(folder: Path) -> None:
    await (await sealed_store(folder))[0].close()


def test_a_kill_while_eight_clients_append_and_calls_are_sealed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "store.appender", str(tmp_path)]
    answered: dict[str, int] = {}
    for _ in range(4):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
        ) as process:
            assert process.stdout
            for count, line in enumerate(process.stdout):
                session_id, seq = line.split()
                answered[session_id] = int(seq)
                if count == 400:
                    process.kill()

    async def story() -> None:
        store = await SqliteStore.open(tmp_path, append=True)
        one = (await store.account("a@example.com")).id
        for _ in range(2):
            for session_id, seq in answered.items():
                seqs = [e.seq for e in (await store.read(one, session_id, horizon())).entries]
                assert seqs == list(range(len(seqs)))
                assert len(seqs) > seq
            assert await store.seal(horizon(DAY)) >= 0
        await store.close()

    asyncio.run(story())
    assert len(answered) > 8


POINTS = [
    "sealing: frames built",
    "sealing: frames committed",
    "sealing: chunks dropped",
    "expiry: marked",
    "expiry: unlinked",
    "expiry: slice cleared",
    "expiry: done",
]


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_inside_sealing_or_expiry(tmp_path: Path, point: str) -> None:
    command = [sys.executable, "-m", "store.doomed", str(tmp_path), point]
    killed = subprocess.run(command, check=False, cwd=Path(__file__).parents[1])
    assert killed.returncode == 9

    async def story() -> None:
        store = await SqliteStore.open(tmp_path, append=True)
        one = (await store.account("a@example.com")).id
        if point.startswith("sealing"):
            for _ in range(2):
                log = await store.read(one, "x", horizon())
                assert [e.seq for e in log.entries] == [0, 1, 2]
                await store.seal(horizon(DAY))
        else:
            assert not list((tmp_path / "days").iterdir())
            for session_id in ("x", "unsealed"):
                with pytest.raises(DetailsGone):
                    await store.read(one, session_id, horizon())
                assert (await store.call(one, session_id, horizon())).first_error is None
        await store.close()

    asyncio.run(story())
    assert b"a line that goes" not in (tmp_path / "catalogue.db").read_bytes()


def test_a_broken_day_is_named_until_it_is_whole_again(tmp_path: Path) -> None:
    async def story() -> None:
        await (await sealed_store(tmp_path))[0].close()
        (day,) = (tmp_path / "days").glob("*.db")
        whole = day.read_bytes()
        day.write_bytes(b"not a database" * 1000)
        store = await SqliteStore.open(tmp_path, append=True)
        one = (await store.account("a@example.com")).id
        with pytest.raises(StoreDamaged):
            await store.read(one, "x", horizon())
        for _ in range(2):
            assert (await store.health()).broken_days == [day.stem]
        day.write_bytes(whole)
        assert (await store.health()).broken_days == []
        assert (await store.read(one, "x", horizon())).text
        await store.close()
        day.unlink()
        store = await SqliteStore.open(tmp_path, append=True)
        with pytest.raises(StoreDamaged):
            await store.read(one, "x", horizon())
        assert (await store.health()).broken_days == [day.stem]
        await store.expire(horizon(7 * DAY))
        assert (await store.health()).broken_days == []
        await store.close()

    asyncio.run(story())
