"""The seam: a driver's error gets its name in Ringlog's own tree here and nowhere else."""

import errno
import os
from contextlib import ContextDecorator
from pathlib import Path
from types import TracebackType

import apsw

from ringlog.errors import ConfigurationFault, StoreBusy, StoreDamaged, StoreFault, StoreFull
from ringlog.store.sqlite.disk import files

CATALOGUE = "catalogue.db"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
CROWDED = {errno.EMFILE, errno.ENFILE}


class Unreadable(StoreDamaged):
    """The store holds something that cannot be read."""

    # Raised where nobody knows which file the bytes are from; the seam does.


NAMES: tuple[tuple[type[Exception], type[StoreFault]], ...] = (
    (apsw.FullError, StoreFull),
    (apsw.BusyError, StoreBusy),
    (apsw.LockedError, StoreBusy),
    (apsw.CorruptError, StoreDamaged),
    (apsw.NotADBError, StoreDamaged),
    (apsw.CantOpenError, StoreDamaged),
    (Unreadable, StoreDamaged),
    (apsw.Error, StoreFault),
)
UNREADABLE = (
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.CantOpenError,
    apsw.IOError,
    apsw.SQLError,
    StoreDamaged,
)
"""What reading a damaged file raises."""


def renamed(error: BaseException, file: Path) -> StoreFault | None:
    """What `error`, met in `file`, is called outside this room; None where it has its name already."""
    if isinstance(error, OSError):
        if error.errno in FULL:
            return StoreFull()
        said = [str(part) for part in (error.filename, error.strerror) if part]
        return StoreFault(f"{': '.join(said)}." if said else "")
    if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE:
        return StoreFull()  # no room for the index of a write-ahead log
    if isinstance(error, apsw.ReadOnlyError):
        return StoreFault(f"{file} {FORBIDDEN}")
    for theirs, ours in NAMES:
        if isinstance(error, theirs):
            return ours(unreadable(file) if ours is StoreDamaged else "")
    return None


FORBIDDEN = "cannot be read: SQLite reads it and writes beside it, which this user may not."


def unreadable(file: Path) -> str:
    """What an operator is told of a damaged file."""
    if file.is_file() and not (os.access(file, os.R_OK) and os.access(file.parent, os.W_OK)):
        return f"{file} {FORBIDDEN}"
    what = "cannot be read" if file.exists() else "is missing"
    do = "restore the last backup as a whole, catalogue and days"
    if file.name != CATALOGUE:
        do = "put this file of the last backup in its place"
    return f"{file} {what}: stop the server and {do}."


def must_be_able_to_open(file: Path) -> None:
    """For what SQLite could not open. Raises StoreFault where too many files are open already, StoreFull
    where the disk takes no file more, which SQLite needs beside what it reads.

    Another file is tried: closing a descriptor of this one would let go of all this process's locks on it.
    """
    try:
        files.try_to_make_one(file.parent)
    except OSError as error:
        if error.errno in CROWDED:
            why = os.strerror(error.errno or 0).lower()
            raise StoreFault(
                f"{file} cannot be opened: {why}; raise that limit, nothing is damaged."
            ) from error
        if error.errno in FULL:
            raise StoreFull(f"{file} cannot be opened: the disk is full, nothing is damaged.") from error


def must_hold_a_store(folder: Path) -> None:
    """Raises ConfigurationFault where no store is, StoreDamaged where only its catalogue is lost."""
    if not (folder / CATALOGUE).is_file():
        if any(folder.glob("days/*.db")):
            raise StoreDamaged(unreadable(folder / CATALOGUE))
        raise ConfigurationFault(f"There is no store in {folder}.")


class Seam(ContextDecorator):
    """`with Seam(file):` renames what passes; damage that nobody has named yet is that of `file`."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and (fault := renamed(error, self._file)):
            raise fault from error
