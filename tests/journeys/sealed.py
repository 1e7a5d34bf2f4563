"""A store worked on while no server runs: calls of a minute ago, and sealing that need not wait."""

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


def _in(server: Server, ahead_us: int, work: Callable[[CallLog, int], Awaitable[T]]) -> T:
    async def run() -> T:
        store = await SqliteStore.open(server.folder, append=True)
        try:
            call_log = CallLog(store, Retention(), lambda: time.time_ns() // 1000 + ahead_us)
            return await work(call_log, (await store.account(server.email)).id)
        finally:
            await store.close()

    return asyncio.run(run())


def seal(server: Server) -> int:
    """Seals every call that ended; returns how many."""
    return _in(server, MINUTE_US, lambda call_log, _: call_log.seal())


def received_a_minute_ago(server: Server, records: list[dict[str, Any]]) -> None:
    """Stores records that are quiet by now, so that the server's next sealing takes them."""
    body = b"\n".join(json.dumps(one).encode() for one in records)
    batch = parse(body, "application/x-ndjson", None, time.time_ns() // 1000)
    _in(server, -MINUTE_US, lambda call_log, account_id: call_log.append(account_id, batch))


def day_file(server: Server, start_s: int) -> Path:
    return server.folder / "days" / f"{datetime.fromtimestamp(start_s, UTC):%Y-%m-%d}.db"
