"""What `ringlog doctor` looks at in a store as a whole. A new check joins CHECKS."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ringlog.errors import ConfigurationFault, StoreDamaged
from ringlog.store.sqlite.day.codec import Chunk
from ringlog.store.sqlite.day.day_file import has_sealed
from ringlog.store.sqlite.day.days import BESIDE, EXPIRING, OPEN, foreign, name
from ringlog.store.sqlite.disk import files
from ringlog.store.sqlite.disk.catalogue import (
    Connection,
    connect_to_look,
    is_newer,
    is_older,
    newer,
    schema_version,
)
from ringlog.store.sqlite.disk.faults import CATALOGUE, UNREADABLE, Unreadable, unreadable
from ringlog.store.sqlite.index.call_index import N_BITS
from ringlog.wording import count

OURS = {CATALOGUE + beside for beside in BESIDE} | {
    files.LOCK,
    files.BACKUP_LOCK,
    files.CLOCK,
    f"{files.CLOCK}.new",
    "days",
}
"""What lies beside a database in a store that was not stopped in peace is no fault."""


@dataclass(frozen=True, slots=True)
class Patient:
    """A store that is looked at."""

    folder: Path
    catalogue: Connection

    @property
    def file(self) -> Path:
        return self.folder / CATALOGUE

    def day_file(self, day: int) -> Path:
        return self.folder / "days" / f"{name(day)}.db"

    def days(self, *states: int) -> list[int]:
        marks = ", ".join("?" * len(states))
        select = f"SELECT day FROM day WHERE state IN ({marks}) ORDER BY day"  # noqa: S608 - marks
        return [day for (day,) in self.catalogue.rows(select, states)]

    def noted(self, first: int, end: int) -> set[int]:
        """Calls that are being deleted."""
        select = "SELECT call_id FROM deletion WHERE call_id >= ? AND call_id < ?"
        return {call_id for (call_id,) in self.catalogue.rows(select, (first, end))}

    def cleared(self, first: int, end: int) -> set[int]:
        """Deleted calls that no file holds any more."""
        select = "SELECT call_id FROM cleared WHERE call_id >= ? AND call_id < ?"
        return {call_id for (call_id,) in self.catalogue.rows(select, (first, end))}

    def chunks(self, first: int, end: int) -> dict[int, list[Chunk]]:
        """Of the calls from `first` to before `end`, by call."""
        found: defaultdict[int, list[Chunk]] = defaultdict(list)
        select = "SELECT call_id, source, min_seq, max_seq, meta, text FROM chunk"
        for call_id, *chunk in self.catalogue.rows(
            f"{select} WHERE call_id >= ? AND call_id < ?", (first, end)
        ):
            found[call_id].append(Chunk(*chunk))
        return found

    def frames(self, day: int, first: int, end: int) -> dict[int, tuple[int, bytes]]:
        """Arrival and frame, by call. Raises what UNREADABLE names."""
        # A file of version 0 is one whose first sealing has just begun.
        select = "SELECT call_id, arrival, frame FROM frame WHERE call_id >= ? AND call_id < ?"
        with closing(connect_to_look(self.day_file(day))) as file:
            if foreign(self.day_file(day)):
                raise Unreadable
            if not schema_version(file):
                if has_sealed(self.catalogue, day):
                    raise Unreadable
                return {}
            return {call_id: (arrival, frame) for call_id, arrival, frame in file.rows(select, (first, end))}


Check = Callable[[Patient], Iterator[str]]


def check_version(catalogue: Connection) -> None:
    """Raises ConfigurationFault where another Ringlog made the store, StoreDamaged where none did."""
    file = Path(catalogue.filename)
    if is_newer(catalogue, "catalogue"):
        raise ConfigurationFault(newer(file))
    if not schema_version(catalogue):
        raise StoreDamaged(unreadable(file))
    if is_older(catalogue, "catalogue"):
        raise ConfigurationFault("This store was made by an older Ringlog: let this one serve it once.")


def files_are_whole(patient: Patient) -> Iterator[str]:
    """SQLite's own check. A file that cannot be opened at all is named where its calls are looked at."""
    yield from not_whole(patient.catalogue, patient.file)
    for day in patient.days(OPEN):
        file = patient.day_file(day)
        if file.is_file():
            try:
                with closing(connect_to_look(file)) as connection:
                    yield from not_whole(connection, file)
            except UNREADABLE:
                continue


def not_whole(connection: Connection, file: Path) -> Iterator[str]:
    for (text,) in connection.rows("PRAGMA integrity_check(1)"):
        if text != "ok":
            said = text.removeprefix("*** in database main ***").removesuffix(".")
            yield f"{file} is damaged, says SQLite: {' '.join(said.split())}."


def chunks_have_calls(patient: Patient) -> Iterator[str]:
    select = "SELECT count(*) FROM chunk WHERE call_id NOT IN (SELECT id FROM call)"
    ((groups,),) = patient.catalogue.rows(select)
    if groups:
        yield f"{patient.file}: {count(groups, 'group')} of entries of no call."


def calls_have_days(patient: Patient) -> Iterator[str]:
    select = f"SELECT count(*) FROM call WHERE id >> {N_BITS} NOT IN (SELECT day FROM day)"  # noqa: S608 - a constant
    ((calls,),) = patient.catalogue.rows(select)
    if calls:
        yield f"{patient.file}: {count(calls, 'call')} of Days that it does not know."


def nothing_is_left_over(patient: Patient) -> Iterator[str]:
    days = {patient.day_file(day).name + beside for day in patient.days(OPEN, EXPIRING) for beside in BESIDE}
    for file in sorted(patient.folder.iterdir()):
        if file.name not in OURS:
            yield f"{file} is none of Ringlog's files."
    folder = patient.folder / "days"
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        if file.name not in days:
            yield f"{file} is the file of no Day that the catalogue knows."


def no_day_is_going(patient: Patient) -> Iterator[str]:
    """A server that expires right now is no fault."""
    if files.is_appended(patient.folder):
        return
    for day in patient.days(EXPIRING):
        file = patient.day_file(day)
        yield f"{file} was being dropped when the server ended: its next start finishes that."


def no_call_is_going(patient: Patient) -> Iterator[str]:
    """A server that deletes right now is no fault."""
    ((calls, accounts),) = patient.catalogue.rows(
        "SELECT (SELECT count(*) FROM deletion), (SELECT count(*) FROM leaving)"
    )
    if (calls or accounts) and not files.is_appended(patient.folder):
        what = count(calls, "deleted call") if calls else count(accounts, "deleted account")
        yield f"{patient.file}: bytes of {what} are left: the server's next start clears them."


CHECKS: tuple[Check, ...] = (
    files_are_whole,
    chunks_have_calls,
    calls_have_days,
    nothing_is_left_over,
    no_day_is_going,
    no_call_is_going,
)
