"""What a process does to files, written down in one order: SQLite's own steps and those of `files.py`.

While `recording` lasts, every database lies on a VFS that watches (apsw), and the functions of `files.py`
that are one step on the disk each are watched as well. What SQLite's VFS does to folders by itself is not
seen and is added from its source: a log or journal that it may create has its folder synced with its own
first sync (os_unix.c, UNIXFILE_DIRSYNC). Nothing is synced for real: what a disk would keep is `disk.py`'s.
"""

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import apsw

from ringlog.store.sqlite.disk import files
from ringlog.store.sqlite.disk.catalogue import Connection

SYSTEM = "unix"
STEPS = ("mkdir", "make_private", "write", "fsync", "fsync_folder", "rename", "unlink")
JOURNALS = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL


@dataclass(frozen=True, slots=True)
class Write:
    file: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    file: int


@dataclass(frozen=True, slots=True)
class Make:
    folder: int
    name: str
    file: int
    is_folder: bool


@dataclass(frozen=True, slots=True)
class Unlink:
    folder: int
    name: str


@dataclass(frozen=True, slots=True)
class Rename:
    folder: int
    name: str
    to: str


@dataclass(frozen=True, slots=True)
class SyncFolder:
    folder: int


SYNCS = Sync, SyncFolder
Step = Write | Truncate | Sync | Make | Unlink | Rename | SyncFolder


@dataclass(frozen=True, slots=True)
class Rig:
    """What is left out, to see whether anybody notices."""

    synchronous: str = "FULL"
    unsynced: str = ""
    """The function whose syncs of a folder do not happen."""
    unsynced_by_sqlite: str = ""
    """SQLite's own syncs of a folder of this name do not happen."""


@dataclass
class Log:
    """Files and folders are known by numbers, also after their names are gone. The root is number 0."""

    root: Path
    rig: Rig
    steps: list[Any] = field(default_factory=list[Any])
    """Steps, and in between whatever `say` was told."""
    lock: RLock = field(default_factory=RLock)
    _numbers: dict[int, int] = field(default_factory=dict[int, int])
    _next: int = 1

    def __post_init__(self) -> None:
        self._numbers[self.root.stat().st_ino] = 0
        self._find(self.root)

    def _find(self, folder: Path) -> None:
        """What is there already is on the disk for certain."""
        for path in sorted(folder.iterdir()):
            self.made(path, is_folder=path.is_dir())
            if path.is_dir():
                self._find(path)
            else:
                self.steps += [Write(self.number(path), 0, path.read_bytes()), Sync(self.number(path))]
        self.synced_folder(folder)

    def say(self, what: object) -> None:
        with self.lock:
            self.steps.append(what)

    def number(self, path: Path) -> int:
        return self._numbers[path.stat().st_ino]

    def made(self, path: Path, *, is_folder: bool = False) -> None:
        self._numbers[path.stat().st_ino] = self._next
        self.steps.append(Make(self.number(path.parent), path.name, self._next, is_folder))
        self._next += 1

    def unlinked(self, path: Path) -> None:
        self.steps.append(Unlink(self.number(path.parent), path.name))

    def synced_folder(self, folder: Path) -> None:
        self.steps.append(SyncFolder(self.number(folder)))


class Watched(apsw.VFS):
    def __init__(self, log: Log) -> None:
        self._log = log
        super().__init__("watched", SYSTEM, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> "File":  # noqa: N802 - SQLite's
        return File(self._log, name, flags)

    def xDelete(self, filename: str, syncdir: int) -> None:  # noqa: N802 - SQLite's
        with self._log.lock:
            super().xDelete(filename, False)  # noqa: FBT003 - SQLite's
            self._log.unlinked(Path(filename))
            if syncdir:
                self._log.synced_folder(Path(filename).parent)


class File(apsw.VFSFile):
    def __init__(self, log: Log, name: Any, flags: list[int]) -> None:
        self._log = log
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name)
        with log.lock:
            is_new = not path.exists()
            super().__init__(SYSTEM, name, flags)
            if is_new:
                log.made(path)
            self._number = log.number(path)
        folder = path.parent
        syncs_folder = flags[0] & apsw.SQLITE_OPEN_CREATE and flags[0] & JOURNALS
        self._folder = folder if syncs_folder and folder.name != log.rig.unsynced_by_sqlite else None

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802 - SQLite's
        with self._log.lock:
            super().xWrite(data, offset)
            self._log.steps.append(Write(self._number, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's
        with self._log.lock:
            super().xTruncate(newsize)
            self._log.steps.append(Truncate(self._number, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's
        with self._log.lock:
            self._log.steps.append(Sync(self._number))
            if self._folder:
                self._log.synced_folder(self._folder)
                self._folder = None


# -- the store's own steps -----------------------------------------------------------------------------


class Seen:
    """The functions of `files.py`, done and written down."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._do = SimpleNamespace(**{name: getattr(files, name) for name in STEPS})

    def mkdir(self, folder: Path) -> None:
        is_new = not folder.exists()
        self._do.mkdir(folder)
        if is_new:
            self._log.made(folder, is_folder=True)

    def make_private(self, path: Path) -> None:
        is_new = not path.exists()
        self._do.make_private(path)
        if is_new:
            self._log.made(path)

    def write(self, path: Path, data: bytes) -> None:
        is_new = not path.exists()
        self._do.write(path, data)
        if is_new:
            self._log.made(path)
        number = self._log.number(path)
        self._log.steps += [Truncate(number, 0), Write(number, 0, data)]

    def fsync(self, path: Path) -> None:
        self._log.steps.append(Sync(self._log.number(path)))

    def fsync_folder(self, folder: Path) -> None:
        if sys._getframe(2).f_code.co_name != self._log.rig.unsynced:
            self._log.synced_folder(folder)

    def rename(self, path: Path, to: Path) -> None:
        assert path.parent == to.parent
        self._do.rename(path, to)
        self._log.steps.append(Rename(self._log.number(path.parent), path.name, to.name))

    def unlink(self, path: Path) -> None:
        is_there = path.exists()
        self._do.unlink(path)
        if is_there and not path.name.endswith("-shm"):
            self._log.unlinked(path)

    def step(self, name: str) -> Callable[..., None]:
        def run(*arguments: Any) -> None:
            with self._log.lock:
                getattr(self, name)(*arguments)

        return run


def synchronous(how: str) -> Callable[..., None]:
    run = Connection.run

    def see_run(self: Connection, statement: str, values: Sequence[Any] = ()) -> None:
        run(self, f"PRAGMA synchronous = {how}" if "PRAGMA synchronous" in statement else statement, values)

    return see_run


@contextmanager
def recording(root: Path, rig: Rig) -> Generator[Log]:
    """All that this process does to stores below `root`."""
    log = Log(root, rig)
    vfs = Watched(log)
    try:
        with ExitStack() as stack:
            seen = Seen(log)
            for name in STEPS:
                stack.enter_context(patch.object(files, name, seen.step(name)))
            stack.enter_context(patch.object(Connection, "run", synchronous(rig.synchronous)))
            yield log
    finally:
        vfs.unregister()
