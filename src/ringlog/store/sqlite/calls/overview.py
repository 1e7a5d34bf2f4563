"""An account's calls of a period, summed up: the call index for hours, lengths and errors, Days for steps.

Bounded: of the newest LIMIT calls, and of the first errors of the newest ERRORS calls that have one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from ringlog.model import DAY_S, Horizon
from ringlog.overview import (
    HOUR_S,
    FirstError,
    Flow,
    Hour,
    MoveCount,
    Overview,
    Period,
    StepCount,
    Totals,
    percentile,
    top_errors,
)
from ringlog.store.sqlite.calls.listing import ENDED, NOT_GONE
from ringlog.store.sqlite.day.days import OPEN, Days
from ringlog.store.sqlite.disk.catalogue import Connection, connect_to_look, numbers, reading
from ringlog.store.sqlite.disk.faults import UNREADABLE
from ringlog.store.sqlite.index.call_index import N_BITS, Error, earlier_error
from ringlog.walk import RULES

LIMIT = 100_000
"""Some 0.3 s in the thread that reads lists."""
ERRORS = 5_000
APPLICATIONS = 200
"""Named to choose from."""


def newest(columns: str) -> str:
    """Only what is used: rows of an inner SELECT are made as a whole."""
    return (
        f"(SELECT {columns} FROM call WHERE account_id = ? AND NOT deleted AND start_s >= ? AND start_s < ? "  # noqa: S608 - constants
        "ORDER BY start_s DESC LIMIT ?)"
    )


HOURS = (
    "SELECT hour, application_id, count(*), sum(failed), sum(runs), sum(unsealed) FROM "  # noqa: S608 - constants
    + newest(
        f"start_s / {HOUR_S} AS hour, ifnull(application_id, 0) AS application_id, errors > 0 AS failed, "
        f"NOT {ENDED} AS runs, sealed_arrival = 0 AND entries > 0 AND {NOT_GONE} AS unsealed"
    )
    + " GROUP BY 1, 2 ORDER BY 1"
)
LENGTHS = f"SELECT max(lasts_s, 0), count(*) FROM {newest('lasts_s')} WHERE lasts_s IS NOT NULL GROUP BY 1"  # noqa: S608 - constants
TOTALS = f"SELECT count(*), ifnull(sum(failed), 0) FROM {newest('errors > 0 AS failed')}"  # noqa: S608 - constants
FAILED = (
    "SELECT id, start_s, ifnull((SELECT text FROM label WHERE id = application_id), ''), first_error_us, "  # noqa: S608 - constants
    "first_error, sealed_arrival FROM "
    + newest("id, start_s, application_id, errors, first_error_us, first_error, sealed_arrival")
    + f" WHERE errors > 0 AND {NOT_GONE} LIMIT {ERRORS}"
)

Bounds = tuple[int, int, int, int]
"""The values of `newest`."""


class Group(NamedTuple):
    """Calls of one hour and application."""

    hour: int
    application_id: int
    calls: int
    with_errors: int
    running: int
    unsealed: int


class FailedCall(NamedTuple):
    id: int
    start_s: int
    application: str
    first_error_us: int | None
    first_error: str | None
    sealed_arrival: int


class Chosen(NamedTuple):
    """An application by its label."""

    label: int
    name: str


NO_LABEL = -1
"""What no application has."""


class Counted(NamedTuple):
    """What a Day counted of an application."""

    steps: Sequence[StepCount]
    moves: Sequence[MoveCount]


class Summary:
    """Of one account's calls, as they read at the horizon."""

    def __init__(self, connection: Connection, days: Days, account_id: int, horizon: Horizon) -> None:
        self._connection = connection
        self._days = days
        self._account_id = account_id
        self._horizon = horizon

    def overview(self, period: Period, application: str | None) -> Overview:
        asked = self._bounds(period)
        rows, idle_before_us = self._connection.rows, self._horizon.idle_before_us
        with reading(self._connection):
            groups = [Group(*row) for row in rows(HOURS, (idle_before_us, *asked))]
            lengths = dict(rows(LENGTHS, asked))
            ((calls, with_errors),) = rows(TOTALS, self._bounds(period.before))
            failed = [FailedCall(*row) for row in rows(FAILED, asked)]
            labels = self._labels(groups)
            chosen = self._chosen(application, labels)
            open_days = self._open_days(period)
        total = sum(group.calls for group in groups)
        return Overview(
            totals=Totals(total, sum(group.with_errors for group in groups)),
            before=Totals(calls, with_errors),
            running=sum(group.running for group in groups),
            hours=_hours(groups),
            p50_s=percentile(lengths, 50),
            p95_s=percentile(lengths, 95),
            errors=top_errors(self._first_errors(failed)),
            applications=list(labels.values())[:APPLICATIONS],
            flow=None if chosen is None else self._flow(chosen, open_days, groups),
            complete=total < LIMIT and len(failed) < ERRORS,
        )

    def _bounds(self, period: Period) -> Bounds:
        start_s = max(period.start_s, self._horizon.calls_from_s or 0)
        return self._account_id, start_s, period.end_s, LIMIT

    def _labels(self, groups: Sequence[Group]) -> dict[int, str]:
        """Applications by their labels, most calls first; 0: those that have no name."""
        calls: Counter[int] = Counter()
        for group in groups:
            calls[group.application_id] += group.calls
        select = "SELECT id, text FROM label WHERE account_id = ? AND id IN (SELECT value FROM carray(?))"
        names = dict(self._connection.rows(select, (self._account_id, numbers(calls)))) if calls else {}
        return {label: names.get(label, "") for label, _ in calls.most_common()}

    def _chosen(self, application: str | None, labels: Mapping[int, str]) -> Chosen | None:
        """The application of that name; without one, the busiest."""
        if application is None:
            return next((Chosen(label, name) for label, name in labels.items()), None)
        if not application:
            return Chosen(0, "")
        select = "SELECT id FROM label WHERE account_id = ? AND text = ?"
        for (label,) in self._connection.rows(select, (self._account_id, application)):
            return Chosen(label, application)
        return Chosen(NO_LABEL, application)

    def _open_days(self, period: Period) -> Sequence[int]:
        rows = self._connection.rows(
            "SELECT day FROM day WHERE day >= ? AND day <= ? AND state = ? AND max_start_s >= ? ORDER BY day",
            (
                period.start_s // DAY_S,
                (period.end_s - 1) // DAY_S,
                OPEN,
                self._horizon.details_from_s or 0,
            ),
        )
        return [day for (day,) in rows]

    def _first_errors(self, failed: Sequence[FailedCall]) -> Iterator[FirstError]:
        """Lines of sealed calls come from their Days; where a Day cannot be read, none."""
        calls = [call for call in failed if not self._horizon.details_gone(call.start_s)]
        known: dict[int, Error] = {call.id: (call.first_error_us, call.first_error) for call in calls}
        by_day: defaultdict[int, list[int]] = defaultdict(list)
        for call in calls:
            if call.sealed_arrival:
                by_day[call.id >> N_BITS].append(call.id)
        for day, ids in by_day.items():
            for call_id, error in _sealed_errors(self._days.path(day), ids):
                known[call_id] = earlier_error(known[call_id], error)
        for call in calls:
            line = known[call.id][1]
            if line is not None:
                yield FirstError(line, call.application, call.start_s)

    def _flow(self, chosen: Chosen, open_days: Sequence[int], groups: Sequence[Group]) -> Flow:
        reached: Counter[str] = Counter()
        left: Counter[str] = Counter()
        moves: Counter[tuple[str, str]] = Counter()
        counted: list[int] = []
        for day in open_days:
            if found := _counted(self._days.path(day), self._account_id, chosen.label):
                counted.append(day)
                for step, reached_it, left_it in found.steps:
                    reached[step] += reached_it
                    left[step] += left_it
                for one, other, calls in found.moves:
                    moves[one, other] += calls
        return Flow(
            application=chosen.name,
            steps=[StepCount(step, calls, left[step]) for step, calls in reached.most_common()],
            moves=[MoveCount(*move, calls) for move, calls in moves.most_common()],
            days=counted,
            uncounted=[day for day in open_days if day not in counted],
            unsealed=sum(group.unsealed for group in groups if group.application_id == chosen.label),
        )


