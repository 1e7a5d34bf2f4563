"""A backup: a new folder that is itself a store, made while another process may append, seal and expire.

The catalogue is copied first, in one snapshot, so that whatever was acknowledged before is in it; then the
Days, which may have gone on. What a Day has that the copied catalogue does not know is taken out of the copy;
what was sealed in between stands in both, which reading takes once. Nothing is dropped meanwhile.
"""

import asyncio
import json
import shutil
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import apsw

from ringlog.errors import ConfigurationFault, StoreDamaged, StoreFault, StoreFull
from ringlog.model import StoredEntry
from ringlog.store.sqlite.day.codec import Frame, is_error, pack_frame
from ringlog.store.sqlite.day.day_file import APPLICATIONS, DayFile, SealedCall, has_sealed
from ringlog.store.sqlite.day.days import OPEN, Days, foreign
from ringlog.store.sqlite.day.step_counts import Application
from ringlog.store.sqlite.disk import files
from ringlog.store.sqlite.disk.catalogue import READ, Connection, connect, growing, reading, schema_version
from ringlog.store.sqlite.disk.faults import CATALOGUE, UNREADABLE, Seam, Unreadable, unreadable
from ringlog.store.sqlite.doctor.store_checks import Patient, check_version
from ringlog.store.sqlite.index.call_index import Error, earlier_error
from ringlog.store.sqlite.store import SqliteStore

PAGES = 1000
"""Copied at once."""

WRITES = {apsw.SQLITE_IOERR_WRITE, apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_TRUNCATE}
"""What cannot be of the file that is only read."""

Progress = Callable[[int, int], None]
"""Told how many bytes of about how many are copied."""

# Of a call that the catalogue does not know, all; of one that went on, what came later.
UNKNOWN = (
    "SELECT call_id, frame, coalesce(next_arrival, 0) FROM frame LEFT JOIN known.call ON call.id = call_id "
    "WHERE call.id IS NULL OR arrival >= next_arrival"
)


def back_up(folder: Path, target: Path, progress: Progress) -> None:
    """Makes `target`, wholly or not at all.

    Raises ConfigurationFault where it cannot be made, StoreDamaged naming the file, StoreFull, StoreFault.
    """
    try:
        with Seam(folder / CATALOGUE), new_folder(folder, target) as part, ExitStack() as held:
            with source(folder / CATALOGUE):
                held.enter_context(files.backing_up(folder))
            copying = Copying(folder, part, progress)
            copying.catalogue()
            copying.days()
            copying.clock()
            asyncio.run(settle(part))
            files.fsync_folder(part / "days")
            files.fsync_folder(part)
    except StoreFull:
        raise StoreFull(f"{target} finds no room: the disk is full.") from None


