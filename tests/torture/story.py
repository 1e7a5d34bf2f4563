"""A store's life in a few days, all at once: appends, sealing, sealing again, expiry, deletion, backups.

Everything that was asked for and everything that was acknowledged is told to a log, with whose help `Truth`
says what must be there, and what may be.
"""

import asyncio
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from unittest.mock import patch

from ringlog.config import Retention
from ringlog.errors import StoreBusy
from ringlog.model import DAY_S, MICROSECONDS, EntryRecord, Horizon
from ringlog.store.sqlite.backup import back_up
from ringlog.store.sqlite.disk import wal
from ringlog.store.sqlite.sealing import sealing
from ringlog.store.sqlite.sealing.sealer import Sealer
from ringlog.store.sqlite.sealing.steps import Report, Step
from ringlog.store.sqlite.store import SqliteStore
from tests.store.records import DAY, NOW, batch, ended, entry

EMAIL = "a@example.com"
DAYS = 4
WRITERS = 3
KEPT_DAYS = 1
ROUNDS = 6
"""Of upkeep, a day."""
FOR_EVER = Retention(0, 0)
WAL_PAGES = 60
"""So that the log begins anew now and then."""

Say = Callable[[object], None]


@dataclass(frozen=True, slots=True)
class Said:
    """`what` was asked for or, `done`, acknowledged."""

    what: str
    name: str
    number: int
    done: bool


@dataclass
class Truth:
    """What was asked for and what was acknowledged, until now."""

    account: bool = False
    asked: dict[str, int] = field(default_factory=dict[str, int])
    """Entries by call: numbers 0 to before this one."""
    stored: dict[str, int] = field(default_factory=dict[str, int])
    deleting: set[str] = field(default_factory=set[str])
    deleted: set[str] = field(default_factory=set[str])
    expiring: int = 0
    """Calls of days before this one may go."""
    expired: int = 0
    clock_us: int = 0
    backups: dict[str, "Truth"] = field(default_factory=dict[str, "Truth"])
    """The truth when each was asked for."""
    backed_up: set[str] = field(default_factory=set[str])

    def hear(self, said: Said) -> None:
        match said.what:
            case "account":
                self.account = self.account or said.done
            case "entries":
                (self.stored if said.done else self.asked)[said.name] = said.number
            case "deletion":
                (self.deleted if said.done else self.deleting).add(said.name)
            case "expiry" if said.done:
                self.expired = said.number
            case "expiry":
                self.expiring = said.number
            case "clock" if said.done:
                self.clock_us = said.number
            case "backup" if said.done:
                self.backed_up.add(said.name)
            case "backup":
                self.backups[said.name] = deepcopy(self, {id(self.backups): {}})
            case _:
                pass


def day_of(session_id: str) -> int:
    return int(session_id.split("-")[1])


def horizon(day: int, kept_days: int = KEPT_DAYS) -> Horizon:
    return Retention(kept_days).horizon(NOW + day * DAY)


def line(session_id: str, seq: int) -> str:
    return f"{session_id} says {seq} " + "and so on " * (seq % 7 * 5)


def said_entry(session_id: str, seq: int) -> EntryRecord:
    at = NOW + day_of(session_id) * DAY
    return entry(session_id, "s", seq, time_us=at, line=line(session_id, seq))


class SealerHere:
    """In place of the process that seals: its work, done in this one, where it can be watched."""

    def __init__(self, folder: Path, while_waiting: Callable[[], None]) -> None:
        del while_waiting  # nobody waits
        self._folder = folder
        self._reports: Iterator[Report] = iter(())

    def ask(self, step: Step) -> Report:
        self._reports = Sealer(self._folder).step(step)
        return next(self._reports)

    def go_on(self) -> Report:
        return next(self._reports)

    def hurry(self) -> None:
        """It never hangs."""

    def close(self) -> None:
        self._reports = iter(())


@contextmanager
def in_one_process() -> Generator[None]:
    with patch.object(sealing, "SealerProcess", SealerHere), patch.object(wal, "LIMIT_PAGES", WAL_PAGES):
        yield


class Story:
    def __init__(self, root: Path, say: Say, random: Random) -> None:
        self._root = root
        self._say = say
        self._random = random
        self._resting: list[str] = []
        """Calls that nobody appends to."""

    async def tell(self) -> None:
        store = await SqliteStore.open(self._root / "where" / "store", append=True)
        self._say(Said("account", EMAIL, 0, done=False))
        one = (await store.add_account(EMAIL, NOW)).id
        self._say(Said("account", EMAIL, 0, done=True))
        for day in range(DAYS):
            writers = (self._write(store, one, f"call-{day}-{number}") for number in range(WRITERS))
            await asyncio.gather(self._keep_up(store, one, day), *writers)
        await store.close()

    async def _write(self, store: SqliteStore, one: int, name: str) -> None:
        for number in range(2):
            await self._call(store, one, f"{name}-{number}")

    async def _call(self, store: SqliteStore, one: int, session_id: str) -> None:
        """Ends with its first entries: what comes later comes to a call that may be sealed."""
        day, seq = day_of(session_id), 0
        for number in range(self._random.randrange(1, 4)):
            more = self._random.choice((1, 3, 20))
            entries = [said_entry(session_id, one) for one in range(seq, seq + more)]
            rows = [ended(session_id, NOW + day * DAY)] if not number else []
            self._say(Said("entries", session_id, seq + more, done=False))
            await store.append(one, batch(*rows, *entries), horizon(day))
            seq += more
            self._say(Said("entries", session_id, seq, done=True))
        self._resting.append(session_id)

    async def _keep_up(self, store: SqliteStore, one: int, day: int) -> None:
        backup = asyncio.create_task(self._back_up(day)) if day % 2 else None
        for _ in range(ROUNDS):
            await store.seal(Retention(KEPT_DAYS).horizon(NOW + day * DAY + 60 * MICROSECONDS))
            if self._resting and self._random.random() < 0.4:
                victim = self._resting.pop(self._random.randrange(len(self._resting)))
                await self._asked("deletion", victim, 0, lambda: store.delete_call(one, victim, NOW))  # noqa: B023 - awaited at once
            elif self._random.random() < 0.3:
                await self._asked("expiry", "", day - KEPT_DAYS, lambda: store.expire(horizon(day)))
            now_us = NOW + day * DAY
            await self._asked("clock", "", now_us, lambda: store.steady(now_us))  # noqa: B023 - awaited at once
        if backup:
            await backup
        await self._asked("expiry", "", day - KEPT_DAYS, lambda: store.expire(horizon(day)))
        self._resting = [one for one in self._resting if day_of(one) >= day]

    async def _asked(self, what: str, name: str, number: int, work: Callable[[], object]) -> None:
        self._say(Said(what, name, number, done=False))
        while True:
            try:
                await work()  # pyright: ignore[reportGeneralTypeIssues] - each is a coroutine
            except StoreBusy:  # a backup is being made
                await asyncio.sleep(0.01)
            else:
                break
        self._say(Said(what, name, number, done=True))

    async def _back_up(self, day: int) -> None:
        name = f"backup-{day}"
        self._say(Said("backup", name, 0, done=False))
        await asyncio.to_thread(back_up, self._root / "where" / "store", self._root / name, silent)
        self._say(Said("backup", name, 0, done=True))


def silent(done: int, total: int) -> None: ...


assert KEPT_DAYS * DAY_S * MICROSECONDS == DAY
