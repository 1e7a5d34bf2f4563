"""Accounts over a store, under a clock that only the test moves."""

import asyncio
from base64 import b64encode
from pathlib import Path

from ringlog.accounts import CACHE_US, USE_NOTED_US, Accounts
from ringlog.store.sqlite.store import SqliteStore
from tests.store.records import DAY, NOW


def test_a_keys_last_use_is_noted_at_once_and_then_once_an_hour(tmp_path: Path) -> None:
    now_us = NOW

    async def story() -> None:
        nonlocal now_us
        store = await SqliteStore.open(tmp_path, append=True)
        accounts = Accounts(store, lambda: now_us)
        account, text = await accounts.add("a@example.com")
        asks = b"Basic " + b64encode(f"a@example.com:{text}".encode())

        async def noted_us(us: int) -> int | None:
            """The last use that is known after one at that moment."""
            nonlocal now_us
            now_us = us
            assert await accounts.authenticate(asks)
            (key,) = await store.keys(account.id)
            return key.last_used_us

        assert (await store.keys(account.id))[0].last_used_us is None
        assert await noted_us(NOW) == NOW
        assert await noted_us(NOW + USE_NOTED_US) == NOW
        later = NOW + USE_NOTED_US + CACHE_US
        assert await noted_us(later) == later
        # A clock that was ahead, and is set right.
        assert await noted_us(NOW - DAY) == NOW - DAY
        await store.close()

    asyncio.run(story())
