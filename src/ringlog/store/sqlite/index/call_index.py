"""A call's row in the call index: as it is stored, how rows of a request change it, how it reads."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Self

from ringlog.model import (
    DAY_S,
    MICROSECONDS,
    OUTBOUND_SRC,
    Call,
    CallRow,
    CallType,
    EndedBy,
    Ending,
    Horizon,
)
from ringlog.store.sqlite.disk.catalogue import Connection
from ringlog.store.sqlite.index.labels import label_id
from ringlog.store.sqlite.index.people import number_text, stored_number

# Codes are stored: a new one takes the next number.
TYPE_CODES = {CallType.INBOUND: 1, CallType.OUTBOUND: 2, CallType.TRANSFER: 3}
ENDED_BY_CODES = {
    EndedBy.CALLER: 1,
    EndedBy.CANCELLED: 2,
    EndedBy.APPLICATION: 3,
    EndedBy.FAR_END: 4,
    EndedBy.OPERATOR: 5,
    EndedBy.ENGINE: 6,
    EndedBy.UNKNOWN: 7,
    EndedBy.TRANSFER: 8,
    EndedBy.JOINING: 9,
}
TYPES = {code: name for name, code in TYPE_CODES.items()}
ENDED_BY = {code: name for name, code in ENDED_BY_CODES.items()}

FROM_RECEIPT, FROM_ENTRY, FROM_ROW = 0, 1, 2
"""Where a call's start is from."""

N_BITS = 32
N_MASK = 2**N_BITS - 1

GONE = f"(id & {N_MASK}) < (SELECT gone_n FROM day WHERE day = id >> {N_BITS})"  # noqa: S608 - constants
COLUMNS = (
    "id, account_id, session_id, start_s, start_from, end_s, last_received_us, src, src_text, "  # noqa: S608 - constants
    "dest, dest_text, type, (SELECT text FROM label WHERE id = application_id), "
    "(SELECT text FROM label WHERE id = version_id), "
    "entries, errors, dropped, bytes, capped, first_us, last_us, ended_by, cause, deleted, next_arrival, "
    "sealed_arrival, first_error_us, first_error, " + GONE
)
SELECT = f"SELECT {COLUMNS} FROM call"  # noqa: S608 - a constant
CHANGING = (
    "lasts_s", "last_after_us", "received_after_s", "codes", "src", "src_text", "dest", "dest_text",
    "application_id", "version_id", "entries", "errors", "dropped", "bytes", "cause", "deleted", "skipped",
    "sealed_arrival", "first_error_us", "first_error",
)  # fmt: skip
"""What is stored of a call besides its key and its start; what else SELECT names is computed."""


