"""A catalogue older than its Days would give their calls' numbers to others: nothing is appended to it."""

import asyncio
import shutil
from pathlib import Path

import pytest

from ringlog.errors import StoreDamaged
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon


async def sealed(folder: Path, *names: str) -> None:
    store = await SqliteStore.open(folder, append=True)
    accounts = await store.accounts() or [await store.add_account("a@example.com", NOW)]
    for name in names:
        await store.append(accounts[0].id, batch(entry(name), ended(name)), horizon())
    await store.seal(horizon(DAY))
    await store.close()


@pytest.mark.parametrize("known", [(), ("a",)], ids=["nothing of the day", "some of its calls"])
def test_it_is_refused_and_can_still_be_read(tmp_path: Path, known: tuple[str, ...]) -> None:
    folder, old = tmp_path / "store", tmp_path / "old.db"

    async def story() -> None:
        await sealed(folder, *known)
        shutil.copy(folder / "catalogue.db", old)
        await sealed(folder, "b", "c")
        (day,) = (folder / "days").glob("*.db")
        whole = (folder / "catalogue.db").read_bytes()
        shutil.copy(old, folder / "catalogue.db")
        refused = f"^{day} holds calls that {folder / 'catalogue.db'} does not know, which is older: restore"
        for _ in range(2):
            with pytest.raises(StoreDamaged, match=refused):
                await SqliteStore.open(folder, append=True)
        store = await SqliteStore.open(folder, append=False)
        for name in known:
            assert (await store.read(1, name, horizon(DAY))).entries
        await store.close()
        (folder / "catalogue.db").write_bytes(whole)
        await sealed(folder, "d")

    asyncio.run(story())


def test_a_day_that_cannot_be_read_or_is_anothers_is_no_reason(tmp_path: Path) -> None:
    async def story() -> None:
        await sealed(tmp_path, "a")
        (day,) = (tmp_path / "days").glob("*.db")
        shutil.copy(day, day.with_name("2026-01-01.db"))
        day.write_bytes(b"no database" * 1000)
        await (await SqliteStore.open(tmp_path, append=True)).close()

    asyncio.run(story())
