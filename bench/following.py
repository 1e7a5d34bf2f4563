"""Followers: how long after its acknowledgement an entry reaches a thousand of them, ingest beside it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.running import ENVIRONMENT, RINGLOG, basic

from bench.feeder import fed
from bench.figures import Figure
from bench.follower import CALL
from bench.machine import ON_CLIENT_CORE
from bench.servers import ringlog_server
from bench.settings import Settings

EMAIL = "follower@example.com"
CHANGES_PER_S = 20
BESIDE_PER_S = 5000
"""Entries of another account."""
TARGETS = {"follow-call": f"/v1/calls/{CALL}/follow", "follow-list": "/v1/follow"}


def run(settings: Settings) -> Iterator[Figure]:
    for key, target in TARGETS.items():
        figure = Figure(key, "ms")
        worst: list[float] = []
        for _ in range(settings.rounds):
            found = _once(settings, target)
            figure.ours.append(found["p99"])
            worst.append(found["max"])
        figure.note = (
            f"p99 of {settings.followers:,} followers at {CHANGES_PER_S} changes/s beside "
            f"{BESIDE_PER_S:,} entries/s; the latest of all {max(worst):.0f} ms"
        )
        yield figure


def _once(settings: Settings, target: str) -> dict[str, float]:
    with (
        TemporaryDirectory(dir=settings.data, prefix="run-") as work,
        ringlog_server(folder := Path(work) / "store") as address,
        fed(address, Path(work), BESIDE_PER_S),
    ):
        done = subprocess.run(
            [*ON_CLIENT_CORE, sys.executable, "-m", "bench.follower", address.url, _account(folder), target,
             str(settings.followers), str(settings.seconds), str(CHANGES_PER_S)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout)


def _account(folder: Path) -> str:
    made = subprocess.run(
        [*RINGLOG, "account", "add", EMAIL, "--json", "--store", f"sqlite:{folder}"],
        capture_output=True, check=True, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    return basic(EMAIL, json.loads(made.stdout)["developer_key"])["Authorization"]
