"""The calls that wait to be sealed, as the sealer reads them: groups of whole calls, in the order of ids."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from ringlog.model import Backlog
from ringlog.store.sqlite.day.codec import Chunk
from ringlog.store.sqlite.day.step_counts import Application
from ringlog.store.sqlite.disk.catalogue import Connection, numbers
from ringlog.store.sqlite.index.call_index import GONE, N_BITS, N_MASK

GROUP = 4000
"""Calls sealed in one commit."""
GROUP_BYTES = 32 * 2**20
"""Of their entries' text: a group lies in memory."""

# A step from one call with chunks to the next, so that the chunks of running calls are not walked, and no
# further than the limit.
UNSEALED = (
    "WITH RECURSIVE unsealed (call_id) AS (SELECT min(call_id) FROM chunk WHERE call_id > ? UNION ALL "  # noqa: S608 - constants
    "SELECT (SELECT min(call_id) FROM chunk WHERE call_id > unsealed.call_id) FROM unsealed "
    "WHERE call_id IS NOT NULL) "
    "SELECT {} FROM unsealed CROSS JOIN call ON id = call_id CROSS JOIN day ON day = id >> "
    f"{N_BITS} WHERE state = 0 AND NOT deleted AND NOT ({GONE}) "
    "AND last_received_us < ? AND (end_s IS NOT NULL OR last_received_us < ?)"
)
READY = f"{UNSEALED} LIMIT {GROUP}".format(
    "id, account_id, ifnull(application_id, 0), next_arrival - 1, first_error_us, first_error, "
    "sealed_arrival, bytes"
)
COUNT = UNSEALED.format("count(*), ifnull(sum(next_arrival - 1 - sealed_arrival), 0)")


class WaitingCall(NamedTuple):
    """What the call index says of it."""

    id: int
    account_id: int
    application_id: int
    """Its label; 0: none."""
    arrival: int
    """Of the last entry."""
    first_error_us: int | None
    first_error: str | None
    sealed_arrival: int
    bytes: int

    @property
    def day(self) -> int:
        return self.id >> N_BITS

    @property
    def application(self) -> Application:
        return self.account_id, self.application_id


def last_id(day: int) -> int:
    """No call of the Day has a higher id."""
    return day << N_BITS | N_MASK


def count(catalogue: Connection, quiet_before_us: int, idle_before_us: int) -> Backlog:
    return Backlog(*catalogue.rows(COUNT, (-1, quiet_before_us, idle_before_us))[0])


def group(
    catalogue: Connection, after: int, quiet_before_us: int, idle_before_us: int
) -> Sequence[WaitingCall]:
    """The next calls of one Day that are finished and quiet; empty: there are none."""
    rows = catalogue.rows(READY, (after, quiet_before_us, idle_before_us))
    calls = [WaitingCall(*row) for row in rows]
    left = GROUP_BYTES

    def fits(call: WaitingCall) -> bool:
        nonlocal left
        left -= call.bytes
        return call.day == calls[0].day and (left >= 0 or call is calls[0])

    return list(takewhile(fits, calls))


def chunks(catalogue: Connection, calls: Sequence[WaitingCall]) -> Mapping[int, list[Chunk]]:
    """Of each call all its chunks up to its arrival, by source and seq: what came since waits for another
    frame, since whoever reads a frame's arrival takes it for all that the frame holds.
    """
    found: defaultdict[int, list[Chunk]] = defaultdict(list)
    arrivals = {call.id: call.arrival for call in calls}
    rows = catalogue.rows(
        "SELECT call_id, last_arrival, source, min_seq, max_seq, meta, text FROM carray(?) AS ids "
        "CROSS JOIN chunk ON call_id = ids.value",
        (numbers(arrivals),),
    )
    for call_id, last_arrival, *chunk in rows:
        if last_arrival <= arrivals[call_id]:
            found[call_id].append(Chunk(*chunk))
    for several in found.values():
        if len(several) > 1:
            several.sort(key=lambda chunk: (chunk.source, chunk.max_seq))
    return found


def gone(catalogue: Connection, call_ids: Sequence[int]) -> set[int]:
    """Those that were deleted, or whose Day expires, by now."""
    select = (
        "SELECT ids.value FROM carray(?) AS ids LEFT JOIN call ON id = ids.value "  # noqa: S608 - constants
        f"LEFT JOIN day ON day = ids.value >> {N_BITS} "
        f"WHERE ifnull(deleted, 1) OR ifnull(state, 1) OR ({GONE})"
    )
    return {call_id for (call_id,) in catalogue.rows(select, (numbers(call_ids),))}
