"""Ingest: batches over HTTP against plain SQLite, single entries against a commit per append."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import wrk
from bench.feeder import bodies_file
from bench.figures import Figure, in_turns
from bench.inside import measured
from bench.sealing import unsealed
from bench.servers import bare_server, ringlog_server
from bench.settings import Settings

CLIENTS = 16
SINGLES = 64


def run(settings: Settings) -> Iterator[Figure]:
    with TemporaryDirectory(dir=settings.data, prefix="run-") as name:
        work = Path(name)
        (rows := work / "rows").mkdir()
        unsealed(rows / "store")
        yield _batches("ingest-16", settings, work, rows / "store", CLIENTS)
        yield _batches("ingest-1", settings, work, rows / "store", 1)
        yield in_turns(
            "append-64-process", "appends/s", settings.rounds,
            lambda: measured("together", settings.seconds), lambda: measured("alone", settings.seconds),
        )  # fmt: skip
        yield _singles(settings, work)
        yield _fairness(settings, work)


def _batches(key: str, settings: Settings, work: Path, rows: Path, clients: int) -> Figure:
    """Plain SQLite commits as many batches at once as there are clients: the most a group can hold."""
    path, entries = bodies_file(work)

    def ours() -> float:
        with _fresh(work) as folder, ringlog_server(folder) as address:
            return wrk.batches(address, path, settings.seconds, clients=clients).rate * entries

    note = f"{entries} entries a batch; yardstick: {clients} batches a commit"
    return in_turns(key, "entries/s", settings.rounds, ours, lambda: measured("raw", rows, clients), note)


def _singles(settings: Settings, work: Path) -> Figure:
    def rate(*, theirs: bool) -> Callable[[], float]:
        def once() -> float:
            with _fresh(work) as folder:
                server = bare_server(0, folder, "--alone") if theirs else ringlog_server(folder)
                with server as address:
                    return wrk.singles(address, int(time.time()), settings.seconds, clients=SINGLES).rate

        return once

    return in_turns("append-64-http", "appends/s", settings.rounds, rate(theirs=False), rate(theirs=True))


def _fairness(settings: Settings, work: Path) -> Figure:
    """p99 of one client of single entries while 16 clients send batches of 1000; beside, without them."""
    path, _ = bodies_file(work)
    figure = Figure("small-p99", "ms", note="one client of single entries beside 16 of batches")
    for _ in range(settings.rounds):
        with _fresh(work) as folder, ringlog_server(folder) as address, ThreadPoolExecutor(1) as pool:
            crowd = pool.submit(wrk.batches, address, path, settings.seconds, clients=CLIENTS)
            figure.ours.append(
                wrk.singles(address, int(time.time()), settings.seconds, clients=1).p99_us / 1000
            )
            crowd.result()
    return figure


def _fresh(work: Path) -> TemporaryDirectory[str]:
    return _Folder(dir=work)


class _Folder(TemporaryDirectory[str]):
    def __enter__(self) -> Path:  # type: ignore[override] - gives the folder as a path, not as text
        return Path(super().__enter__())
