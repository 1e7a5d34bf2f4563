"""What is measured without HTTP, each in a process of its own on the servers' core; prints one number.

python -m bench.inside raw FOLDER GROUP      entries/s of plain SQLite: FOLDER's rows, GROUP batches a commit
python -m bench.inside seal FOLDER           entries/s of sealing FOLDER's calls
python -m bench.inside together|alone SECONDS   appends/s of 64 clients of one entry each
python -m bench.inside expire FOLDER         milliseconds of the writer for expiring the oldest Day
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.bare import OneByOne
from bench.calls import BASE_S, DAY_S
from bench.machine import ON_SERVER_CORE
from bench.settings import DATA
from bench.stock import BUILT_US, KEEP
from ringlog.config import Retention
from ringlog.store.sqlite import store as store_module
from ringlog.store.sqlite.disk import catalogue
from ringlog.store.sqlite.store import SqliteStore
from ringlog.wire.records import parse

BATCH_CALLS = 143
CLIENTS = 64
PER_CALL = 20


def measured(what: str, *arguments: object) -> float:
    """The number that `what` prints in a process of its own."""
    command = [*ON_SERVER_CORE, sys.executable, "-m", "bench.inside", what, *map(str, arguments)]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def raw(folder: str, group: str) -> float:
    """The same call and chunk rows, indexes, pragmas and commits, and nothing else."""
    stored = catalogue.connect(Path(folder) / "catalogue.db")
    columns = ", ".join(row[1] for row in stored.rows("PRAGMA table_info(call)"))
    calls = stored.rows(f"SELECT {columns} FROM call ORDER BY id")
    chunks = stored.rows("SELECT * FROM chunk ORDER BY call_id")
    entries = sum(row[0] for row in stored.rows("SELECT entries FROM call"))
    with TemporaryDirectory(dir=Path(folder).parent, prefix="raw-") as work:
        connection = catalogue.connect_to_write(Path(work) / "catalogue.db", create=True)
        catalogue.migrate(connection, "catalogue")
        into_call = f"INSERT INTO call ({columns}) VALUES ({','.join('?' * len(calls[0]))})"
        into_chunk = f"INSERT INTO chunk VALUES ({','.join('?' * len(chunks[0]))})"
        step = BATCH_CALLS * int(group)
        begun = time.perf_counter()
        for at in range(0, len(calls), step):
            with catalogue.writing(connection):
                connection.run_many(into_call, calls[at : at + step])
                connection.run_many(into_chunk, chunks[at : at + step])
        took = time.perf_counter() - begun
        connection.close()
    return entries / took


async def seal(folder: str) -> float:
    store = await SqliteStore.open(Path(folder), append=True)
    connection = catalogue.connect(Path(folder) / "catalogue.db")
    ((entries,),) = connection.rows("SELECT sum(entries) FROM call WHERE sealed_arrival = 0")
    begun = time.perf_counter()
    await store.seal(KEEP.horizon(BUILT_US + 3600 * 1_000_000))
    took = time.perf_counter() - begun
    ((left,),) = connection.rows("SELECT count(*) FROM chunk")
    assert not left, f"{left} chunks were not sealed"
    connection.close()
    await store.close()
    return entries / took


async def appends(seconds: str) -> float:
    """Entries are made before the clock runs."""
    with TemporaryDirectory(dir=DATA, prefix="append-") as work:
        store = await SqliteStore.open(Path(work), append=True)
        account = await store.add_account("bench@example.com", BUILT_US)
        horizon = KEEP.horizon(BUILT_US)
        until = time.perf_counter() + float(seconds)

        async def client(number: int) -> int:
            done = 0
            while time.perf_counter() < until:
                await store.append(
                    account.id, parse(_entry(number, done), "application/json", None, BUILT_US), horizon
                )
                done += 1
            return done

        total = sum(await asyncio.gather(*(client(number) for number in range(CLIENTS))))
        await store.close()
    return total / float(seconds)


def _entry(client: int, done: int) -> bytes:
    return (
        b'{"session_id":"%d.%d","event":{"line":"User input: %d (dtmf)","data":{"module_type":"read",'
        b'"result_variable":"CHOICE"}},"class":"event","timestamp":%d,"source":"asterisk@pbx1/1","seq":%d}'
        % (client, done // PER_CALL, done, BASE_S, done % PER_CALL)
    )


async def together(seconds: str) -> float:
    return await appends(seconds)


async def alone(seconds: str) -> float:
    store_module.Writer = OneByOne
    return await appends(seconds)


async def expire(folder: str) -> float:
    """The sum over the writer's jobs: what other writers waited at most."""
    store = await SqliteStore.open(Path(folder), append=True)
    writer: Any = store._writer
    run_here: Callable[[Any], Any] = writer.run_here
    took: list[float] = []

    def timed(job: Any) -> Any:
        begun = time.perf_counter()
        try:
            return run_here(job)
        finally:
            took.append(time.perf_counter() - begun)

    writer.run_here = timed
    expired = await store.expire(Retention(5, 0).horizon((BASE_S + 6 * DAY_S) * 1_000_000))
    assert expired.days == 1, expired
    await store.close()
    return sum(took) * 1000


WHAT: dict[str, Callable[..., Any]] = {
    "raw": raw, "seal": seal, "together": together, "alone": alone, "expire": expire,
}  # fmt: skip

if __name__ == "__main__":
    found = WHAT[sys.argv[1]](*sys.argv[2:])
    print(found if isinstance(found, float) else asyncio.run(found))
