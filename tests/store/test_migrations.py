"""A store that an older Ringlog made: opened, read and written by this one."""

import asyncio
import re
import tarfile
from pathlib import Path

import apsw
import pytest

from ringlog.errors import ConfigurationFault
from ringlog.model import MICROSECONDS
from ringlog.overview import Period
from ringlog.store.sqlite.disk import files
from ringlog.store.sqlite.disk.catalogue import migrations
from ringlog.store.sqlite.store import SqliteStore

from .aged import OLDER, as_json, fill, late, sealed, told
from .records import DAY, NOW, batch, entry, horizon

STORES = sorted(OLDER.glob("*.tar.gz"))


def unpacked(older: Path, folder: Path) -> Path:
    with tarfile.open(older) as packed:
        packed.extractall(folder, filter="data")
    return folder


def versions(folder: Path) -> dict[str, int]:
    """The lowest of each schema."""
    connections = [
        apsw.Connection(str(path)) for path in (folder / "catalogue.db", *folder.glob("days/*.db"))
    ]
    found = [int(str(connection.execute("PRAGMA user_version").get)) for connection in connections]
    for connection in connections:
        connection.close()
    return {"catalogue": found[0], "day": min(found[1:])}


def schema(path: Path) -> set[tuple[str, ...]]:
    """Every table and index, regardless of how its text is spaced and quoted."""
    connection = apsw.Connection(str(path))
    rows = connection.execute("SELECT type, name, tbl_name, ifnull(sql, '') FROM sqlite_schema").fetchall()
    connection.close()
    return {tuple(re.sub(r'[\s"]+', " ", str(value)).strip() for value in row) for row in rows}


@pytest.mark.parametrize("name", ["catalogue", "day"])
def test_there_is_a_store_of_every_older_version(tmp_path: Path, name: str) -> None:
    found = {versions(unpacked(older, tmp_path / older.name))[name] for older in STORES}
    assert found >= set(range(1, len(migrations(name))))


@pytest.mark.parametrize("older", STORES, ids=lambda path: path.name.removesuffix(".tar.gz"))
def test_an_older_store_reads_as_it_did(tmp_path: Path, older: Path) -> None:
    folder = unpacked(older, tmp_path)
    expected = older.with_name(older.name.replace(".tar.gz", ".json")).read_text(encoding="utf-8")

    async def read() -> None:
        store = await SqliteStore.open(folder, append=True)
        assert as_json(await told(store)) == expected
        await store.close()

    asyncio.run(read())


@pytest.mark.parametrize("older", STORES, ids=lambda path: path.name.removesuffix(".tar.gz"))
def test_an_older_store_is_brought_to_the_form_of_a_new_one(tmp_path: Path, older: Path) -> None:
    folder, fresh = unpacked(older, tmp_path / "older"), tmp_path / "fresh"

    async def write_on() -> None:
        old = await SqliteStore.open(folder, append=True)
        new = await SqliteStore.open(fresh, append=True)
        await fill(new)
        one = (await old.account("one@example.com")).id
        for again in (sealed(), late()):  # what is there already is recognised, conflicts would be raised
            await old.append(one, {k: c for k, c in again.items() if k != "named"}, horizon(61_234_567))
        for store in (old, new):
            more = [entry("yesterday", seq=1), entry("x", seq=4), entry("capped", seq=1)]
            await store.append(one, batch(*more), horizon(61_234_567))
            await store.seal(horizon(DAY))
        assert as_json(await told(old)) == as_json(await told(new))
        await old.close()
        await new.close()

    asyncio.run(write_on())
    assert schema(folder / "catalogue.db") == schema(fresh / "catalogue.db")
    days = sorted(path.name for path in (fresh / "days").glob("*.db"))
    assert days == sorted(path.name for path in (folder / "days").glob("*.db"))
    for name in days:
        assert schema(folder / "days" / name) == schema(fresh / "days" / name)


def test_days_that_an_older_ringlog_sealed_count_once_they_are_written_to(tmp_path: Path) -> None:
    folder = unpacked(STORES[0], tmp_path)

    async def story() -> None:
        store = await SqliteStore.open(folder, append=True)
        one = (await store.account("one@example.com")).id
        period = Period((NOW - 2 * DAY) // MICROSECONDS, (NOW + DAY) // MICROSECONDS)
        flow = (await store.overview(one, period, "", horizon())).flow
        assert flow
        assert (len(flow.uncounted), flow.days, flow.steps) == (2, [], [])
        await store.append(one, batch(entry("yesterday", seq=1), entry("x", seq=4)), horizon(61_234_567))
        await store.seal(horizon(DAY))
        flow = (await store.overview(one, period, "", horizon())).flow
        assert flow
        assert (flow.uncounted, len(flow.days), flow.unsealed) == ([], 2, 0)
        assert flow.steps[0].reached >= 3
        await store.close()

    asyncio.run(story())


def test_a_store_that_another_process_appends_to_keeps_its_form(tmp_path: Path) -> None:
    folder = unpacked(STORES[0], tmp_path)
    lock = files.Lock(folder)
    with pytest.raises(ConfigurationFault, match="older Ringlog"):
        asyncio.run(SqliteStore.open(folder, append=False))
    assert versions(folder) == {"catalogue": 1, "day": 1}
    lock.release()

    async def read() -> None:
        store = await SqliteStore.open(folder, append=False)
        assert await store.accounts()
        await store.close()

    asyncio.run(read())
    assert versions(folder)["catalogue"] == len(migrations("catalogue"))