@dataclass(slots=True)
class IndexedCall:
    """Times named `_us` in microseconds, `_s` in seconds."""

    id: int
    account_id: int
    session_id: str
    start_s: int
    start_from: int
    end_s: int | None
    last_received_us: int
    src: int | str | None
    src_text: str | None
    dest: int | str | None
    dest_text: str | None
    type: int | None
    application: str | None
    version: str | None
    entries: int
    errors: int
    dropped: int
    bytes: int
    capped: int
    first_us: int | None
    last_us: int | None
    ended_by: int | None
    cause: int | None
    deleted: int
    next_arrival: int
    sealed_arrival: int
    first_error_us: int | None
    first_error: str | None
    gone: int
    """1: its details were dropped."""

    @classmethod
    def new(cls, account_id: int, session_id: str, now_us: int) -> Self:
        """A call nobody heard of until now; its id comes when it is stored."""
        none = None
        return cls(
            0, account_id, session_id, now_us // MICROSECONDS, FROM_RECEIPT, none, now_us, none, none, none,
            none, none, none, none, 0, 0, 0, 0, 0, none, none, none, none, 0, 1, 0, none, none, 0,
        )  # fmt: skip

    @property
    def day(self) -> int:
        return self.id >> N_BITS

    @property
    def kept(self) -> int:
        """Entries that count against the cap."""
        return self.entries - self.capped

    def copy(self) -> Self:
        return type(self)(*_fields(self))

    def merge(self, row: CallRow) -> None:
        """What a row says: the smallest start, the largest end; of other fields the last wins."""
        self._merge_times(row)
        type_ = row.type
        if row.src == OUTBOUND_SRC:
            type_ = type_ or CallType.OUTBOUND
        elif row.src is not None:
            self.src, self.src_text = stored_number(row.src)
        if row.dest is not None:
            self.dest, self.dest_text = stored_number(row.dest)
        if type_ is not None:
            self.type = TYPE_CODES[type_]
        if row.application is not None:
            self.application = row.application
        if row.version is not None:
            self.version = row.version

    def _merge_times(self, row: CallRow) -> None:
        if row.start_s is not None:
            given = self.start_from == FROM_ROW
            self.start_s = min(self.start_s, row.start_s) if given else row.start_s
            self.start_from = FROM_ROW
        if row.end_s is not None:
            self.end_s = row.end_s if self.end_s is None else max(self.end_s, row.end_s)

    def note_time(self, time_us: int) -> None:
        """An entry's time: it moves the start only where no row gave one."""
        if self.first_us is None or time_us < self.first_us:
            self.first_us = time_us
            if self.start_from != FROM_ROW:
                self.start_s, self.start_from = time_us // MICROSECONDS, FROM_ENTRY
        if self.last_us is None or time_us > self.last_us:
            self.last_us = time_us

    def note_error(self, time_us: int, line: str) -> None:
        self.errors += 1
        known = self.first_error_us, self.first_error
        self.first_error_us, self.first_error = earlier_error(known, (time_us, line))

    def available(self, horizon: Horizon) -> bool:
        return not self.gone and not horizon.details_gone(self.start_s)

    def known(self, horizon: Horizon) -> bool:
        """Whether it still stands in the index, whatever has been cleared away by now."""
        return not self.deleted and (horizon.calls_from_s is None or self.start_s >= horizon.calls_from_s)

    def runs(self, horizon: Horizon) -> bool:
        return self.end_s is None and self.last_received_us >= horizon.idle_before_us

    def call(self, horizon: Horizon, first_error: str | None = None, now: str | None = None) -> Call:
        """As it reads at the horizon; `first_error` is the one in the Day."""
        end_s = self.end_s
        if end_s is None and not self.runs(horizon):
            end_s = self.start_s if self.last_us is None else self.last_us // MICROSECONDS
        available = self.available(horizon)
        return Call(
            session_id=self.session_id,
            src=number_text(self.src, self.src_text),
            dest=number_text(self.dest, self.dest_text),
            type=CallType.INBOUND if self.type is None else TYPES[self.type],
            start_s=self.start_s,
            end_s=end_s,
            application=self.application or "",
            version=self.version or "",
            entries=self.entries,
            errors=self.errors,
            dropped=self.dropped,
            last_us=self.last_us,
            first_error=first_error if available else None,
            ending=None if self.ended_by is None else Ending(ENDED_BY[self.ended_by], self.cause),
            available=available,
            start_given=self.start_from == FROM_ROW,
            end_given=self.end_s is not None,
            type_given=self.type is not None,
            src_given=self.src is not None,
            dest_given=self.dest is not None,
            now=now if end_s is None else None,
            until_us=horizon.row_until_us(self.start_s, self.last_received_us, end_s is None, available),
        )


_fields = attrgetter(*IndexedCall.__slots__)

Error = tuple[int | None, str | None]
"""Time and line of a call's first error, or of none."""


def earlier_error(one: Error, other: Error) -> Error:
    """The earlier of two; lines break ties, so that the order of arrival never shows."""
    if one[0] is None or other[0] is None:
        return other if one[0] is None else one
    return min(one, other, key=lambda error: (error[0] or 0, error[1] or ""))


