"""A store worked on while no server runs: calls of another time, and sealing that need not wait."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from ringlog.call_log import CallLog
from ringlog.config import Retention
from ringlog.model import MICROSECONDS
from ringlog.store.sqlite.store import SqliteStore
from ringlog.wire.records import parse
from tests.running import Server

T = TypeVar("T")
MINUTE_US = 60 * MICROSECONDS


def in_store(folder: Path, work: Callable[[SqliteStore, int], Awaitable[T]]) -> T:
    """What `work` returns; it is given the store in `folder` and a server's account."""

    async def run() -> T:
        store = await SqliteStore.open(folder, append=True)
        try:
            return await work(store, (await store.account(Server.email)).id)
        finally:
            await store.close()

    return asyncio.run(run())


def at(store: SqliteStore, ahead_us: int) -> CallLog:
    """The calls as a clock sees them that goes so much ahead."""
    return CallLog(store, Retention(), lambda: time.time_ns() // 1000 + ahead_us)


async def received(store: SqliteStore, account_id: int, ahead_us: int, records: list[dict[str, Any]]) -> None:
    body = b"\n".join(json.dumps(one).encode() for one in records)
    batch = parse(body, "application/x-ndjson", None, time.time_ns() // 1000)
    await at(store, ahead_us).append(account_id, batch)


def seal(server: Server) -> int:
    """Seals every call that ended; returns how many."""
    return in_store(server.folder, lambda store, _: at(store, MINUTE_US).seal())


def day_file(server: Server, start_s: int) -> Path:
    return server.folder / "days" / f"{datetime.fromtimestamp(start_s, UTC):%Y-%m-%d}.db"