@contextmanager
def new_folder(folder: Path, target: Path) -> Generator[Path]:
    """A folder beside `target` that takes its name once it is whole; removed where it never is."""
    with making(target):
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise ConfigurationFault(f"{target} exists: a backup makes a folder of its own.")
        part = target.absolute().with_name(f"{target.absolute().name}.part")
        if part.exists():
            raise ConfigurationFault(f"{part} is what a backup that was cut off has left: remove it first.")
        if folder.resolve() in target.resolve().parents:
            raise ConfigurationFault(f"{target} lies inside the store.")
        files.make_folder(part)
        files.make_folder(part / "days")
    try:
        yield part
        with making(target):
            files.rename(part, target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    files.fsync_folder(target.parent)


@contextmanager
def making(target: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationFault(f"The folder {target} cannot be made: {error.strerror}.") from error


@contextmanager
def source(file: Path) -> Generator[None]:
    """Around what is written beside a file of the store: no room there is none that the copy lacks."""
    try:
        with Seam(file):
            yield
    except StoreFull:
        # Not StoreFull: that is said of the target.
        said = f"The disk of {file} is full: to be read, a store needs a little room beside it."
        raise StoreFault(said) from None


class Copying:
    """Of one store into a new folder."""

    def __init__(self, folder: Path, part: Path, progress: Progress) -> None:
        self._folder = folder
        self._part = part
        self._progress = progress
        self._done = 0
        self._total = sum(file.stat().st_size for file in folder.glob("**/*.db"))

    def catalogue(self) -> None:
        self._copy(Path(CATALOGUE))

    def days(self) -> None:
        """Of each Day that the copied catalogue keeps."""
        live, copy = (closing(connect(folder / CATALOGUE)) for folder in (self._folder, self._part))
        with live as live_, copy as copy_:
            with source(self._folder / CATALOGUE), growing(live_):
                schema_version(live_)
            known, live_days = Patient(self._part, copy_), Days(self._folder / "days")
            for day in known.days(OPEN):
                name = Path("days") / known.day_file(day).name
                if live_days.is_made(day):
                    if sentence := foreign(live_days.path(day)):
                        raise StoreDamaged(sentence)
                    self._copy(name)
                    with Seam(self._folder / name):
                        if has_sealed(copy_, day) and not is_day(self._part / name):
                            raise Unreadable
                        take_out_unknown(live_, copy_, Days(self._part / "days"), day)
                elif has_sealed(copy_, day):
                    raise StoreDamaged(unreadable(self._folder / name))

    def clock(self) -> None:
        """Its readings, if there are any: without them a restored store would believe any clock at once."""
        with suppress(FileNotFoundError):
            files.write_whole(self._part / files.CLOCK, (self._folder / files.CLOCK).read_bytes())

    def _copy(self, name: Path) -> None:
        original, target = self._folder / name, self._part / name
        files.make_private(target)
        try:
            with closing(connect(original)) as old, closing(Connection(str(target), flags=READ)) as new:
                with source(original), growing(old):
                    schema_version(old)
                if name == Path(CATALOGUE):
                    check_version(old)
                with growing(new):
                    self._pages(old, new)
                if new.rows("PRAGMA quick_check(1)") != [("ok",)]:
                    raise Unreadable
        except UNREADABLE as error:
            if getattr(error, "extendedresult", 0) in WRITES:
                raise StoreFault(f"{target} cannot be written: the disk refuses it.") from error
            raise StoreDamaged(unreadable(original)) from error
        files.fsync(target)

    def _pages(self, old: Connection, new: Connection) -> None:
        """In one snapshot, held: without it each commit of another process would begin the copy anew."""
        with reading(old), new.backup("main", old, "main") as copying:
            old.rows("SELECT count(*) FROM sqlite_schema")
            while not copying.done:
                before = copying.remaining
                copying.step(PAGES)
                self._done += max(before - copying.remaining, 0) * 4096
                self._progress(self._done, self._total)


def is_day(file: Path) -> bool:
    """Whether anything was ever sealed there."""
    with closing(connect(file)) as day:
        return bool(schema_version(day))


def take_out_unknown(live: Connection, copy: Connection, days: Days, day: int) -> None:
    """Takes out of a copied Day what came after its catalogue was copied."""
    with DayFile.opened(days, day, copy) as file, file.writing():
        for call_id, frame, next_arrival in unknown(days.path(day), Path(copy.filename)):
            account_id, application_id = application_of(live, call_id)
            file.forget(call_id, account_id)
            if kept := [one for one in Frame(frame).entries() if one.arrival < next_arrival]:
                text = b",".join(one.text for one in kept)
                error = first_error(kept)
                of = account_id, application_id
                file.add([SealedCall(call_id, of, next_arrival - 1, error, pack_frame(kept), text)])


def application_of(live: Connection, call_id: int) -> Application:
    """Whose a call is that the copied catalogue may not know. Raises StoreDamaged."""
    rows = live.rows(APPLICATIONS, (call_id, call_id + 1))
    if not rows:
        raise StoreDamaged("A Day holds calls that the catalogue does not know: ringlog doctor names it.")
    return rows[0][1], rows[0][2]


def unknown(day: Path, catalogue: Path) -> list[tuple[int, bytes, int]]:
    """Calls, their frames, and the first arrival number that the catalogue does not know."""
    with closing(connect(day)) as file:
        file.run("ATTACH ? AS known", (str(catalogue),))
        return [(row[0], row[1], row[2]) for row in file.rows(UNKNOWN)]


def first_error(entries: list[StoredEntry]) -> Error:
    found: Error = (None, None)
    for entry in entries:
        if is_error(entry):
            found = earlier_error(found, (entry.time_us, json.loads(entry.text)["event"]["line"]))
    return found


async def settle(folder: Path) -> None:
    """Opens the copy once, as its server will: what a killed server had begun to drop is finished."""
    store = await SqliteStore.open(folder, append=True)
    await store.close()
