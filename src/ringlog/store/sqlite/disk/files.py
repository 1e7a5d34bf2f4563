"""Every file operation of the store's own: folders, unlinking, and the lock of the process that appends."""

import fcntl
import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ringlog.errors import StoreBusy, StoreLocked


def make_folder(folder: Path) -> None:
    """Makes `folder` and its parents, durably; only their owner may look in."""
    if not folder.is_dir():
        make_folder(folder.parent)
        mkdir(folder)
        fsync_folder(folder.parent)


def write_whole(path: Path, data: bytes) -> None:
    """A small file, durably: whole or as it was before."""
    beside = path.with_name(f"{path.name}.new")
    write(beside, data)
    fsync(beside)
    rename(beside, path)
    fsync_folder(path.parent)


# -- each of these is one step on the disk; the torture of power cuts watches them -----------------------


def mkdir(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)


def fsync_folder(folder: Path) -> None:
    """Makes what was created or removed in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def try_to_make_one(folder: Path) -> None:
    """Makes a file without a name, and lets go of it. Raises OSError, also where the disk knows none."""
    os.close(os.open(folder, os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC, 0o600))


def make_private(path: Path) -> None:
    """Makes an empty file for its owner alone, where there is none; what SQLite puts beside it is alike."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))


def write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename(path: Path, to: Path) -> None:
    """Within a folder."""
    path.replace(to)


def unlink(path: Path) -> None:
    """Removes a file that may be gone already."""
    path.unlink(missing_ok=True)


# -- locks ---------------------------------------------------------------------------------------------

LOCK, BACKUP_LOCK, CLOCK = "lock", "backup.lock", "clock"


def is_appended(folder: Path) -> bool:
    """Whether a process appends to the store."""
    if not (folder / LOCK).exists():
        return False
    with (folder / LOCK).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def backing_up(folder: Path) -> Generator[None]:
    """While a backup is made nothing is dropped; waits for what is being dropped right now."""
    with _locked(folder / BACKUP_LOCK, fcntl.LOCK_SH):
        yield


@contextmanager
def dropping(folder: Path) -> Generator[None]:
    """While something is dropped no backup begins. Raises StoreBusy where one is made."""
    try:
        with _locked(folder / BACKUP_LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB):
            yield
    except BlockingIOError:
        raise StoreBusy("A backup is being made; try again.") from None


@contextmanager
def _locked(path: Path, how: int) -> Generator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


class Lock:
    """Held by the one process that appends, seals and expires; the kernel lets go of it with the process.

    The folder is locked beside the file, because the file can be removed and made anew while it is locked.
    Raises StoreLocked.
    """

    def __init__(self, folder: Path) -> None:
        with ExitStack() as opened:
            file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            opened.callback(os.close, file)
            itself = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            opened.callback(os.close, itself)
            try:
                for descriptor in (file, itself):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreLocked(
                    f"Another process appends to {folder}: give its address with --to instead."
                ) from None
            self._opened = opened.pop_all()

    def release(self) -> None:
        self._opened.close()
