"""Which records of a request are beyond retention."""

from collections.abc import Iterator

from ringlog.model import DAY_S, MICROSECONDS, CallBatch, Horizon
from ringlog.store.sqlite.index.call_index import FROM_ROW, IndexedCall


def too_old(call: IndexedCall, records: CallBatch, horizon: Horizon) -> Iterator[tuple[int, str]]:
    """Number and reason of each such record. `call` has taken in the request's rows already.

    A row without entries may be as old as the call index; an entry, or a call with entries, only as old as
    details.
    """
    reason = _beyond_index(call, horizon)
    if reason:
        yield from ((record.number, reason) for record in records.rows)
    reason = reason or _beyond_details(call, records, horizon)
    if not reason and not _any_gone(records, horizon):
        return
    for entry in records.entries:
        if reason:
            yield entry.number, reason
        elif horizon.details_gone(entry.time_us // MICROSECONDS):
            yield entry.number, f"timestamp is older than the {_kept(horizon)} that details are kept."


def _any_gone(records: CallBatch, horizon: Horizon) -> bool:
    times_us = [entry.time_us for entry in records.entries]
    return bool(times_us) and horizon.details_gone(min(times_us) // MICROSECONDS)


def _beyond_index(call: IndexedCall, horizon: Horizon) -> str | None:
    if call.deleted:
        return f"session_id: call {call.session_id!r} was deleted."
    if not call.known(horizon):
        return f"start of call {call.session_id!r} is older than what is kept of calls."
    return None


def _beyond_details(call: IndexedCall, records: CallBatch, horizon: Horizon) -> str | None:
    if not records.entries:
        return None
    if call.gone:
        return f"session_id: the details of call {call.session_id!r} are no longer kept."
    start_s = call.start_s
    if call.start_from != FROM_ROW:
        earliest_s = min(entry.time_us for entry in records.entries) // MICROSECONDS
        start_s = earliest_s if call.first_us is None else min(start_s, earliest_s)
    if horizon.details_gone(start_s):
        return f"start of call {call.session_id!r} is older than the {_kept(horizon)} that details are kept."
    return None


def _kept(horizon: Horizon) -> str:
    days = (horizon.now_us // MICROSECONDS - (horizon.details_from_s or 0)) // DAY_S
    return f"{days} days"
