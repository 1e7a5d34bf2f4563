"""Sealing on one core against plain SQLite taking the same calls in, and ingest with sealing on for long."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import wrk
from bench.calls import Traffic
from bench.feeder import bodies_file, peak
from bench.figures import Figure, in_turns
from bench.inside import measured
from bench.servers import ringlog_server
from bench.settings import Settings
from bench.stock import build, copied
from ringlog.store.sqlite.disk import catalogue

UNSEALED = Traffic(20_000)
CLIENTS = 4
DRAINED_S = 600


def unsealed(folder: Path) -> None:
    """A store of calls that wait to be sealed."""
    asyncio.run(build(folder, UNSEALED, seal=False))


def run(settings: Settings) -> Iterator[Figure]:
    with TemporaryDirectory(dir=settings.data, prefix="run-") as name:
        store = Path(name) / "store"
        unsealed(store)

        def ours() -> float:
            with copied(store) as copy:
                return measured("seal", copy)

        yield in_turns("seal", "entries/s", settings.rounds, ours, lambda: measured("raw", store, 1))


def sustained(settings: Settings) -> Iterator[Figure]:
    """Minutes of ingest with sealing on, beside the peak; then how long the backlog takes to drain."""
    with TemporaryDirectory(dir=settings.data, prefix="run-") as name:
        work = Path(name)
        (store := work / "store").mkdir()
        with ringlog_server(store) as address:
            path, entries = bodies_file(work)
            highest = peak(settings, address, work)
            rate = wrk.batches(address, path, settings.sustained_s, clients=CLIENTS).rate * entries
            left = waiting(store)
            begun = time.monotonic()
            while waiting(store) and time.monotonic() < begun + DRAINED_S:
                time.sleep(0.5)
            drained = time.monotonic() - begun
        note = f"{settings.sustained_s:.0f} s; {left:,} calls unsealed at the end, drained in {drained:.0f} s"
    yield Figure("sustained", "entries/s", [rate], [highest], note)


def waiting(store: Path) -> int:
    """Calls with unsealed chunks."""
    connection = catalogue.connect(store / "catalogue.db")
    try:
        return connection.rows("SELECT count(DISTINCT call_id) FROM chunk")[0][0]
    finally:
        connection.close()
