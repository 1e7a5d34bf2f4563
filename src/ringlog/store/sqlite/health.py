"""Which Days cannot be read: those in which a read or a sealing failed, and at the start a look into each."""

from contextlib import suppress

from ringlog.errors import StoreFault
from ringlog.model import Backlog, Health
from ringlog.store.sqlite.day.days import Days, name
from ringlog.store.sqlite.disk.catalogue import Connection
from ringlog.store.sqlite.index.call_index import GONE, N_BITS

ONE_OF_EACH = (
    f"SELECT (SELECT id FROM call WHERE id >= (day.day << {N_BITS}) + gone_n "  # noqa: S608 - a constant
    f"AND id < (day.day + 1) << {N_BITS} AND sealed_arrival AND NOT deleted LIMIT 1) FROM day WHERE state = 0"
)

KEPT = (
    f"SELECT 1 FROM call WHERE id = ?1 AND NOT deleted AND NOT {GONE} "  # noqa: S608 - a constant
    "UNION ALL SELECT 1 FROM deletion WHERE call_id = ?1"
)
"""A call on its way out is kept until its Day could be cleared of it."""


def look_into_each(catalogue: Connection, days: Days) -> None:
    """Reads one call of each Day, so that a damaged file is known before somebody needs it."""
    for (call_id,) in catalogue.rows(ONE_OF_EACH):
        if call_id is not None:
            with suppress(StoreFault):
                days.look(call_id)


def health(catalogue: Connection, days: Days, unsealed: Backlog) -> Health:
    """Raises apsw.Error where the catalogue itself cannot be read."""
    catalogue.rows("SELECT 1 FROM day LIMIT 1")

    def is_kept(call_id: int) -> bool:
        return bool(catalogue.rows(KEPT, (call_id,)))

    return Health([name(day) for day in days.broken(is_kept)], unsealed)
