"""What a Sender has accepted and the server has not: segment files in a folder, one process at a time.

A segment is appended to only; a line that was cut off by a kill or a power failure is ignored. Beside them
lie `delivered` (how far the server has them), `calls` (see `progress`) and what was refused for good (see
`parked`).
"""

import fcntl
import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ringlog.client.segment import segment_path, segments, sync_folder, whole_bytes, without, write_all
from ringlog.errors import ConfigurationFault

SEGMENT_BYTES = 8 * 2**20
"""A segment that is longer gets a successor."""
KEPT_BYTES = 2**20
"""A segment that is delivered and longer is dropped although it is being written to."""

DELIVERED = "delivered"


class Position(NamedTuple):
    """A place between two lines."""

    segment: int
    offset: int
    """Bytes."""


class Line(NamedTuple):
    """One record, its line feed included, and the place behind it."""

    data: bytes
    end: Position


def default_folder() -> Path:
    """`ringlog/spool` under XDG_STATE_HOME or ~/.local/state (XDG base directories)."""
    state = os.environ.get("XDG_STATE_HOME", "")
    root = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    return root / "ringlog" / "spool"


def folder_for(spool: Path, url: str, email: str, name: str) -> Path:
    """The spool of one writer: a folder for each server address, account and name."""
    digest = hashlib.sha256("\0".join((url.rstrip("/"), email, name)).encode()).hexdigest()
    readable = re.sub(r"[^A-Za-z0-9@._-]", "_", name).lstrip(".")[:60]
    return spool / f"{readable}-{digest[:12]}"


