"""Following under a clock that only the test moves: what is told, when, and how often."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from ringlog.call_log import CallLog
from ringlog.config import QUIET_US, Retention
from ringlog.following.following import Following
from ringlog.following.news import News
from ringlog.model import MICROSECONDS, CallQuery, CallRow, EntryRecord
from ringlog.store.sqlite.store import SqliteStore
from ringlog.wire.events import Event, parsed
from tests.store.records import DAY, NOW, batch, ended, entry
from tests.streams import arrivals, value

MINUTE = 60 * MICROSECONDS


class Timer:
    def __init__(self, world: "World", at_us: int, do: Callable[[], None]) -> None:
        self.world, self.at_us, self.do = world, at_us, do
        world.timers.append(self)

    def cancel(self) -> None:
        self.world.timers.remove(self)


class Listener:
    """A Follower that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[News] = []
        self.is_cut = False

    def tell(self, news: News) -> None:
        assert not self.is_cut
        self.told.append(news)

    def cut(self) -> None:
        self.is_cut = True

    def events(self) -> list[Event]:
        """What it was told since it was asked the last time."""
        told, self.told = self.told, []
        return list(parsed(b"".join(news.events for news in told).splitlines(keepends=True)))


class World:
    def __init__(self, store: SqliteStore, account_id: int) -> None:
        self.now_us = NOW
        self.timers: list[Timer] = []
        self.account_id = account_id
        self.call_log = CallLog(store, Retention(), lambda: self.now_us)
        self.following = Following(self.call_log, lambda: self.now_us, self._later)

    def _later(self, seconds: float, do: Callable[[], None]) -> Timer:
        return Timer(self, self.now_us + round(seconds * MICROSECONDS), do)

    async def append(self, *records: EntryRecord | CallRow) -> None:
        await self.call_log.append(self.account_id, batch(*records))

    async def listener(self, session_id: str = "x") -> Listener:
        """One that has read the call so far."""
        listener = Listener()
        tail = await self.call_log.tail(self.account_id, session_id, 0)
        self.following.follow_call(listener, self.account_id, session_id, tail)
        return listener

    async def list_listener(self, query: CallQuery) -> Listener:
        listener = Listener()
        listener.tell(await self.following.follow_calls(listener, self.account_id, query))
        return listener

    async def pass_us(self, us: int) -> None:
        """The clock goes on by that much, and what is due is done in turn."""
        until_us = self.now_us + us
        while True:
            await settled()
            due = [timer for timer in self.timers if timer.at_us <= until_us]
            if not due:
                break
            first = min(due, key=lambda timer: timer.at_us)
            self.timers.remove(first)
            self.now_us = max(self.now_us, first.at_us)
            first.do()
        self.now_us = until_us

    async def leap(self, us: int) -> None:
        """The same, but that the time between is not looked at."""
        self.now_us += us
        await self.pass_us(2 * MICROSECONDS)


async def settled() -> None:
    """Every task has gone as far as it can: nothing here waits for a thread."""
    for _ in range(20):
        await asyncio.sleep(0)


def told(folder: Path, story: Callable[[World], Awaitable[None]]) -> None:
    async def run() -> None:
        store = await SqliteStore.open(folder, append=True)
        try:
            await story(World(store, (await store.add_account("a@example.com", NOW)).id))
        finally:
            await store.close()

    asyncio.run(run())


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events]


