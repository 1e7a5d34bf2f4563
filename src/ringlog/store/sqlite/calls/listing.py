"""Lists of calls, newest start first, then session_id."""

from collections.abc import Iterator
from typing import Any

from ringlog.errors import BadInput
from ringlog.model import CallPage, CallQuery, CallState, CallType, Horizon, Kind, number_key
from ringlog.store.sqlite.calls.reading import first_error
from ringlog.store.sqlite.calls.tails import now_line
from ringlog.store.sqlite.day.days import Days
from ringlog.store.sqlite.disk.catalogue import Connection, reading
from ringlog.store.sqlite.index.call_index import N_BITS, N_MASK, SELECT, TYPE_CODES, IndexedCall, indexed

NOT_GONE = f"(id & {N_MASK}) >= (SELECT gone_n FROM day WHERE day = id >> {N_BITS})"  # noqa: S608 - constants

NO_PLACE = "cursor is not one that an earlier page of this list gave."
ENDED = "(end_s IS NOT NULL OR last_received_us < ?)"
"""Of a call with an end, or idle for too long."""

Condition = tuple[str, tuple[Any, ...]]


def page(connection: Connection, days: Days, account_id: int, query: CallQuery, horizon: Horizon) -> CallPage:
    conditions = matching(account_id, query, horizon)
    with reading(connection):
        total = _count(connection, conditions) if query.count else None
        found = _found(connection, [*conditions, *_behind(query)], query)
        now = {call.id: now_line(connection, call, horizon) for call in found}
    calls = [call.call(horizon, first_error(days, call, horizon), now.get(call.id)) for call in found]
    following = (calls[-1].start_s, calls[-1].session_id) if len(calls) == query.limit else None
    return CallPage(calls, total, following)


def matching(account_id: int, query: CallQuery, horizon: Horizon) -> list[Condition]:
    """What a row of `call` must hold."""
    conditions: list[Condition] = [("account_id = ? AND NOT deleted", (account_id,))]
    starts = [start for start in (query.start_s, horizon.calls_from_s) if start is not None]
    if starts:
        conditions.append(("start_s >= ?", (max(starts),)))
    if query.end_s is not None:
        conditions.append(("start_s < ?", (query.end_s,)))
    if (key := number_key(query.number)) != "":
        either = ("(dest = ? OR src = ?)", (key, key))
        conditions.append(either if query.either_side else ("dest = ?", (key,)))
    if not query.running:
        conditions.append((ENDED, (horizon.idle_before_us,)))
    conditions += _of_a_kind(query, horizon)
    if query.available:
        conditions.append((NOT_GONE, ()))
        if horizon.details_from_s is not None:
            conditions.append(("start_s >= ?", (horizon.details_from_s,)))
    return conditions


def _of_a_kind(query: CallQuery, horizon: Horizon) -> Iterator[Condition]:
    if query.type:
        # A call of which no row said reads as inbound.
        yield f"ifnull(type, {TYPE_CODES[CallType.INBOUND]}) = ?", (TYPE_CODES[query.type],)
    if query.state is CallState.RUNNING:
        yield f"NOT {ENDED}", (horizon.idle_before_us,)
    elif query.state:
        yield f"{ENDED} AND (errors > 0) = ?", (horizon.idle_before_us, query.state is CallState.FAILED)
    if query.application:
        labels = "SELECT id FROM label WHERE account_id = call.account_id AND text = ?"
        yield f"application_id IN ({labels})", (query.application,)
    if query.kind is Kind.ERROR:
        yield "errors > 0", ()


def _behind(query: CallQuery) -> list[Condition]:
    if query.after is None:
        return []
    if isinstance(query.after, int):
        raise BadInput(NO_PLACE)
    start_s, session_id = query.after
    return [("start_s <= ? AND (start_s < ? OR session_id > ?)", (start_s, start_s, session_id))]


def all_of(conditions: list[Condition]) -> Condition:
    return (
        " AND ".join(text for text, _ in conditions),
        tuple(value for _, values in conditions for value in values),
    )


def _count(connection: Connection, conditions: list[Condition]) -> int:
    where, values = all_of(conditions)
    ((count,),) = connection.rows(f"SELECT count(*) FROM call WHERE {where}", values)  # noqa: S608 - fixed texts
    return count


def _found(connection: Connection, conditions: list[Condition], query: CallQuery) -> list[IndexedCall]:
    """SQLite sorts the calls of each second: by ids, since whole rows would cost it twice the time."""
    where, values = all_of(conditions)
    ids = f"SELECT id FROM call WHERE {where} ORDER BY start_s DESC, session_id LIMIT ? OFFSET ?"  # noqa: S608 - fixed texts
    rows = connection.rows(f"{SELECT} WHERE id IN ({ids})", (*values, query.limit, query.offset))
    return sorted(map(indexed, rows), key=lambda call: (-call.start_s, call.session_id))