class Spool:
    """Appending from any thread; reading, syncing and settling from one."""

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Opens `folder`, made if need be, and finds what an earlier run left.

        Raises ConfigurationFault where it cannot be written, or another process uses it.
        """
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock_fd = locked(folder / "lock")
            self._mark_fd = os.open(folder / DELIVERED, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConfigurationFault(f"The spool {folder} cannot be used: {error.strerror}.") from None
        self._appending = threading.Lock()
        self._segment_bytes = segment_bytes
        self._fd: int | None = None
        self._unsynced: list[int] = []
        self._dirty = False
        self._full = False
        """The disk did not take what came last."""
        self._settled = position(os.pread(self._mark_fd, 64, 0))
        self._reading = self._settled.segment
        self._thinned = 0
        self._sizes = {number: whole_bytes(path) for number, path in segments(folder)}
        self._adopt_forks()
        self._last = max([self._settled.segment, *self._sizes])
        self._drop_settled()
        self.closed = False

    @property
    def waiting_bytes(self) -> int:
        """What is not yet settled."""
        at = self._settled
        with self._appending:
            return sum(self._sizes.values()) - (at.offset if at.segment in self._sizes else 0)

    def append(self, lines: bytes) -> None:
        """Keeps whole lines even if this process is killed right afterwards.

        Raises OSError, and has then kept nothing.
        """
        with self._appending:
            if self._fd is not None and self._sizes[self._last] >= self._segment_bytes:
                self._end_segment()
            if self._fd is None:
                self._fd = self._begin_segment()
            size = self._sizes[self._last]
            try:
                write_all(self._fd, lines)
            except OSError:
                self._full = True
                os.ftruncate(self._fd, size)
                raise
            self._full = False
            self._sizes[self._last] = size + len(lines)
            self._dirty = True

    def sync(self) -> None:
        """Returns when what was appended survives a power failure. Raises OSError."""
        with self._appending:
            if not self._dirty:
                return
            self._dirty = False
            ended, self._unsynced = self._unsynced, []
            now = [] if self._fd is None else [self._fd]
        for fd in ended:
            os.fsync(fd)
            os.close(fd)
        for fd in now:
            os.fsync(fd)
        sync_folder(self.folder)

    def read(self, records: int, size: int) -> list[Line]:
        """The first lines not settled: at most `records`, of `size` bytes together, but one at least.

        They lie in one segment, so that the others are free to be thinned.
        """
        for number in sorted(self._sizes):
            lines: list[Line] = []
            for line in self._lines(number):
                size -= len(line.data)
                if lines and size < 0:
                    break
                lines.append(line)
                if len(lines) == records:
                    break
            if lines:
                return lines
        return []

    def thin(self, goes: Callable[[bytes], bool]) -> list[bytes] | None:
        """Drops the lines that `goes` names from the oldest segment that is whole, unread and unthinned.

        Returns them; None: there is no such segment. A disk that does not take the rest keeps them all.
        """
        with self._appending:
            done = max(self._reading, self._thinned)
            whole = [n for n in self._sizes if n > done and (n != self._last or self._fd is None)]
            if not whole:
                return None
            number = self._thinned = min(whole)
            try:
                gone = without(self._path(number), self._sizes[number], goes)
            except OSError:
                return []
            self._sizes[number] -= sum(map(len, gone))
            return gone

    def settle(self, position: Position) -> None:
        """Everything before `position` is delivered or parked.

        Raises OSError where the next run will not know.
        """
        if self.closed:
            return
        with self._appending:
            self._settled = position
            if self._fd is not None:
                size = self._sizes[self._last]
                # A full disk is given back whatever is not needed.
                if position == (self._last, size) and (size >= KEPT_BYTES or self._full):
                    self._end_segment()
        self._drop_settled()
        os.pwrite(self._mark_fd, b"%8d %20d\n" % position, 0)

    def begin_anew(self) -> None:
        """What is appended next lies in another file."""
        with self._appending:
            self._end_segment()

    def close(self) -> None:
        """Gives the folder free for another process."""
        if self.closed:
            return
        with suppress(OSError):
            self.sync()
        with self._appending:
            self.closed = True
            if self._fd is not None:
                self._end_segment()
        self._drop_settled()
        self.abandon()

    def abandon(self) -> None:
        """Closes the files and touches nothing: for a process that was forked from the one they belong to."""
        self.closed = True
        for fd in (*self._unsynced, self._mark_fd, self._lock_fd):
            os.close(fd)
        if self._fd is not None:
            os.close(self._fd)
        self._unsynced, self._fd = [], None

    def _lines(self, number: int) -> Iterator[Line]:
        """A segment's lines not settled. From now on it stays as it is: positions in it are known outside."""
        at = self._settled
        if number < at.segment:
            return
        with self._appending:
            self._reading = max(self._reading, number)
        offset = at.offset if number == at.segment else 0
        with self._path(number).open("rb") as file:
            file.seek(offset)
            while offset < self._sizes[number]:
                data = file.readline()
                offset += len(data)
                yield Line(data, Position(number, offset))

    def _begin_segment(self) -> int:
        self._last += 1
        fd = os.open(self._path(self._last), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._sizes[self._last] = 0
        return fd

    def _end_segment(self) -> None:
        if self._fd is not None:
            self._unsynced.append(self._fd)
            self._fd = None
            self._dirty = True

    def _drop_settled(self) -> None:
        """Deletes the segments that are wholly settled and no longer written to."""
        with self._appending:
            at = self._settled
            done = [
                number
                for number, size in self._sizes.items()
                if Position(number, size) <= at and not (self._fd is not None and number == self._last)
            ]
            for number in done:
                self._path(number).unlink(missing_ok=True)
                del self._sizes[number]

    def _adopt_forks(self) -> None:
        """Takes over what forked processes left that no longer run."""
        for fork in sorted(self.folder.glob("fork-*")):
            with suppress(ConfigurationFault):
                left = Spool(fork)
                for number, path in segments(fork):
                    ours = max([0, self._settled.segment, *self._sizes]) + 1
                    self._sizes[ours] = left._sizes[number]
                    path.rename(self._path(ours))
                left.abandon()
                remove_if_empty(fork)

    def _path(self, segment: int) -> Path:
        return segment_path(self.folder, segment)


def position(mark: bytes) -> Position:
    """Nonsense, as a power failure may leave, reads as the beginning: what comes twice is stored once."""
    try:
        segment, offset = mark.split()
        return Position(int(segment), int(offset))
    except ValueError:
        return Position(0, 0)


def locked(path: Path) -> int:
    """A descriptor that holds the lock until it is closed. Raises ConfigurationFault, OSError."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise ConfigurationFault(
            f"Another process uses the spool {path.parent}; give this one a name or a spool of its own."
        ) from None
    return fd


def remove_if_empty(folder: Path, leftovers: Iterable[str] = ("lock", DELIVERED, "calls")) -> None:
    """Removes a spool that holds nothing that anybody would miss."""
    if any(path.name not in leftovers for path in folder.iterdir()):
        return
    for name in leftovers:
        (folder / name).unlink(missing_ok=True)
    folder.rmdir()
