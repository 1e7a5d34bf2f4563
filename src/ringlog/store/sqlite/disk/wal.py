"""The write-ahead log, kept short.

SQLite's own checkpoint begins the log anew only where it happens to meet no reader, so beside many readers
the log may grow for as long as they last. Here the writer, above a limit, waits a moment for the readers that
are under way, and begins the log anew (https://www.sqlite.org/c3ref/wal_checkpoint_v2.html, RESTART).
"""

import apsw

from ringlog.store.sqlite.disk.catalogue import BUSY_MS, Connection

PAGE_BYTES = 4096
LIMIT_PAGES = 16 * 2**20 // PAGE_BYTES
STEP_PAGES = LIMIT_PAGES // 4
"""Where a reader did not end in time, so much later it is tried again."""
WAIT_MS = 100
"""How long the readers under way may take to end."""


class WriteAheadLog:
    """That of one connection, which is the only one that writes. Replaces its checkpoints at commits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pages = 0
        self._limit = LIMIT_PAGES
        connection.set_wal_hook(self._grew)

    def _grew(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK

    def shorten(self) -> None:
        """Begins the log anew where it has grown too long. To be called between two transactions."""
        if self._pages < self._limit:
            return
        self._connection.set_busy_timeout(WAIT_MS)
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
            self._limit = LIMIT_PAGES
        except apsw.BusyError:
            self._limit = self._pages + STEP_PAGES
        finally:
            self._connection.set_busy_timeout(BUSY_MS)
