"""The writer: what waits is bounded, and a small job is in the next group whatever waits before it."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from ringlog.errors import StoreBusy
from ringlog.store.sqlite.disk.catalogue import Connection, connect_to_write
from ringlog.store.sqlite.disk.writer import (
    GROUP_BYTES,
    MAX_WAITING,
    MAX_WAITING_BYTES,
    Waiting,
    Writer,
    shared_out,
)


class Busy:
    """A writer whose thread stands in a job until it is let go."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.begun, self.may_go_on = Event(), Event()

    def stands(self, _: Connection) -> None:
        self.begun.set()
        self.may_go_on.wait()

    async def waits(self, *sizes: int) -> list[asyncio.Task[int]]:
        """Jobs that wait behind it."""
        tasks = [asyncio.create_task(self.writer.run(lambda _, size=size: size, size)) for size in sizes]
        await asyncio.sleep(0)
        return tasks


@asynccontextmanager
async def busy(folder: Path) -> AsyncGenerator[Busy]:
    busy = Busy(Writer(partial(connect_to_write, folder / "w.db", create=True)))
    first = asyncio.create_task(busy.writer.run(busy.stands))
    try:
        await asyncio.to_thread(busy.begun.wait)
        yield busy
    finally:
        busy.may_go_on.set()
        await first
        await asyncio.to_thread(busy.writer.close)


@pytest.mark.parametrize("sizes", [(MAX_WAITING_BYTES - 1, 1), (0,) * MAX_WAITING])
def test_what_waits_is_bounded_in_bytes_and_number(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    async def story() -> None:
        async with busy(tmp_path) as one:
            waiting = await one.waits(*sizes)
            (refused,) = await one.waits(1)
            with pytest.raises(StoreBusy):
                await refused
            one.may_go_on.set()
            assert await asyncio.gather(*waiting) == list(sizes)
            (taken,) = await one.waits(1)
            assert await taken == 1

    asyncio.run(story())


def test_one_that_nobody_waits_for_any_more_is_not_begun(tmp_path: Path) -> None:
    ran: list[str] = []

    async def story() -> None:
        async with busy(tmp_path) as one:
            gone = asyncio.create_task(one.writer.run(lambda _: ran.append("gone")))
            stays = asyncio.create_task(one.writer.run(lambda _: ran.append("stays")))
            await asyncio.sleep(0)
            gone.cancel()
            one.may_go_on.set()
            await stays

    asyncio.run(story())
    assert ran == ["stays"]


def sized(size: int) -> Waiting:
    return Waiting(lambda _: None, Future(), size)


def test_small_jobs_go_before_large_ones_that_make_a_group_full() -> None:
    large = [sized(GROUP_BYTES // 3) for _ in range(8)]
    small = [sized(100) for _ in range(3)]
    group, later = shared_out([*large, *small])
    assert group == [*large[:4], *small]
    assert later == large[4:]
    assert shared_out([sized(10 * GROUP_BYTES)])[1] == []
