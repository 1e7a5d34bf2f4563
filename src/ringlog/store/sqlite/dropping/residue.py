"""What deletion leaves in a database file: nothing, once this has run.

Two places hold bytes of rows that are gone. The write-ahead log keeps pages as they were; a checkpoint that
truncates it ends that. And where SQLite distributes a B-tree's cells over pages anew, a cell that moved stays
behind as bytes in the gap between its old page's pointers and cells: `secure_delete` overwrites what is
deleted, not what was moved before (1 % of the rows in a trial). Nothing in SQLite's interface reaches that
gap, so it is overwritten in the file, while nobody may write and the log is empty. Nobody reads it either:
https://www.sqlite.org/fileformat.html#b_tree_pages ("unallocated space").
"""

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import apsw

from ringlog.errors import StoreBusy
from ringlog.store.sqlite.disk.catalogue import Connection, connect_to_write, writing
from ringlog.store.sqlite.disk.faults import must_be_able_to_open

PATIENCE_S = 10
"""How long readers may hold the log."""
STALL_MS = 100
"""How long one try may keep others from writing; between two tries they write for as long."""

TREE_PAGES = (1, 5)
"""Kinds in the map of pages: the root of a B-tree, any other page of one."""
LEAF = 10
"""Page types from here on are leaves, whose header is shorter."""


def wipe(path: Path, patience_s: float = PATIENCE_S) -> None:
    """Truncates the log and overwrites the gaps. Raises StoreBusy where readers hold the log on and on."""
    connection = connect_to_write(path)
    try:
        connection.set_busy_timeout(STALL_MS)
        deadline = time.monotonic() + patience_s
        while not _wiped(connection, path):
            if time.monotonic() > deadline:
                raise StoreBusy(
                    "The call can no longer be read, but somebody who reads the store keeps its bytes from "
                    "being overwritten; try again."
                )
            time.sleep(STALL_MS / 1000)
    finally:
        connection.close()


def _wiped(connection: Connection, path: Path) -> bool:
    try:
        if connection.rows("PRAGMA wal_checkpoint(TRUNCATE)")[0][0]:
            return False
        with writing(connection):
            if Path(f"{path}-wal").stat().st_size:
                return False
            _clear_gaps(path)
            # A commit: whoever has read pages since the log was truncated forgets them and their gaps.
            ((version,),) = connection.rows("PRAGMA user_version")
            connection.run(f"PRAGMA user_version = {version}")
    except apsw.BusyError:
        return False
    return True


def _clear_gaps(path: Path) -> None:
    with _file(path) as file:
        head = file.xRead(100, 0)
        size = int.from_bytes(head[16:18], "big")
        size = 65536 if size == 1 else size
        each = size // 5
        pages = file.xFileSize() // size
        # Page 1 holds the schema; then comes a map page of `each` kinds, then those pages, and so on.
        for first in range(2, pages + 1, each + 1):
            begin = (first - 1) * size
            block = file.xRead(min(each + 1, pages - first + 1) * size, begin)
            for start, end in _gaps(block, size):
                file.xWrite(bytes(end - start), begin + start)  # pyright: ignore[reportUnknownMemberType] - of Buffer
        file.xSync(apsw.SQLITE_SYNC_FULL)


def _gaps(block: bytes, size: int) -> Generator[tuple[int, int]]:
    """Where gaps that hold something begin and end, in a map page and the pages it maps."""
    zeros = bytes(size)
    for place, page in enumerate(range(size, len(block), size)):
        if block[5 * place] in TREE_PAGES:
            header = 8 if block[page] >= LEAF else 12
            cells = block[page + 3] << 8 | block[page + 4]
            start = page + header + 2 * cells
            end = page + ((block[page + 5] << 8 | block[page + 6]) or 65536)
            if block[start:end] != zeros[: end - start]:
                yield start, end


@contextmanager
def _file(path: Path) -> Generator[apsw.VFSFile]:
    """The file through SQLite: closing a descriptor of our own would let go of all this process's locks."""
    flags = apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READWRITE
    try:
        file = apsw.VFSFile("", str(path), [flags, 0])
    except apsw.CantOpenError:
        must_be_able_to_open(path)
        raise
    try:
        yield file
    finally:
        file.xClose()
