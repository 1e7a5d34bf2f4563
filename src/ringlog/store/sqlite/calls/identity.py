"""What is stored already under the identities of a request."""

from collections.abc import Iterable
from functools import cached_property

from ringlog.model import DETAIL_SOURCE, RESERVED_SOURCE, EntryRecord, StoredEntry
from ringlog.store.sqlite.day.codec import Chunk
from ringlog.store.sqlite.day.days import Days
from ringlog.store.sqlite.disk.catalogue import Connection
from ringlog.store.sqlite.disk.faults import UNREADABLE
from ringlog.store.sqlite.index.call_index import IndexedCall

CHUNKS = "SELECT source, min_seq, max_seq, meta, text FROM chunk WHERE call_id = ?"

Identities = dict[tuple[str, int], tuple[int, bytes]]
"""Time and text by source and seq."""


class Known:
    """The stored entries of one call. Opens only the chunks that could clash."""

    def __init__(self, connection: Connection, days: Days, call: IndexedCall) -> None:
        self._connection = connection
        self._days = days
        self._call = call

    def among(self, entries: Iterable[EntryRecord]) -> Identities:
        """Raises StoreDamaged where it is the catalogue that cannot be read."""
        ranges: dict[str, tuple[int, int]] = {}
        for entry in entries:
            if entry.seq is not None:
                low, high = ranges.get(entry.source, (entry.seq, entry.seq))
                ranges[entry.source] = min(low, entry.seq), max(high, entry.seq)
        known: Identities = {}
        for source, (low, high) in ranges.items():
            for entry in self._stored(source, low, high):
                known[entry.source, entry.seq] = entry.time_us, entry.text
        return known

    def _stored(self, source: str, low: int, high: int) -> Iterable[StoredEntry]:
        rows = self._connection.rows(
            f"{CHUNKS} AND source = ? AND max_seq >= ? AND min_seq <= ?", (self._call.id, source, low, high)
        )
        for row in rows:
            yield from Chunk(*row).entries()
        yield from (entry for entry in self._sealed if entry.source == source)

    @cached_property
    def _sealed(self) -> list[StoredEntry]:
        """Nothing where the Day cannot be read: what comes twice is seen once it can be (`twice`)."""
        if not self._call.sealed_arrival:
            return []
        try:
            return self._days.frame(self._call.id).entries()
        except UNREADABLE:
            return []

    def has_other_sources(self) -> bool:
        """Whether anything but a posted detail is stored, as far as it can be read."""
        own = (DETAIL_SOURCE, RESERVED_SOURCE)
        rows = self._connection.rows(
            "SELECT 1 FROM chunk WHERE call_id = ? AND source NOT IN (?, ?) LIMIT 1", (self._call.id, *own)
        )
        return bool(rows) or any(entry.source not in own for entry in self._sealed)