def load(connection: Connection, account_id: int, session_id: str) -> IndexedCall | None:
    rows = connection.rows(f"{SELECT} WHERE account_id = ? AND session_id = ?", (account_id, session_id))
    return indexed(rows[0]) if rows else None


def load_all(connection: Connection, account_id: int, session_ids: Collection[str]) -> dict[str, IndexedCall]:
    """Those of the calls that are in the index."""
    if len(session_ids) == 1:
        found = [load(connection, account_id, *session_ids)]
    else:
        among = f"{SELECT} WHERE account_id = ? AND session_id IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants
        found = map(indexed, connection.rows(among, (account_id, json.dumps(list(session_ids)))))
    return {call.session_id: call for call in found if call}


def indexed(row: tuple[Any, ...]) -> IndexedCall:
    return IndexedCall(*row)


def insert(connection: Connection, calls: Sequence[IndexedCall]) -> None:
    """Gives the calls their ids: a call's Day is that of the earliest time known now, and never changes."""
    by_day: defaultdict[int, list[IndexedCall]] = defaultdict(list)
    for call in calls:
        by_day[_earliest_s(call) // DAY_S].append(call)
    for day, found in by_day.items():
        for n, call in enumerate(found, _numbers(connection, day, found)):
            call.id = day << N_BITS | n
    connection.run_many(
        f"INSERT INTO call (id, account_id, session_id, start_s, {', '.join(CHANGING)}) "  # noqa: S608 - constants
        f"VALUES (?, ?, ?, ?, {', '.join('?' for _ in CHANGING)})",
        [
            (call.id, call.account_id, call.session_id, call.start_s, *_changing(connection, call))
            for call in calls
        ],
    )


def _earliest_s(call: IndexedCall) -> int:
    return call.start_s if call.first_us is None else min(call.start_s, call.first_us // MICROSECONDS)


def _numbers(connection: Connection, day: int, calls: Sequence[IndexedCall]) -> int:
    """The first of as many numbers of the Day as there are calls."""
    ((after,),) = connection.rows(
        "INSERT INTO day (day, next_n, max_start_s) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET "
        "next_n = next_n + ?2, max_start_s = max(max_start_s, excluded.max_start_s), "
        "state = CASE state WHEN 2 THEN 0 ELSE state END RETURNING next_n",
        (day, len(calls), max(call.start_s for call in calls)),
    )
    return after - len(calls)


def update(connection: Connection, call: IndexedCall, before: IndexedCall) -> None:
    if call.start_s != before.start_s:
        connection.run("UPDATE call SET start_s = ? WHERE id = ?", (call.start_s, call.id))
        connection.run(
            "UPDATE day SET max_start_s = max(max_start_s, ?) WHERE day = ?", (call.start_s, call.day)
        )
    # Apart from start_s, so that no index is touched.
    connection.run(
        f"UPDATE call SET {' = ?, '.join(CHANGING)} = ? WHERE id = ?",  # noqa: S608 - constants
        (*_changing(connection, call), call.id),
    )


def _changing(connection: Connection, call: IndexedCall) -> tuple[int | str | None, ...]:
    """The values of CHANGING. A receipt counts from the second after it."""
    start_s, end_s, last_us = call.start_s, call.end_s, call.last_us
    codes = call.start_from | (call.type or 0) << 2 | (call.ended_by or 0) << 4 | call.capped << 8
    return (
        None if end_s is None else end_s - start_s,
        None if last_us is None else last_us - start_s * MICROSECONDS,
        -(-call.last_received_us // MICROSECONDS) - start_s,
        codes, call.src, call.src_text, call.dest, call.dest_text,
        label_id(connection, call.account_id, call.application),
        label_id(connection, call.account_id, call.version),
        call.entries, call.errors, call.dropped, call.bytes, call.cause, call.deleted,
        call.next_arrival - call.entries - 1, call.sealed_arrival, call.first_error_us, call.first_error,
    )  # fmt: skip
