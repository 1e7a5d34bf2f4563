"""A full store: reads against a small one, the server's memory, its start after kill -9."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import wrk
from bench.calls import Traffic
from bench.feeder import bodies_file
from bench.figures import Figure, in_turns
from bench.servers import FOR_EVER, ringlog_server
from bench.settings import Settings
from bench.stock import copied, stock

ONCE_S = 1
"""One client comes to fewer calls in that time than the small store has."""


def depth(settings: Settings) -> Iterator[Figure]:
    """One client's median of the large store against the small one's.

    Each turn has a server of its own and reads each call once: all answers of the small store would soon be
    ready, and few of the large one.
    """
    many, few = Traffic(settings.calls), Traffic(settings.few_calls)
    with copied(stock(settings.data, many)) as large, copied(stock(settings.data, few)) as small:

        def p50(folder: Path, traffic: Traffic) -> float:
            with ringlog_server(folder, *FOR_EVER) as address:
                load = wrk.reads(address, traffic, ONCE_S, clients=1)
            if load.requests > traffic.calls:
                raise RuntimeError(f"{load.requests} reads of {traffic.calls} calls: some were ready")
            return load.p50_us

        note = f"{many.calls * 7:,} entries against {few.calls * 7:,}"
        yield in_turns(
            "depth", "µs", settings.rounds, lambda: p50(large, many), lambda: p50(small, few), note
        )


def memory(settings: Settings) -> Iterator[Figure]:
    """After ingest and many reads; the slices of the reads show whether it is flat."""
    traffic = Traffic(settings.calls)
    figure = Figure("memory", "MiB")
    with (
        copied(stock(settings.data, traffic)) as folder,
        TemporaryDirectory(dir=settings.data, prefix="run-") as work,
        ringlog_server(folder, *FOR_EVER) as address,
    ):
        path, entries = bodies_file(Path(work))
        before = _mib(address.pid, "RssAnon")
        fed = wrk.batches(address, path, settings.seconds * 3, clients=16).requests * entries
        reads = 0
        anonymous: list[float] = []
        while reads < settings.reads:
            reads += wrk.reads(address, traffic, max(1, settings.seconds)).requests
            anonymous.append(_mib(address.pid, "RssAnon"))
        figure.ours.append(max(anonymous))
        figure.note = (
            f"{traffic.calls * 7 + fed:,} entries, {reads:,} reads; {before:.0f} MiB at start, "
            f"{anonymous[0]:.0f} after the first reads, {anonymous[-1]:.0f} at the end, "
            f"resident {_mib(address.pid, 'VmRSS'):.0f} MiB"
        )
    yield figure


def _mib(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def start(settings: Settings) -> Iterator[Figure]:
    """From the command to the line that says ready, after a kill in the middle of ingest."""
    traffic = Traffic(settings.calls)
    figure = Figure("start", "s", note=f"{traffic.calls * 7:,} entries stored")
    with (
        copied(stock(settings.data, traffic)) as folder,
        TemporaryDirectory(dir=settings.data, prefix="run-") as work,
    ):
        path, _ = bodies_file(Path(work))
        for _ in range(settings.rounds):
            with ringlog_server(folder, *FOR_EVER) as address:
                wrk.batches(address, path, 1, clients=4)
                os.kill(address.pid, signal.SIGKILL)
            begun = time.perf_counter()
            with ringlog_server(folder, *FOR_EVER) as address:
                figure.ours.append(time.perf_counter() - begun)
    yield figure
