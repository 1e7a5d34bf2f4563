"""Answers kept ready are never stale, never another account's, and never more than their budget."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from ringlog.accounts import Accounts
from ringlog.call_log import CallLog
from ringlog.config import Retention
from ringlog.logins import Logins
from ringlog.model import FOR_EVER_US, Scope
from ringlog.store.sqlite.store import SqliteStore
from ringlog.web import asgi
from ringlog.web.app import build
from ringlog.web.ready import OVERHEAD_BYTES, ReadyAnswers
from tests.running import basic
from tests.store.records import DAY, NOW, batch, ended, entry

XML = b"application/xml"


class World:
    """The whole application in this process, under a clock that only the test moves."""

    def __init__(self, store: SqliteStore) -> None:
        self.now_us = NOW
        self.store = store
        self.call_log = CallLog(store, Retention(), self.clock)
        self.accounts = Accounts(store, self.clock)
        self.logins = Logins(store, self.accounts, self.clock)
        self.app = build(self.call_log, self.accounts, self.logins, self.clock)

    def clock(self) -> int:
        return self.now_us

    async def get(self, session_id: str, who: tuple[str, str], accept: bytes = b"*/*") -> tuple[int, bytes]:
        authorization = basic(*who)["Authorization"].encode()
        path = f"/api/call/{session_id}"
        scope: asgi.Scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": [(b"accept", accept), (b"authorization", authorization)],
        }  # fmt: skip
        sent: list[dict[str, object]] = []

        async def receive() -> dict[str, object]:
            raise AssertionError

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        return sent[0]["status"], sent[1]["body"]


def told(folder: Path, story: Callable[[World], Awaitable[None]]) -> None:
    async def run() -> None:
        store = await SqliteStore.open(folder, append=True)
        try:
            await story(World(store))
        finally:
            await store.close()

    asyncio.run(run())


def test_a_late_entry_is_in_the_next_answer(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        account, key = await world.accounts.add("a@example.com")
        who = account.email, key
        await world.call_log.append(account.id, batch(ended(), entry(seq=0)))
        for accept in (b"*/*", XML):
            before = await world.get("x", who, accept)
            assert await world.get("x", who, accept) == before
            assert b"late" not in before[1]
        await world.call_log.append(account.id, batch(entry(seq=1, line="late")))
        for accept in (b"*/*", XML):
            assert b"late" in (await world.get("x", who, accept))[1]
        world.now_us += DAY
        assert await world.call_log.seal() == 1
        await world.call_log.append(account.id, batch(entry(seq=2, line="later")))
        assert b"later" in (await world.get("x", who))[1]

    told(tmp_path, story)


def test_the_same_id_in_two_accounts_is_two_logs(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        one, one_key = await world.accounts.add("one@example.com")
        other, other_key = await world.accounts.add("other@example.com")
        await world.call_log.append(one.id, batch(entry(line="of one")))
        for _ in range(2):
            assert b"of one" in (await world.get("x", (one.email, one_key)))[1]
            assert (await world.get("x", (other.email, other_key)))[0] == 404
        await world.call_log.append(other.id, batch(entry(line="of other")))
        assert b"of other" in (await world.get("x", (other.email, other_key)))[1]
        assert b"of one" in (await world.get("x", (one.email, one_key)))[1]

    told(tmp_path, story)


def test_an_answer_is_given_to_the_second_in_which_retention_ends(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        account, key = await world.accounts.add("a@example.com")
        await world.call_log.append(account.id, batch(ended(), entry()))
        assert (await world.get("x", (account.email, key)))[0] == 200
        world.now_us = NOW + 5 * DAY + 999_999
        assert (await world.get("x", (account.email, key)))[0] == 200
        world.now_us += 1
        assert (await world.get("x", (account.email, key)))[0] == 404

    told(tmp_path, story)


def test_expiry_forgets_what_it_dropped(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        account, key = await world.accounts.add("a@example.com")
        await world.call_log.append(account.id, batch(ended(), entry()))
        assert (await world.get("x", (account.email, key)))[0] == 200
        world.now_us = NOW + 7 * DAY
        assert (await world.call_log.expire()).days == 1
        # A clock that was wrong goes back: what was dropped stays gone.
        world.now_us = NOW
        assert (await world.get("x", (account.email, key)))[0] == 404

    told(tmp_path, story)


def test_a_disabled_account_and_a_revoked_key_get_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        account, key = await world.accounts.add("a@example.com")
        other = await world.accounts.add_key(account.email)
        await world.call_log.append(account.id, batch(entry()))
        assert [(await world.get("x", (account.email, one)))[0] for one in (key, other)] == [200, 200]
        keys = await world.store.keys(account.id)
        await world.store.revoke_key(account.id, keys[0].id)
        world.now_us += 1_000_000
        assert [(await world.get("x", (account.email, one)))[0] for one in (key, other)] == [401, 200]
        await world.store.set_active(account.email, active=False)
        world.now_us += 1_000_000
        assert (await world.get("x", (account.email, other)))[0] == 401

    told(tmp_path, story)


def test_a_key_that_may_not_read_gets_nothing_that_is_ready(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        account, key = await world.accounts.add("a@example.com")
        writer = await world.accounts.add_key(account.email, Scope.WRITE)
        await world.call_log.append(account.id, batch(entry()))
        assert [(await world.get("x", (account.email, one)))[0] for one in (key, writer)] == [200, 401]

    told(tmp_path, story)


# -- the budget --------------------------------------------------------------------------------------


def test_the_budget_is_kept_and_the_last_used_stay() -> None:
    ready = ReadyAnswers(lambda: NOW, 3 * (OVERHEAD_BYTES + 100))
    for name in "abc":
        ready.keep((1, name, False), bytes(100), FOR_EVER_US, ready.changes)
    assert ready.find((1, "a", False))
    ready.keep((1, "d", False), bytes(100), FOR_EVER_US, ready.changes)
    assert [name for name in "abcd" if ready.find((1, name, False))] == ["a", "c", "d"]
    ready.changed(1, "acd")
    for name in "efg":
        ready.keep((1, name, True), bytes(100), FOR_EVER_US, ready.changes)
    assert all(ready.find((1, name, True)) for name in "efg")


def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    ready = ReadyAnswers(lambda: NOW)
    before = ready.changes
    ready.changed(1, ["x"])
    ready.keep((1, "x", False), bytes(1), FOR_EVER_US, before)
    assert ready.find((1, "x", False)) is None


def test_a_huge_answer_is_not_kept() -> None:
    ready = ReadyAnswers(lambda: NOW)
    ready.keep((1, "x", False), bytes(2**20), FOR_EVER_US, ready.changes)
    assert ready.find((1, "x", False)) is None
