"""Recorded PBXs and collectors, in processes of their own, for tests of any room."""

import signal
import socket
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.running import ENVIRONMENT, RINGLOG, Server

RECORDINGS = Path(__file__).parent / "recordings"
FIRST = RECORDINGS / "asterisk" / "ami.txt"
LAST = "1795424670.47"
"""The last call of the first recording to end."""
SECOND = RECORDINGS / "asterisk-2" / "ami.txt"
LAST_OF_SECOND = "1795428799.30"


@contextmanager
def replay(*options: str, recording: Path = FIRST, port: int = 0, **environment: str) -> Generator[int]:
    """A PBX that speaks a recording; its port."""
    process = subprocess.Popen(
        [*RINGLOG, "replay", str(recording), "--port", str(port), *options],
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


@contextmanager
def refusing() -> Generator[int]:
    """A port that is taken and refuses every connection."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


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
