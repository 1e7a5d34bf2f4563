"""Expiring a Day: what it holds the writer up, and what readers see of it.

python -m bench.expiry FOLDER      a server whose clock moves on a day, and expires, at each SIGUSR1
"""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import uvicorn
import uvloop

from bench import wrk
from bench.bare import serve
from bench.calls import BASE_S, DAY_S, Traffic
from bench.figures import Figure
from bench.inside import measured
from bench.servers import authorized, running
from bench.settings import Settings
from bench.stock import copied, stock
from ringlog.accounts import Accounts
from ringlog.call_log import CallLog
from ringlog.config import Retention
from ringlog.logins import Logins
from ringlog.store.sqlite.store import SqliteStore
from ringlog.web.app import build

ROUNDS = 5
"""As many Days as can go while readers ask for the last two of seven."""


def run(settings: Settings) -> Iterator[Figure]:
    traffic = Traffic(settings.calls)
    built = stock(settings.data, traffic)
    writer = Figure("expire-writer", "ms", note=f"a Day of {traffic.calls:,} entries")
    for _ in range(settings.rounds):
        with copied(built) as folder:
            writer.ours.append(measured("expire", folder))
    yield writer
    p99 = Figure("expire-p99", "µs", note="p99 of one second's reads with an expiry in it, and without")
    last = traffic.calls * 5 // 7 + 1
    with copied(built) as folder:
        command = [sys.executable, "-m", "bench.expiry", str(folder)]
        with running(command, authorized(folder), None) as address, ThreadPoolExecutor(1) as pool:
            for _ in range(ROUNDS):
                p99.theirs.append(wrk.reads(address, traffic, 1, low=last).p99_us)
                load = pool.submit(wrk.reads, address, traffic, 1, low=last)
                time.sleep(0.3)
                os.kill(address.pid, signal.SIGUSR1)
                p99.ours.append(load.result().p99_us)
        gone = ROUNDS + 2 - sum(1 for _ in folder.glob("days/*.db"))
        assert gone == ROUNDS, f"{gone} Days went"
    yield p99


async def serve_and_age(folder: Path, listener: socket.socket) -> None:
    now_us = (BASE_S + 5 * DAY_S) * 1_000_000

    def clock() -> int:
        return now_us

    opened = await SqliteStore.open(folder, append=True)
    call_log = CallLog(opened, Retention(5, 0), clock)
    tasks: set[asyncio.Task[object]] = set()

    def a_day_on() -> None:
        nonlocal now_us
        now_us += DAY_S * 1_000_000
        tasks.add(asyncio.create_task(call_log.expire()))

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, a_day_on)
    accounts = Accounts(opened, clock)
    app = build(call_log, accounts, Logins(opened, accounts, clock), clock)
    await serve(
        uvicorn.Config(app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False),
        listener,
    )
    await opened.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_and_age(Path(sys.argv[1]), socket.create_server(("127.0.0.1", 0))))
