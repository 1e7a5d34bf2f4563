"""Log-ins over a store, under a clock that only the test moves."""

import asyncio
from pathlib import Path

from ringlog.accounts import CACHE_US, Accounts
from ringlog.logins import LASTS_US, Logins
from ringlog.model import Scope
from ringlog.store.sqlite.store import SqliteStore
from tests.store.records import NOW


def test_a_log_in_ends_after_a_working_day(tmp_path: Path) -> None:
    now_us = NOW

    async def story() -> None:
        nonlocal now_us
        store = await SqliteStore.open(tmp_path, append=True)
        accounts = Accounts(store, lambda: now_us)
        logins = Logins(store, accounts, lambda: now_us)
        _, key = await accounts.add("a@example.com", Scope.READ | Scope.WRITE)
        assert await logins.log_in("a@example.com", "wrong") is None
        token = await logins.log_in("A@EXAMPLE.com", key)
        assert token
        principal = await logins.principal(token)
        assert principal
        assert (principal.email, principal.scopes) == ("a@example.com", Scope.READ)
        now_us = NOW + LASTS_US - 1
        assert await logins.principal(token)
        now_us += CACHE_US
        assert await logins.principal(token) is None
        await store.close()

    asyncio.run(story())


def test_a_revoked_key_is_out_within_a_second_and_a_log_out_at_once(tmp_path: Path) -> None:
    now_us = NOW

    async def story() -> None:
        nonlocal now_us
        store = await SqliteStore.open(tmp_path, append=True)
        accounts = Accounts(store, lambda: now_us)
        logins = Logins(store, accounts, lambda: now_us)
        account, key = await accounts.add("a@example.com")
        first, second = [await logins.log_in("a@example.com", key) for _ in range(2)]
        assert first and second  # noqa: PT018 - two of a kind
        assert await logins.principal(first) and await logins.principal(second)  # noqa: PT018 - two of a kind
        await logins.log_out(first)
        assert await logins.principal(first) is None
        assert await logins.principal(second)
        await store.revoke_key(account.id, (await store.keys(account.id))[0].id)
        now_us += CACHE_US
        assert await logins.principal(second) is None
        assert await logins.principal("never was \udcff") is None
        await store.close()

    asyncio.run(story())
