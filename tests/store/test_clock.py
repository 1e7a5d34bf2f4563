"""A clock that leaps costs nothing that was acknowledged, and a month of days stays within bounds."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ringlog.call_log import CallLog
from ringlog.config import Retention
from ringlog.errors import DetailsGone, NoSuchCall
from ringlog.model import MICROSECONDS, Expired
from ringlog.store.sqlite.backup import back_up
from ringlog.store.sqlite.doctor.doctor import Doctor
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry

HOUR = DAY // 24
STEP = 3 * HOUR
EACH_DAY = 4
"""Rounds of the month."""


class Clock:
    def __init__(self) -> None:
        self.now_us = NOW

    def __call__(self) -> int:
        return self.now_us


Story = Callable[[CallLog, Clock, int], Awaitable[None]]


def tell(folder: Path, story: Story, retention: Retention | None = None) -> None:
    async def told() -> None:
        store = await SqliteStore.open(folder, append=True)
        one = (await store.add_account("a@example.com", NOW)).id
        clock = Clock()
        await story(CallLog(store, retention or Retention(), clock), clock, one)
        await store.close()

    asyncio.run(told())
    assert list(Doctor(folder, lambda done, total: None).findings()) == []


async def one_call(log: CallLog, clock: Clock, one: int, name: str) -> None:
    """A call that begins now, quiet and sealed a minute later."""
    entries = [
        entry(name, seq=seq, time_us=clock.now_us + seq, line=f"{name} {seq} " * 9) for seq in range(7)
    ]
    await log.append(one, batch(*entries, ended(name, clock.now_us)))
    clock.now_us += MICROSECONDS * 60
    assert await log.seal() == 1


@pytest.mark.parametrize("days", [7, -7])
def test_a_clock_that_leaps_a_week_drops_nothing(tmp_path: Path, days: int) -> None:
    async def story(log: CallLog, clock: Clock, one: int) -> None:
        await one_call(log, clock, one, "before")
        assert await log.expire_if_steady() == Expired(0, 0)
        clock.now_us += days * DAY
        for _ in range(7):
            assert await log.expire_if_steady() is None
            clock.now_us += STEP
        await one_call(log, clock, one, "meanwhile")
        clock.now_us -= days * DAY
        assert await log.expire_if_steady() is None
        assert (await log.read(one, "before")).text
        if days < 0:
            assert (await log.call(one, "meanwhile")).entries == 7
        for _ in range(8):
            clock.now_us += STEP
            expired = await log.expire_if_steady()
        assert expired is not None
        assert (await log.read(one, "before")).text

    tell(tmp_path, story)


def test_a_clock_that_stays_where_it_leapt_is_believed_after_a_day(tmp_path: Path) -> None:
    async def story(log: CallLog, clock: Clock, one: int) -> None:
        await one_call(log, clock, one, "before")
        assert await log.expire_if_steady() == Expired(0, 0)
        clock.now_us += 8 * DAY
        for _ in range(8):
            assert await log.expire_if_steady() is None
            clock.now_us += STEP
        assert await log.expire_if_steady() == Expired(1, 0)

    tell(tmp_path, story)


def test_a_restart_does_not_make_a_leap_believed(tmp_path: Path) -> None:
    async def story(log: CallLog, clock: Clock, one: int) -> None:
        await one_call(log, clock, one, "x")
        assert await log.expire_if_steady() == Expired(0, 0)

    tell(tmp_path, story)

    async def told() -> None:
        for _ in range(2):
            store = await SqliteStore.open(tmp_path, append=True)
            assert await CallLog(store, Retention(), lambda: NOW + 9 * DAY).expire_if_steady() is None
            await store.close()

    asyncio.run(told())


def test_a_backup_that_is_restored_waits_for_a_day_before_it_drops_anything(tmp_path: Path) -> None:
    async def story(log: CallLog, clock: Clock, one: int) -> None:
        await one_call(log, clock, one, "x")
        assert await log.expire_if_steady() == Expired(0, 0)

    tell(tmp_path / "store", story)
    back_up(tmp_path / "store", tmp_path / "copy", lambda done, total: None)

    async def restored() -> None:
        store = await SqliteStore.open(tmp_path / "copy", append=True)
        for after, expired in ((9 * DAY, None), (10 * DAY - 1, None), (10 * DAY, Expired(1, 0))):
            log = CallLog(store, Retention(), lambda: NOW + after)  # noqa: B023 - asked at once
            assert await log.expire_if_steady() == expired
        await store.close()

    asyncio.run(restored())


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"[1]", b'["a", "b"]'])
def test_readings_that_are_garbage_are_a_leap(tmp_path: Path, garbage: bytes) -> None:
    async def story(log: CallLog, clock: Clock, one: int) -> None:
        await one_call(log, clock, one, "x")
        (tmp_path / "clock").write_bytes(garbage)
        clock.now_us += 9 * DAY
        for _ in range(8):
            assert await log.expire_if_steady() is None
            clock.now_us += STEP
        assert await log.expire_if_steady() == Expired(1, 0)

    tell(tmp_path, story)


def test_a_month_of_days(tmp_path: Path) -> None:
    """Three calls every few hours: they are read to its last second, and the folder does not grow."""
    sizes: list[int] = []
    retention = Retention(details_days=5, calls_days=10)

    async def story(log: CallLog, clock: Clock, one: int) -> None:
        starts: dict[str, int] = {}
        for step in range(30 * EACH_DAY):
            begun = clock.now_us
            # Another expiry has passed since the step before; these are five days old in a minute.
            old = f"{step - 5 * EACH_DAY}-1"
            if old in starts:
                await to_its_last_second(log, clock, one, old, starts[old])
            for n in range(3):
                starts[f"{step}-{n}"] = clock.now_us
                await one_call(log, clock, one, f"{step}-{n}")
            assert await log.expire_if_steady() is not None
            clock.now_us = begun + DAY // EACH_DAY
            sizes.append(size(tmp_path))
        with pytest.raises(NoSuchCall):
            await log.call(one, "0-0")
        assert (await log.call(one, f"{20 * EACH_DAY}-2")).entries == 7

    tell(tmp_path, story, retention)
    settled, last = sizes[12 * EACH_DAY : 20 * EACH_DAY], sizes[22 * EACH_DAY :]
    assert max(last) <= 1.1 * max(settled)


def size(folder: Path) -> int:
    """Bytes on disk, in at most seven Days."""
    assert len(list((folder / "days").glob("*.db"))) <= 7
    return sum(file.stat().st_size for file in folder.rglob("*.db"))


async def to_its_last_second(log: CallLog, clock: Clock, one: int, name: str, start_us: int) -> None:
    now_us = clock.now_us
    clock.now_us = start_us // MICROSECONDS * MICROSECONDS + 5 * DAY + MICROSECONDS - 1
    assert len((await log.read(one, name)).entries) == 7
    clock.now_us += 1
    with pytest.raises(DetailsGone):
        await log.read(one, name)
    clock.now_us = now_us
