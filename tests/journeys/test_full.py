"""A disk that is full for real under a running server: a small file system, or a limit on its files."""

import contextlib
import resource
import subprocess
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.running import Server, ringlog
from tests.web.records import Record, entry, row

BYTES = 32 * 2**20
"""Of the file system."""
FILES = 200
MORE_BYTES = 64 * 2**10
"""What may still be written to a limited file."""
LONG = "a long line " * 100
Free = Callable[[], None]


@contextmanager
def limited(server: Server) -> Generator[Free]:
    """No file of the server's may grow beyond what its largest one has and a little."""
    assert server.process
    pid = server.process.pid
    largest = max(file.stat().st_size for file in server.folder.rglob("*") if file.is_file())
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest + MORE_BYTES, resource.RLIM_INFINITY))
    yield lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, before) and None


@contextmanager
def filled(server: Server) -> Generator[Free]:
    """Another file takes what the file system has left, but for a little."""
    file = server.folder.with_name("filler")
    with file.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(2**20))
    with file.open("r+b") as filler:
        filler.truncate(file.stat().st_size - MORE_BYTES)
    yield file.unlink


@contextmanager
def anywhere() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="ringlog-full-") as folder:
        yield Path(folder)


@contextmanager
def small() -> Generator[Path]:
    """Raises CalledProcessError for whoever may not mount."""
    with anywhere() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={BYTES},nr_inodes={FILES}", "ringlog-full", str(folder)]
        subprocess.run(mount, check=True, capture_output=True)
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def may_mount() -> bool:
    with contextlib.suppress(subprocess.CalledProcessError, FileNotFoundError), small():
        return True
    return False


WAYS = {"limited": (anywhere, limited), **({"mounted": (small, filled)} if may_mount() else {})}
"""Anybody may lower a limit; who may not mount is shown a full disk by that alone."""


def call(number: int) -> list[Record]:
    name = f"call-{number}"
    return [row(name), *(entry(name, f"{LONG}{seq}", source="s", seq=seq) for seq in range(5))]


@pytest.mark.parametrize("way", WAYS)
def test_a_full_disk_refuses_what_is_new_until_there_is_room(way: str) -> None:
    where, fill = WAYS[way]
    with where() as folder, Server(folder / "store") as server:
        assert server.ingest(call(0)).status == 200
        with fill(server) as free:
            statuses = {number: server.ingest(call(number)).status for number in range(1, 200)}
            refused = [number for number, status in statuses.items() if status != 200]
            last = server.ingest(call(refused[-1]))
            assert (last.status, last.json()) == (507, {"error": "The disk is full."})
            assert {statuses[number] for number in refused} == {507}
            stored = [0, *(number for number in statuses if number not in refused)]
            for number in stored:
                assert len(server.get(f"/api/call/call-{number}").json()) == 5
            assert server.get("/health/ready").status == 200
            free()
            for number in refused:
                assert server.ingest(call(number)).json() == {"accepted": 5, "duplicates": 0}
        for number in range(200):
            lines = [one["event"]["line"] for one in server.get(f"/api/call/call-{number}").json()]
            assert lines == [f"{LONG}{seq}" for seq in range(5)]


@pytest.mark.skipif(not may_mount(), reason="a disk with few files must be mounted")
def test_a_disk_that_takes_no_file_more_is_full_and_nothing_is_damaged() -> None:
    """SQLite makes files beside what it only reads."""
    with small() as folder, Server(folder / "store") as server:
        assert server.ingest(call(0)).status == 200
        assert server.terminate() == 0
        file, store = server.folder / "catalogue.db", f"sqlite:{server.folder}"
        with no_file_more(folder):
            for command in (["doctor"], ["calls", "--email", server.email], ["account", "list"]):
                asked = ringlog(*command, "--store", store)
                said = f"ringlog: {file} cannot be opened: the disk is full, nothing is damaged.\n"
                assert (asked.returncode, asked.stderr) == (1, said)
        assert ringlog("doctor", "--store", store).returncode == 0


@contextmanager
def no_file_more(folder: Path) -> Generator[None]:
    """Empty files take all that the file system's table holds."""
    made: list[Path] = []
    with contextlib.suppress(OSError):
        for number in range(10**6):
            (folder / f"filler-{number}").touch()
            made.append(folder / f"filler-{number}")
    yield
    for file in made:
        file.unlink()
