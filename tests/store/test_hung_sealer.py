"""A sealer that hangs: it is killed, and neither deletion nor the end of the store waits for it for long."""

import asyncio
import os
import signal
from pathlib import Path

import apsw
import pytest

from ringlog.errors import StoreFault
from ringlog.model import Backlog
from ringlog.store.sqlite.sealing import sealing
from ringlog.store.sqlite.sealing.sealer_process import SILENT_S, SealerProcess
from ringlog.store.sqlite.sealing.steps import Step
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon
from .test_sealing import DEADLINE_S, sealers

STEP = Step(-1, NOW + DAY, NOW + DAY)


async def sealed(folder: Path) -> tuple[SqliteStore, int]:
    """A store whose sealer runs."""
    store = await SqliteStore.open(folder, append=True)
    one = (await store.add_account("a@example.com", NOW)).id
    await store.append(one, batch(entry(), ended()), horizon())
    assert await store.seal(horizon(DAY)) == 1
    return store, one


async def stopped(folder: Path) -> None:
    store, _ = await sealed(folder)
    await store.close()


class Clock:
    """Leaps on at each look once it is told to."""

    def __init__(self) -> None:
        self.now, self.leaps = 0.0, False

    def __call__(self) -> float:
        self.now += self.leaps and SILENT_S * 0.7
        return self.now


def test_one_that_gives_no_answer_is_killed_and_started_again(tmp_path: Path) -> None:
    asyncio.run(stopped(tmp_path))
    clock, waited = Clock(), list[float]()
    process = SealerProcess(tmp_path, lambda: waited.append(clock.now), clock)
    assert process.ask(STEP).after is None
    (hung,) = sealers(tmp_path)
    os.kill(hung, signal.SIGSTOP)
    clock.leaps, waited[:] = True, []
    with pytest.raises(StoreFault, match=r"^The process that seals gave no answer\.$"):
        process.ask(STEP)
    assert waited
    assert sealers(tmp_path) == []
    clock.leaps = False
    assert process.ask(STEP).after is None
    process.close()
    assert sealers(tmp_path) == []


def test_one_that_takes_long_says_that_it_is_alive(tmp_path: Path) -> None:
    async def story() -> None:
        store, one = await sealed(tmp_path)
        (day,) = (tmp_path / "days").glob("*.db")
        connection = apsw.Connection(str(day))
        connection.execute("UPDATE term_version SET version = 'older'")
        connection.close()
        await store.append(one, batch(entry(seq=1)), horizon())
        assert await store.seal(horizon(DAY)) == 1
        await store.close()

    asyncio.run(story())


def test_what_waits_is_counted_while_it_hangs_and_the_store_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "COUNT_EVERY_S", 0)

    async def story() -> None:
        store, one = await sealed(tmp_path)
        (hung,) = sealers(tmp_path)
        os.kill(hung, signal.SIGSTOP)
        try:
            await store.append(one, batch(entry("y"), ended("y")), horizon())
            round_ = asyncio.create_task(store.seal(horizon(DAY)))
            async with asyncio.timeout(DEADLINE_S):
                while (await store.health()).unsealed != Backlog(1, 1):  # noqa: ASYNC110 - the store tells nobody
                    await asyncio.sleep(0.01)
            assert not round_.done()
            closing = asyncio.create_task(store.close())
            await asyncio.wait({closing}, timeout=DEADLINE_S)
            assert closing.done()
            with pytest.raises(StoreFault, match="no answer"):
                await round_
        finally:
            for process in sealers(tmp_path):
                os.kill(process, signal.SIGKILL)
        assert sealers(tmp_path) == []

    asyncio.run(story())
