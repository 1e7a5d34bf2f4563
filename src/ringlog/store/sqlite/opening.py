"""What must hold before a store is opened: it can be written, has this program's form, and is one store."""

import contextlib
import os
from pathlib import Path

import apsw

from ringlog.errors import ConfigurationFault, StoreDamaged, StoreLocked
from ringlog.store.sqlite.day.days import last_call, name
from ringlog.store.sqlite.disk import catalogue, files
from ringlog.store.sqlite.disk.catalogue import Connection
from ringlog.store.sqlite.disk.faults import CATALOGUE, unreadable
from ringlog.store.sqlite.index.call_index import N_BITS, N_MASK


def bring_up_to_date(path: Path, lock: files.Lock | None, create: bool) -> None:
    """Raises StoreDamaged where the catalogue is no database, or an empty one beside Days."""
    if any(path.parent.glob("days/*.db")) and not (path.is_file() and path.stat().st_size):
        raise StoreDamaged(unreadable(path))
    try:
        if create:
            # Before the folder is synced, also where a killed server has made both: see connect_to_write.
            files.make_folder(path.parent / "days")
        with contextlib.closing(catalogue.connect_to_write(path, create=create)) as connection:
            _migrate(connection, path.parent, lock)
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise StoreDamaged(unreadable(path)) from error


def _migrate(connection: Connection, folder: Path, lock: files.Lock | None) -> None:
    """Only whoever holds the lock changes the form: a process that appends knows its own alone."""
    if lock or not catalogue.is_older(connection, "catalogue"):
        return catalogue.migrate(connection, "catalogue")
    try:
        lock = files.Lock(folder)
    except StoreLocked:
        raise ConfigurationFault(
            f"An older Ringlog appends to {folder}: stop it, so that this one can bring the store up to date."
        ) from None
    try:
        catalogue.migrate(connection, "catalogue")
    finally:
        lock.release()


def must_be_writable(folder: Path) -> None:
    """Raises ConfigurationFault where this user may not write to the folder, or nobody to its disk."""
    if not os.access(folder, os.W_OK):
        raise ConfigurationFault(
            f"The folder {folder} is read-only or somebody else's: nothing can be stored."
        )


def make(folder: Path) -> None:
    try:
        files.make_folder(folder)
    except OSError as error:
        raise ConfigurationFault(f"The folder {folder} cannot be made: {error.strerror}.") from error


def must_know_its_calls(folder: Path) -> None:
    """Raises StoreDamaged where a Day holds calls that the catalogue does not know.

    It is older then than its Days, and would give their numbers to new calls: these would read as the others.
    """
    with contextlib.closing(catalogue.connect(folder / CATALOGUE)) as connection:
        next_n = {name(day): n for day, n in connection.rows("SELECT day, next_n FROM day")}
    for file in sorted(folder.glob("days/*.db")):
        last = last_call(file)
        if last is None or name(last >> N_BITS) != file.stem:  # another day's: nothing is written to it
            continue
        if last & N_MASK >= next_n.get(file.stem, 0):
            raise StoreDamaged(
                f"{file} holds calls that {folder / CATALOGUE} does not know, which is older: "
                "restore the last backup as a whole, catalogue and days."
            )
