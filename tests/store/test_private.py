"""What a store consists of is for its owner alone, whatever the process's umask and the folder's own mode."""

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringlog.store.sqlite.backup import back_up
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon


@pytest.fixture(autouse=True)
def everybody_may() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}


def test_every_file_of_a_store_and_of_its_backup_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder, copy = tmp_path / "store", tmp_path / "copy"
    seen: dict[str, int] = {}

    async def story() -> None:
        store = await SqliteStore.open(
            folder,
            append=True,
            reached=lambda point: seen.update({f"{point}: {n}": m for n, m in modes(folder).items()}),
        )
        one = (await store.add_account("a@example.com", NOW)).id
        await store.append(one, batch(entry(), ended(), entry("y")), horizon())
        # Its file is the sealer's, which is a process of its own.
        assert await store.seal(horizon(DAY)) == 2
        assert await store.steady(NOW)
        await asyncio.to_thread(back_up, folder, copy, lambda done, total: None)
        seen.update(modes(folder))
        await store.delete_call(one, "x", NOW)
        seen.update(modes(folder))
        await store.close()

    asyncio.run(story())
    assert {"catalogue.db", "catalogue.db-wal", "catalogue.db-shm", "2026-11-18.db", "clock", "lock"} < set(
        seen
    )
    assert any(name.endswith(".db-wal") and "2026" in name for name in seen), seen
    assert {name: oct(mode) for name, mode in seen.items() if mode != 0o600} == {}
    assert {oct(mode) for mode in modes(copy).values()} == {"0o600"}