def test_what_comes_within_100_ms_is_told_together_and_once_for_all(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.append(entry(seq=0))
        listeners = [await world.listener() for _ in range(50)]
        await world.pass_us(MICROSECONDS)
        assert [one.told for one in listeners] == [[]] * 50
        for seq in range(1, 5):
            await world.append(entry(seq=seq))
            await world.pass_us(1000)
        # The first is told at once.
        assert arrivals(listeners[0].events()) == [2]
        await world.pass_us(100_000)
        one, *others = [listener.told[-1] for listener in listeners]
        assert all(other is one for other in others)
        assert arrivals(listeners[0].events()) == [3, 4, 5]
        await world.append(entry("y"))
        await world.pass_us(200_000)
        assert listeners[0].told == []

    told(tmp_path, story)


def test_nothing_is_done_while_nobody_follows(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.append(entry(seq=0))
        assert world.timers == []
        listener = await world.listener()
        list_listener = await world.list_listener(CallQuery())
        await world.pass_us(MICROSECONDS)
        assert world.timers
        world.following.leave_call(listener, world.account_id, "x")
        world.following.leave_calls(list_listener, world.account_id, CallQuery())
        world.following.leave_calls(list_listener, world.account_id, CallQuery())
        await world.append(entry(seq=1))
        await world.pass_us(2 * MICROSECONDS)
        assert world.timers == []
        assert listener.told == []

    told(tmp_path, story)


def test_what_comes_between_reading_and_following_is_told(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.append(entry(seq=0))
        listener = Listener()
        tail = await world.call_log.tail(world.account_id, "x", 0)
        world.following.follow_call(listener, world.account_id, "x", None)
        await world.append(entry(seq=1))
        await world.pass_us(MICROSECONDS)
        assert listener.told == []
        world.following.follow_call(listener, world.account_id, "x", tail)
        await world.pass_us(MICROSECONDS)
        assert arrivals(listener.events()) == [2]

    told(tmp_path, story)


def test_the_end_is_told_when_an_ended_call_is_quiet(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.append(entry(seq=0))
        listener = await world.listener()
        await world.append(ended())
        await world.pass_us(QUIET_US - 1_100_000)
        assert names(listener.events()) == ["call"]
        await world.append(entry(seq=1))
        await world.pass_us(QUIET_US - 1_100_000)
        assert names(listener.events()) == ["call", "entry"]
        await world.pass_us(3 * MICROSECONDS)
        (news,) = listener.told
        assert news.last
        assert names(listener.events()) == ["end"]

    told(tmp_path, story)


def test_a_silent_call_ends_by_the_clock_alone(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.append(entry(seq=0))
        listener = await world.listener()
        row = await world.list_listener(CallQuery())
        running = await world.list_listener(CallQuery(limit=7))
        assert names(row.events()) == names(running.events()) == ["snapshot"]
        await world.leap(119 * MINUTE)
        assert listener.told == row.told == []
        await world.leap(MINUTE)
        call, end = listener.events()
        assert (value(call)["state"], end.name) == ("completed", "end")
        assert [value(event)["state"] for event in row.events()] == ["completed"]

    told(tmp_path, story)


def test_details_go_and_then_the_row(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.append(entry(seq=0), ended(), ended("y", NOW - DAY))
        listener = await world.listener()
        rows = await world.list_listener(CallQuery())
        kept = await world.list_listener(CallQuery(available=True))
        assert names(rows.events()) == names(kept.events()) == ["snapshot"]
        await world.leap(5 * DAY - 10 * MICROSECONDS)
        assert [value(event)["session_id"] for event in rows.events()] == ["y"]
        assert [(event.name, value(event)["session_id"]) for event in kept.events()] == [("gone", "y")]
        listener.events()
        await world.leap(20 * MICROSECONDS)
        assert [value(event)["log"] for event in rows.events()] == [False]
        assert [value(event)["log"] for event in listener.events() if event.name == "call"] == [False]
        await world.leap(360 * DAY)
        gone = rows.events()
        assert names(gone) == ["gone", "gone"]
        assert {value(event)["session_id"] for event in gone} == {"x", "y"}
        assert listener.is_cut

    told(tmp_path, story)


def test_what_is_deleted_is_cut_before_the_deletion_returns(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.append(entry(seq=0), entry("y"))
        gone, other = await world.listener(), await world.listener("y")
        joining = Listener()
        world.following.follow_call(joining, world.account_id, "x", None)
        rows = await world.list_listener(CallQuery())
        rows.events()
        await world.append(entry(seq=1))
        await world.call_log.delete(world.account_id, "x")
        assert [gone.is_cut, joining.is_cut, other.is_cut] == [True, True, False]
        await world.pass_us(MICROSECONDS)
        assert names(rows.events()) == ["gone"]
        await world.append(entry("y", seq=1))
        await world.pass_us(MICROSECONDS)
        assert arrivals(other.events()) == [2]

    told(tmp_path, story)


def test_a_list_shows_what_its_filters_keep(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        some = await world.list_listener(CallQuery(number="777", either_side=True))
        some.events()
        await world.append(CallRow("x", src="777"), CallRow("y", src="888"))
        await world.pass_us(MICROSECONDS)
        assert [(e.name, value(e)["session_id"]) for e in some.events()] == [("call", "x")]
        await world.append(CallRow("x", src="999"))
        await world.pass_us(MICROSECONDS)
        assert [(e.name, value(e)["session_id"]) for e in some.events()] == [("gone", "x")]
        await world.append(CallRow("x", src="111"))
        await world.pass_us(MICROSECONDS)
        assert some.told == []

    told(tmp_path, story)


def test_a_snapshot_is_read_once_for_all_until_something_changes(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.append(entry())
        one, other = [await world.list_listener(CallQuery()) for _ in range(2)]
        assert one.told[0] is other.told[0]
        await world.append(entry("y"))
        third = await world.list_listener(CallQuery())
        assert len(value(third.events()[0])["calls"]) == 2

    told(tmp_path, story)


def test_what_cannot_be_read_any_more_cuts_its_followers(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.append(entry(), ended())
        unread = await world.call_log.tail(world.account_id, "x", -1)
        await world.pass_us(QUIET_US + 2 * MICROSECONDS)
        assert await world.call_log.seal() == 1
        (day,) = (tmp_path / "days").glob("*.db")
        day.unlink()
        listener = Listener()
        world.following.follow_call(listener, world.account_id, "x", replace(unread, arrival=0))
        await world.pass_us(MICROSECONDS)
        assert listener.is_cut

    told(tmp_path, story)
