"""A spool's segment files: whole lines of NDJSON, appended to, numbered in the order they were begun."""

import mmap
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

_NAME = re.compile(r"(\d{8})\.ndjson")


def segments(folder: Path) -> Iterator[tuple[int, Path]]:
    """The segments in `folder`, oldest first."""
    for path in sorted(folder.iterdir()):
        if match := _NAME.fullmatch(path.name):
            yield int(match[1]), path


def segment_path(folder: Path, number: int) -> Path:
    return folder / f"{number:08d}.ndjson"


def whole_bytes(path: Path) -> int:
    """How much of a file is whole lines; the rest was cut off by a kill or a power failure."""
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return 0
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            return text.rfind(b"\n") + 1


def without(path: Path, size: int, goes: Callable[[bytes], bool]) -> list[bytes]:
    """Rewrites the first `size` bytes of a segment without the lines that `goes` names; returns those.

    A kill leaves the segment as it was or as it shall be. Raises OSError, and has then changed nothing.
    """
    stay: list[bytes] = []
    gone: list[bytes] = []
    for line in path.read_bytes()[:size].splitlines(keepends=True):
        (gone if goes(line) else stay).append(line)
    if gone:
        fresh = path.with_suffix(".new")
        try:
            write_durably(fresh, b"".join(stay))
            fresh.replace(path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
    return gone


def write_durably(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write_all(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def sync_folder(folder: Path) -> None:
    """Makes the names in `folder` survive a power failure."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
