"""The load generator: wrk (Debian's package), on the clients' core, with a script for each load."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bench.calls import Traffic
from bench.machine import ON_CLIENT_CORE
from bench.servers import Address

SCRIPTS = Path(__file__).parent / "lua"
STRIDE = 0.6180339887
"""Of the calls between one read and the next: no two neighbours share a page."""


@dataclass(frozen=True)
class Load:
    """What wrk saw. Latencies in microseconds."""

    requests: int
    seconds: float
    p50_us: float
    p99_us: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def reads(
    address: Address,
    traffic: Traffic,
    seconds: float,
    *,
    clients: int = 16,
    hot: int = 0,
    accept: str = "*/*",
    low: int = 0,
) -> Load:
    """Different calls each time, from call `low` on; with `hot`, only so many of them again and again."""
    calls = hot or traffic.calls - low
    every = (traffic.calls - low) // calls
    stride = int(calls * STRIDE) | 1
    while calls % stride == 0 or _common(calls, stride) > 1:
        stride += 2
    numbers = (
        traffic.base_s,
        traffic.span_s,
        traffic.calls,
        calls,
        every,
        stride,
        Random().randrange(calls),
        low,
    )
    return _wrk(address, "reads.lua", clients, seconds, address.authorization, accept, *map(str, numbers))


def batches(address: Address, bodies: Path, seconds: float, *, clients: int) -> Load:
    """POSTs the bodies of a file (see `written`), each at most once a run and never the same twice."""
    tag = f"{Random().randrange(10**6):06}"
    return _wrk(address, "batches.lua", clients, seconds, address.authorization, str(bodies), tag)


def singles(address: Address, base_s: int, seconds: float, *, clients: int) -> Load:
    """POSTs of one entry each."""
    tag = f"{Random().randrange(10**6):06}"
    return _wrk(address, "singles.lua", clients, seconds, address.authorization, str(base_s), tag)


TAG = b"@@@@@@"
"""Stands in a file of bodies where a run puts six digits of its own."""


def written(path: Path, traffic: Traffic, entries: int) -> int:
    """Writes `traffic` as bodies of about so many entries, each behind its length; returns entries a body."""
    with path.open("wb") as file:
        for body in traffic.bodies(entries, range(traffic.calls)):
            tagged = body.replace(b'{"session_id":"', b'{"session_id":"' + TAG)
            file.write(b"%d\n" % len(tagged) + tagged)
    return max(1, round(entries / traffic.entries)) * traffic.entries


def _wrk(address: Address, script: str, clients: int, seconds: float, *arguments: str) -> Load:
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing; install it with: apt-get install wrk")
    done = subprocess.run(
        [*ON_CLIENT_CORE, "wrk", "-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s", "--timeout", "30s",
         "-s", str(SCRIPTS / script), address.url, "--", *arguments],
        capture_output=True, text=True, check=False, timeout=seconds + 120,
    )  # fmt: skip
    if done.returncode or not done.stderr.strip():
        raise RuntimeError(f"wrk failed: {done.stdout}{done.stderr}")
    said = json.loads(done.stderr.strip().splitlines()[-1])
    if said["errors"] or not said["requests"]:
        raise RuntimeError(f"{said['errors']} of {said['requests']} answers were errors ({script})")
    return Load(said["requests"], said["us"] / 1e6, said["p50"], said["p99"])


def _common(one: int, other: int) -> int:
    while other:
        one, other = other, one % other
    return one
