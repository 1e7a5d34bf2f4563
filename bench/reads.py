"""Reads: `/api/call` against bytes of the same size from a bare ASGI app."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import wrk
from bench.calls import Traffic
from bench.feeder import fed, peak
from bench.figures import Figure, in_turns
from bench.servers import FOR_EVER, Address, bare_server, ringlog_server
from bench.settings import Settings
from bench.stock import copied, stock

HOT = 1000
SAMPLE = 200
XML = "application/xml"


def run(settings: Settings) -> Iterator[Figure]:
    seven, fifty = Traffic(settings.calls), Traffic(settings.calls_of_50, 50)
    with copied(stock(settings.data, seven)) as folder, ringlog_server(folder, *FOR_EVER) as ours:
        yield _line("read-cold", settings, ours, seven)
        yield _line("read-hot", settings, ours, seven, hot=HOT)
        yield _line("xml-hot", settings, ours, seven, hot=HOT, accept=XML)
    with copied(stock(settings.data, fifty)) as folder, ringlog_server(folder, *FOR_EVER) as ours:
        yield _line("read-cold-50", settings, ours, fifty)
        yield _line("xml-hot-50", settings, ours, fifty, hot=HOT, accept=XML)


def _line(
    key: str, settings: Settings, ours: Address, traffic: Traffic, *, hot: int = 0, accept: str = "*/*"
) -> Figure:
    size = answer_bytes(ours, traffic, accept)

    def rate(address: Address) -> float:
        return wrk.reads(address, traffic, settings.seconds, hot=hot, accept=accept).rate

    with bare_server(size) as theirs:
        rate(ours)
        note = f"{size} B an answer, {traffic.calls:,} calls of {traffic.entries}"
        return in_turns(key, "reads/s", settings.rounds, lambda: rate(ours), lambda: rate(theirs), note)


def answer_bytes(address: Address, traffic: Traffic, accept: str = "*/*") -> int:
    """The mean size of an answer's body."""
    numbers = range(0, traffic.calls, max(1, traffic.calls // SAMPLE))
    sizes = [len(address.get(f"/api/call/{traffic.session_id(n)}", accept)) for n in numbers]
    return sum(sizes) // len(sizes)


def beside_ingest(settings: Settings) -> Iterator[Figure]:
    """The same cold reads while half of the peak of ingest goes in, on both sides by the same path."""
    traffic = Traffic(settings.calls)
    rate = Figure("read-beside-ingest", "reads/s")
    p99 = Figure("read-beside-ingest-p99", "µs")
    with ExitStack() as open_:
        folder = open_.enter_context(copied(stock(settings.data, traffic)))
        work = Path(open_.enter_context(TemporaryDirectory(dir=settings.data, prefix="run-")))
        (work / "bare").mkdir()
        ours = open_.enter_context(ringlog_server(folder, *FOR_EVER))
        theirs = open_.enter_context(bare_server(answer_bytes(ours, traffic), work / "bare"))
        feed = peak(settings, ours, work) / 2
        rate.note = p99.note = f"{feed:,.0f} entries/s beside"
        for _ in range(settings.rounds):
            for address, rates, latencies in ((ours, rate.ours, p99.ours), (theirs, rate.theirs, p99.theirs)):
                with fed(address, work, feed):
                    load = wrk.reads(address, traffic, settings.seconds)
                rates.append(load.rate)
                latencies.append(load.p99_us)
    yield rate
    yield p99
