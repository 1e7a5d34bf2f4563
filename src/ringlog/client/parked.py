"""What the server refused for good: put aside in a file for each status, every record once."""

import os
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from ringlog.client.segment import sync_folder, whole_bytes, write_all

TAIL_BYTES = 8 * 2**20
"""How far back a file is looked at for records that were parked and not settled: twice a batch's size."""


class Parked:
    """The files `refused-<status>.ndjson` in a spool's `folder`, kept until somebody removes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: frozenset[bytes] | None = None

    def add(self, status: int, lines: Sequence[bytes]) -> Path:
        """Returns the file where `lines` now lie for good. Raises OSError, and has then kept nothing.

        A kill before they are settled makes the next run send them again. Refused again, whatever the status,
        they are recognised and not put aside twice.
        """
        if self._known is None:
            self._known = frozenset(map(digest, self._tails()))
        path = self._folder / f"refused-{status}.ndjson"
        fresh = [line for line in lines if digest(line) not in self._known]
        if fresh:
            append_durably(path, b"".join(fresh))
            sync_folder(self._folder)
        return path

    def _tails(self) -> Iterator[bytes]:
        for path in self._folder.glob("refused-*.ndjson"):
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - TAIL_BYTES))
                yield from file


def append_durably(path: Path, lines: bytes) -> None:
    """Behind the last whole line: what a kill cut off still lies in the spool. Raises OSError."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = whole_bytes(path)
        os.ftruncate(fd, size)
        try:
            write_all(fd, lines)
            os.fsync(fd)
        except OSError:
            os.ftruncate(fd, size)
            raise
    finally:
        os.close(fd)


def digest(line: bytes) -> bytes:
    return blake2b(line, digest_size=16).digest()
