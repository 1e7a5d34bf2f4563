"""Connections, schemas and migrations.

There is one writer at a time: its transactions begin IMMEDIATE, so that a second process waits at the start
and never fails in the middle (https://www.sqlite.org/lang_transaction.html).
"""

import errno
import time
from array import array
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import apsw

from ringlog.errors import ConfigurationFault
from ringlog.store.sqlite.disk import files
from ringlog.store.sqlite.disk.faults import must_be_able_to_open

BUSY_MS = 10_000
"""How long a writer waits for another process's transaction."""
AGAIN_MS = 5
"""Between two tries where SQLite does not wait."""
READ_BUSY_MS = 1_000
"""How long a reader waits: only ever for a recovery of the write-ahead log."""
VACUUM_PAGES = 500
"""Pages given back in one commit, at most."""
VACUUM_S = 0.02
"""How long one commit gives pages back, nearly. SQLite looks through its list of free pages for each of them:
beside a hundred free ones a page takes microseconds, beside half a million a millisecond."""
VACUUM_STEP = 20

READ = apsw.SQLITE_OPEN_READWRITE
"""Without CREATE: what is gone stays gone. Even reading WAL needs leave to write its index."""
CREATE = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE


class Connection(apsw.Connection):
    """apsw's, with whole answers: a statement left after its first row would hold its snapshot.

    Raises StoreFault where too many files are open already, which is no fault of the file.
    """

    def __init__(self, filename: str, flags: int) -> None:
        try:
            super().__init__(filename, flags=flags)
        except apsw.CantOpenError:
            must_be_able_to_open(Path(filename))
            raise

    @cached_property
    def labels(self) -> dict[tuple[int, str], int]:
        """Numbers by account and text, as this connection's writes found them; a rollback forgets all."""
        return {}

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            return list(self.execute(statement, values))  # pyright: ignore[reportUnknownMemberType] - of Bindings
        except apsw.CantOpenError:
            # The first statement opens the write-ahead log and its index.
            must_be_able_to_open(Path(self.filename))
            raise

    def run(self, statement: str, values: Sequence[Any] = ()) -> None:
        self.rows(statement, values)

    def run_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        self.executemany(statement, values).fetchall()  # pyright: ignore[reportUnknownMemberType] - of Bindings


def numbers(values: Iterable[int]) -> object:
    """Binds as a whole list: `id IN (SELECT value FROM carray(?))`."""
    return apsw.carray(array("q", values))  # pyright: ignore[reportUnknownMemberType] - of Buffer


def migrations(schema: str) -> list[str]:
    """The numbered statements that lead to the newest form of `catalogue` or `day`."""
    folder = resources.files("ringlog.store.sqlite") / "schema" / schema
    numbered = sorted(f.name for f in folder.iterdir() if f.name.endswith(".sql"))
    return [(folder / name).read_text(encoding="utf-8") for name in numbered]


def connect(path: Path) -> Connection:
    """For reading."""
    connection = Connection(str(path), flags=READ)
    connection.set_busy_timeout(READ_BUSY_MS)
    return connection


def connect_to_look(path: Path) -> Connection:
    """For reading a store that may be stopped: its files stay as they are."""
    connection = connect(path)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.run("PRAGMA query_only = ON")
    return connection


def connect_to_write(path: Path, *, create: bool = False) -> Connection:
    """For writing: durable at each commit, and deleted bytes are overwritten."""
    if create and not path.exists():
        files.make_private(path)
    connection = Connection(str(path), flags=CREATE if create else READ)
    try:
        connection.set_busy_timeout(BUSY_MS)
        connection.run("PRAGMA secure_delete = ON")
        if create and connection.rows("PRAGMA page_count") == [(0,)]:
            # Works before the first table only, and before WAL writes a page; later it costs a commit.
            connection.run("PRAGMA auto_vacuum = INCREMENTAL")
        connection.run("PRAGMA journal_mode = WAL")
        connection.run("PRAGMA synchronous = FULL")
        connection.run("PRAGMA foreign_keys = OFF")
    except BaseException:
        connection.close()
        raise
    if create:
        # Also where the file is there already: whoever made it may have been killed before this.
        files.fsync_folder(path.parent)
    return connection


def make_durable(connection: Connection) -> None:
    """To be called before the first write of a connection.

    After a sync that failed, or a kill before it, SQLite finds whole commits in the write-ahead log that may
    never reach the disk, and a repeated append would be called a duplicate of them. Copied into the database
    and synced there, they are durable. Raises apsw.BusyError where readers keep it from that.
    """
    until = time.monotonic() + BUSY_MS / 1000
    with growing(connection):
        while True:
            try:
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_FULL)
            except apsw.BusyError:
                # SQLite waits for readers, but not for a checkpoint of another connection.
                if time.monotonic() > until:
                    raise
                time.sleep(AGAIN_MS / 1000)
            else:
                return


def migrate(connection: Connection, schema: str) -> None:
    """Brings the schema up to date, each step in one transaction; a new file at once, as nobody may see half.

    Raises ConfigurationFault where a newer Ringlog made it.
    """
    if is_newer(connection, schema):
        raise ConfigurationFault(newer(Path(connection.filename)))
    steps = migrations(schema)
    version = schema_version(connection)
    if not version:
        version, steps = len(steps) - 1, [*steps[:-1], "\n".join(steps)]
    for number in range(version + 1, len(steps) + 1):
        with writing(connection):
            if schema_version(connection) < number:
                connection.run(steps[number - 1])
                connection.run(f"PRAGMA user_version = {number}")


def is_older(connection: Connection, schema: str) -> bool:
    """Whether there is a store, and an older Ringlog made it."""
    return 0 < schema_version(connection) < len(migrations(schema))


def is_newer(connection: Connection, schema: str) -> bool:
    return schema_version(connection) > len(migrations(schema))


def newer(file: Path) -> str:
    """What an operator is told of a file that a newer Ringlog made."""
    return f"{file} was made by a newer Ringlog: use that one."


def give_back_pages(connection: Connection) -> bool:
    """Gives some free pages back to the disk, inside or outside a transaction; whether more are left."""
    until = time.monotonic() + VACUUM_S
    for _ in range(VACUUM_PAGES // VACUUM_STEP):
        connection.rows(f"PRAGMA incremental_vacuum({VACUUM_STEP})")
        if time.monotonic() > until:
            break
    return connection.rows("PRAGMA freelist_count") != [(0,)]


def schema_version(connection: Connection) -> int:
    return connection.rows("PRAGMA user_version")[0][0]


@contextmanager
def writing(connection: Connection) -> Generator[None]:
    """One write transaction: committed, or rolled back when anything passes through."""
    yield from _transaction(connection, "BEGIN IMMEDIATE", "COMMIT")


@contextmanager
def reading(connection: Connection) -> Generator[None]:
    """One snapshot. A rollback ends it: in a damaged Day, a commit has the full-text index read once more."""
    yield from _transaction(connection, "BEGIN", "ROLLBACK")


@contextmanager
def growing(connection: Connection) -> Generator[None]:
    """A limit on the size of files (RLIMIT_FSIZE, say) is a full disk as well; SQLite knows ENOSPC alone."""
    try:
        yield
    except apsw.IOError as error:
        if connection.system_errno == errno.EFBIG:
            raise apsw.FullError(str(error)) from error
        raise


def _transaction(connection: Connection, begin: str, end: str) -> Generator[None]:
    connection.run(begin)
    try:
        with growing(connection):
            yield
            connection.run(end)
    except BaseException:
        connection.labels.clear()
        if connection.in_transaction:
            connection.run("ROLLBACK")
        raise
