"""Every file operation of the store's own: folders, unlinking, and the lock of the process that appends."""

import fcntl
import os
from pathlib import Path

from ringlog.errors import StoreLocked


def make_folder(folder: Path) -> None:
    """Makes `folder` and its parents, durably; only their owner may look in."""
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fsync_folder(folder.parent)


def fsync_folder(folder: Path) -> None:
    """Makes what was created or removed in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unlink(path: Path) -> None:
    """Removes a file that may be gone already."""
    path.unlink(missing_ok=True)


LOCK, BACKUP_LOCK, CLOCK = "lock", "backup.lock", "clock"


def is_appended(folder: Path) -> bool:
    """Whether a process appends to the store."""
    with (folder / LOCK).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


class Lock:
    """Held by the one process that appends, seals and expires; the kernel lets go of it with the process.

    Raises StoreLocked.
    """

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise StoreLocked(
                f"Another process appends to {folder}: give its address with --to instead."
            ) from None

    def release(self) -> None:
        os.close(self._descriptor)
