"""Ingest beside something else: batches of 1000 at a steady rate, on the clients' core.

python -m bench.feeder URL AUTHORIZATION FILE BATCHES_PER_S
"""

import contextlib
import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from bench import wrk
from bench.calls import Traffic
from bench.machine import ON_CLIENT_CORE
from bench.servers import Address
from bench.settings import Settings

BODIES = 100
BATCH = 1000


def now_traffic(calls: int) -> Traffic:
    """Calls of the last hour: what ingest is measured with."""
    return Traffic(calls, base_s=int(time.time()) - 7200, span_s=3600)


def bodies_file(folder: Path, bodies: int = BODIES) -> tuple[Path, int]:
    """A file of bodies and the entries in each."""
    path = folder / f"bodies-{bodies}"
    calls = round(BATCH / 7)
    return path, calls * 7 if path.exists() else wrk.written(path, now_traffic(bodies * calls), BATCH)


def peak(settings: Settings, address: Address, folder: Path) -> float:
    """Entries a second that 16 clients get in."""
    path, entries = bodies_file(folder)
    return wrk.batches(address, path, settings.seconds, clients=16).rate * entries


@contextmanager
def fed(address: Address, folder: Path, entries_per_s: float) -> Generator[None]:
    """While this is open, that many entries a second go in. Raises RuntimeError where they did not."""
    path, entries = bodies_file(folder)
    process = subprocess.Popen(
        [*ON_CLIENT_CORE, sys.executable, "-m", "bench.feeder", address.url, address.authorization, str(path),
         str(entries_per_s / entries)], stdin=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield
    finally:
        assert process.stdin
        process.stdin.close()
        if process.wait(60):
            raise RuntimeError("the feeder was refused or fell behind")


def feed(url: str, authorization: str, path: Path, rate: float) -> None:
    """Until stdin is closed."""
    closed = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), closed.set()), daemon=True).start()
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    headers = {"Authorization": authorization, "Content-Type": "application/x-ndjson"}
    begun = time.monotonic()
    sent = 0
    with contextlib.closing(connection):
        for body in _tagged(path):
            if closed.wait(max(0.0, begun + sent / rate - time.monotonic())):
                break
            connection.request("POST", "/v1/ingest", body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise SystemExit(f"the feeder got {answer.status}: {text[:200]!r}")
            sent += 1
    reached = sent / (time.monotonic() - begun) / rate
    if reached < 0.8:
        sys.stderr.write(f"the feeder reached {reached:.0%} of its rate\n")


def _tagged(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    bodies: list[bytes] = []
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        length = int(data[at:end])
        bodies.append(data[end + 1 : end + 1 + length])
        at = end + 1 + length
    random = Random()
    while True:
        for body in bodies:
            yield body.replace(wrk.TAG, b"%06d" % random.randrange(10**6))


if __name__ == "__main__":
    feed(sys.argv[1], sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]))
