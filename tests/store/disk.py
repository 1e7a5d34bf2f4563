"""A disk that a test makes full or faulty, between SQLite and the system's."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import apsw

SYSTEM = "unix"
"""The VFS below."""
Refuses = Callable[[str], bool]
"""Asked with a file's name."""


class Disk(apsw.VFS):
    """Every database that is opened while it is registered lies on it."""

    def __init__(self) -> None:
        self.full: Refuses = nothing
        self.broken: Refuses = nothing
        """Files that cannot be synced."""
        self.opened: list[str] = []
        super().__init__("disk", SYSTEM, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> "File":  # noqa: N802 - SQLite's
        return File(self, name, flags)


class File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        disk.opened.append(self._name)
        super().__init__(SYSTEM, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's
        if self._disk.full(self._name):
            raise apsw.exception_for(apsw.SQLITE_FULL)
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's
        if self._disk.broken(self._name):
            raise apsw.exception_for(apsw.SQLITE_IOERR_FSYNC)
        super().xSync(flags)


def nothing(_: str) -> bool:
    return False


def catalogue(name: str) -> bool:
    return "catalogue.db" in name


def days(name: str) -> bool:
    return "/days/" in name


@contextmanager
def disk() -> Generator[Disk]:
    made = Disk()
    try:
        yield made
    finally:
        made.unregister()
