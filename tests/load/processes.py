"""The processes of a load test, and what they use of the machine."""

import os
import signal
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.running import ENVIRONMENT, RINGLOG, Server

PRIVATE = "PIN,CARD,HASH"
"""The names whose values the expected logs of the second recording hide."""
TICKS_S = os.sysconf("SC_CLK_TCK")


@contextmanager
def replay(recording: Path, *options: str) -> Generator[tuple[int, int]]:
    """A PBX that speaks `recording`; its process id and its port."""
    process = subprocess.Popen(
        [*RINGLOG, "replay", str(recording), "--port", "0", *options],
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    with process:
        try:
            assert process.stdout
            yield process.pid, int(process.stdout.readline().rsplit(":", 1)[1])
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def collector(
    server: Server, port: int, folder: Path, *options: str, python: tuple[str, ...] = ()
) -> Generator[subprocess.Popen[bytes]]:
    """Ends in good order with the block. `python`: what stands before its program, for a profiler."""
    command = [RINGLOG[0], *python, *RINGLOG[1:], "collect", "asterisk", "--port", str(port)]
    command += ["--username", "load", "--to", server.url, "--email", server.email, "--private", PRIVATE]
    with (folder / "collector.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--spool", str(folder / "spool"), *options],
            stderr=log,
            env={**ENVIRONMENT, "RINGLOG_KEY": server.key, "RINGLOG_ASTERISK_SECRET": "load"},
        )
    with process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


class Memory(NamedTuple):
    """Of a process, in MiB."""

    now: float
    peak: float


def memory(pid: int) -> Memory:
    said: dict[str, float] = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key in {"VmRSS", "VmHWM"}:
            said[key] = int(value.split()[0]) / 1024
    return Memory(said["VmRSS"], said["VmHWM"])


def cpu_s(pid: int) -> Mapping[str, float]:
    """Seconds that each of its threads has computed, the main one under `main`."""
    used: dict[str, float] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        name, _, rest = (task / "stat").read_text().rpartition(")")
        user, system = rest.split()[11:13]
        thread = "main" if task.name == str(pid) else name.partition("(")[2]
        used[thread] = used.get(thread, 0.0) + (int(user) + int(system)) / TICKS_S
    return used


def waiting_bytes(port: int) -> int:
    """What a replay at `port` has written and its reader has not read: both sockets' queues together."""
    waiting = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, queues = line.split()[:5]
        sent, received = (int(part, 16) for part in queues.split(":"))
        if state == "01" and int(local.split(":")[1], 16) == port:
            waiting += sent
        elif state == "01" and int(remote.split(":")[1], 16) == port:
            waiting += received
    return waiting
