"""Recorded PBXs and collectors, in processes of their own, for tests of any room."""

import signal
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.running import ENVIRONMENT, RINGLOG, Server

RECORDINGS = Path(__file__).parent / "recordings"
FIRST = RECORDINGS / "asterisk" / "ami.txt"
LAST = "1795424670.47"
"""The last call of the first recording to end."""


@contextmanager
def replay(*options: str, recording: Path = FIRST, **environment: str) -> Generator[int]:
    """A PBX that speaks a recording; its port."""
    process = subprocess.Popen(
        [*RINGLOG, "replay", str(recording), "--port", "0", *options],
        stdout=subprocess.PIPE,
        text=True,
        env={**ENVIRONMENT, **environment},
    )
    with process:
        try:
            assert process.stdout
            yield int(process.stdout.readline().rsplit(":", 1)[1])
            process.terminate()
            assert process.wait(10) == 0
        finally:
            process.kill()


def collect(server: Server, port: int, spool: Path) -> list[str]:
    pbx = [*RINGLOG, "collect", "asterisk", "--port", str(port), "--username", "ringlog"]
    return [*pbx, "--to", server.url, "--email", server.email, "--spool", str(spool)]


def secrets(server: Server, secret: str = "s") -> Mapping[str, str]:
    return {**ENVIRONMENT, "RINGLOG_KEY": server.key, "RINGLOG_ASTERISK_SECRET": secret}


@contextmanager
def collector(server: Server, port: int, spool: Path, *options: str) -> Generator[subprocess.Popen[str]]:
    """A collector that is told to end with the block, and ends well."""
    process = subprocess.Popen(
        [*collect(server, port, spool), *options], stderr=subprocess.PIPE, text=True, env=secrets(server)
    )
    with process:
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0, process.stderr and process.stderr.read()
        finally:
            process.kill()
