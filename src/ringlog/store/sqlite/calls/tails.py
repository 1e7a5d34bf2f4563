"""What is new of a call: its entries behind an arrival number, and its row."""

import json
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from ringlog.model import FOR_EVER_US, Horizon, Kind, StoredEntry, Tail
from ringlog.store.sqlite.calls.identity import CHUNKS
from ringlog.store.sqlite.calls.reading import entries_of, first_error, known_call, union
from ringlog.store.sqlite.day.codec import Chunk
from ringlog.store.sqlite.day.days import Days
from ringlog.store.sqlite.disk.catalogue import Connection, reading
from ringlog.store.sqlite.disk.faults import UNREADABLE
from ringlog.store.sqlite.index.call_index import IndexedCall

TAIL_BYTES = 2**20
"""Of entries' text; what is behind them waits for the next tail."""


class Tails:
    """Reads tails of calls at one horizon."""

    def __init__(self, connection: Connection, days: Days, horizon: Horizon) -> None:
        self._connection = connection
        self._days = days
        self._horizon = horizon

    def behind(self, account_id: int, session_id: str, after: int) -> Tail:
        """Raises NoSuchCall, StoreDamaged."""
        connection, horizon = self._connection, self._horizon
        with reading(connection):
            call = known_call(connection, account_id, session_id, horizon)
            rows = connection.rows(f"{CHUNKS} AND last_arrival > ?", (call.id, after))
            now = now_line(connection, call, horizon)
        last = call.next_arrival - 1
        entries = self._entries(call, rows, after) if last > after and call.available(horizon) else ()
        told = _fitting(entries)
        more = len(told) < len(entries)
        row = call.call(horizon, first_error(self._days, call, horizon), now)
        quiet_at_us = FOR_EVER_US if row.end_s is None else horizon.quiet_at_us(call.last_received_us)
        quiet = quiet_at_us <= horizon.now_us
        until_us = row.until_us if quiet else min(row.until_us, quiet_at_us)
        return Tail(row, told, told[-1].arrival if more else max(last, after), more, last, quiet, until_us)

    def _entries(
        self, call: IndexedCall, chunks: Sequence[tuple[Any, ...]], after: int
    ) -> Sequence[StoredEntry]:
        """All behind `after` up to the last that the row counts, by arrival."""
        entries = entries_of([Chunk(*row) for row in chunks])
        if call.sealed_arrival > max(after, 0):
            try:
                entries = union(entries, self._days.frame(call.id).entries())
            except UNREADABLE:
                # Its Day may have been expired since the catalogue was read.
                if known_call(self._connection, call.account_id, call.session_id, self._horizon).gone:
                    return ()
                raise
        # A frame may be newer than the row, and then holds what the row's next reading tells.
        fresh = [entry for entry in entries if after < entry.arrival < call.next_arrival]
        return sorted(fresh, key=attrgetter("arrival"))


def _fitting(entries: Sequence[StoredEntry]) -> Sequence[StoredEntry]:
    size = 0
    for count, entry in enumerate(entries, 1):
        size += len(entry.text)
        if size >= TAIL_BYTES:
            return entries[:count]
    return entries


def now_line(connection: Connection, call: IndexedCall, horizon: Horizon) -> str | None:
    """Of a running call: the line of the entry received last that is no `debug`, as far as entries are
    unsealed. A prompt's line is what is played, so it gets its verb.
    """
    if not call.runs(horizon) or not call.available(horizon):
        return None
    select = "SELECT source, min_seq, max_seq, meta, text FROM chunk WHERE id = ?"
    for (chunk_id,) in connection.rows("SELECT id FROM chunk WHERE call_id = ? ORDER BY id DESC", (call.id,)):
        (row,) = connection.rows(select, (chunk_id,))
        entries = Chunk(*row).entries()
        for entry in sorted(entries, key=lambda entry: entry.arrival, reverse=True):
            decoded: dict[str, Any] = json.loads(entry.text)
            if decoded["class"] != Kind.DEBUG:
                line = decoded["event"]["line"]
                return f"playing {line}" if decoded["class"] == Kind.PROMPT else line
    return None
