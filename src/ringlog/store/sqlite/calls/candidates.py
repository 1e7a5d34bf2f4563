"""Ids of calls that a search looks at, the newest first, in batches: few at once, then more, since most
searches end on their first page.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from ringlog.store.sqlite.disk.catalogue import Connection
from ringlog.store.sqlite.index.call_index import N_BITS
from ringlog.terms import VERSION

FIRST, MOST = 64, 1024
"""Ids in a batch."""

# A step from one call with chunks to the one before.
UNSEALED = (
    "WITH RECURSIVE unsealed (call_id) AS (SELECT max(call_id) FROM chunk WHERE call_id < ? UNION ALL "
    "SELECT (SELECT max(call_id) FROM chunk WHERE call_id < unsealed.call_id) FROM unsealed "
    "WHERE call_id IS NOT NULL) SELECT call_id FROM unsealed WHERE call_id IS NOT NULL LIMIT ?"
)
INDEXED = "SELECT rowid FROM term WHERE term MATCH ? AND rowid < ? ORDER BY rowid DESC"
SEALED = "SELECT id FROM call WHERE id >= ? AND id < ? AND sealed_arrival > 0 ORDER BY id DESC LIMIT ?"


def unsealed(catalogue: Connection, below: int) -> Iterator[Sequence[int]]:
    """Calls of all accounts that have entries in the catalogue."""
    size = FIRST
    while batch := _ids(catalogue, UNSEALED, (below, size)):
        yield batch
        below, size = batch[-1], min(2 * size, MOST)


def indexed(day_file: Connection, day: int, below: int, expression: str) -> Iterator[Sequence[int]]:
    """Calls of a Day whose terms are those."""
    first = day << N_BITS
    rows = day_file.execute(INDEXED, (expression, below - first))  # pyright: ignore[reportUnknownMemberType] - of Bindings
    size = FIRST
    while batch := [first | n for (n,) in islice(rows, size)]:
        yield batch
        size = min(2 * size, MOST)


def is_indexed(day_file: Connection) -> bool:
    """Whether the Day's terms are those that this program makes."""
    if not day_file.rows("SELECT 1 FROM sqlite_schema WHERE name = 'term_version'"):
        return False
    return day_file.rows("SELECT version FROM term_version") == [(VERSION,)]


def sealed(catalogue: Connection, day: int, below: int) -> Iterator[Sequence[int]]:
    """All sealed calls of a Day."""
    size = FIRST
    while batch := _ids(catalogue, SEALED, (day << N_BITS, below, size)):
        yield batch
        below, size = batch[-1], min(2 * size, MOST)


def _ids(catalogue: Connection, statement: str, values: Sequence[int]) -> list[int]:
    return [call_id for (call_id,) in catalogue.rows(statement, values)]