def _hours(groups: Sequence[Group]) -> Sequence[Hour]:
    calls: Counter[int] = Counter()
    with_errors: Counter[int] = Counter()
    for group in groups:
        calls[group.hour] += group.calls
        with_errors[group.hour] += group.with_errors
    return [Hour(hour * HOUR_S, calls[hour], with_errors[hour]) for hour in sorted(calls)]


def _sealed_errors(file: Path, ids: Sequence[int]) -> Iterator[tuple[int, Error]]:
    select = (
        "SELECT call_id, first_error_us, first_error FROM frame "
        "WHERE call_id IN (SELECT value FROM carray(?))"
    )
    with suppress(*UNREADABLE), closing(connect_to_look(file)) as day:
        for call_id, us, line in day.rows(select, (numbers(ids),)):
            yield call_id, (us, line)


def _counted(file: Path, account_id: int, label: int) -> Counted | None:
    """None where it did not, or cannot be read."""
    of = "WHERE account_id = ? AND application_id = ?"
    if not file.exists():
        # Nothing of it was sealed yet.
        return Counted([], [])
    with suppress(*UNREADABLE), closing(connect_to_look(file)) as day, reading(day):
        if day.rows("SELECT version FROM step_version") == [(RULES,)]:
            steps = day.rows(f"SELECT step, reached, left_there FROM steps {of}", (account_id, label))  # noqa: S608 - constants
            moves = day.rows(f"SELECT from_step, to_step, calls FROM moves {of}", (account_id, label))  # noqa: S608 - constants
            return Counted([StepCount(*row) for row in steps], [MoveCount(*row) for row in moves])
    return None
