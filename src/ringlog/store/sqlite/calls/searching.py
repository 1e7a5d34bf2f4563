"""Searching the entries of calls: candidates, the newest id first, each looked at in its own text.

Calls that have entries in the catalogue come first, within a time; then Day after Day names candidates.
Nothing is missed or found twice where a call is sealed meanwhile: its Day is asked later, and who was found
in the catalogue is left out there.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from heapq import merge
from itertools import islice
from typing import NamedTuple

import apsw

from ringlog.errors import BadInput
from ringlog.model import Call, CallPage, CallQuery, Horizon, StoredEntry
from ringlog.store.sqlite.calls import candidates
from ringlog.store.sqlite.calls.listing import NO_PLACE, all_of, matching
from ringlog.store.sqlite.calls.reading import assembled, chunks_of
from ringlog.store.sqlite.calls.sought import Shown, Sought
from ringlog.store.sqlite.calls.tails import now_line
from ringlog.store.sqlite.day.codec import Frame
from ringlog.store.sqlite.day.days import Days
from ringlog.store.sqlite.disk.catalogue import Connection, connect, numbers, reading
from ringlog.store.sqlite.disk.faults import UNREADABLE
from ringlog.store.sqlite.index.call_index import COLUMNS, N_BITS, IndexedCall, earlier_error, indexed

UNSEALED_S = 0.2
"""For the calls that have entries in the catalogue."""
SEALED_S = 0.5
"""For the Days; what is found until then is a page."""
END = 2**63 - 1

Seconds = Callable[[], float]
"""A clock that only goes forward."""


class Found(NamedTuple):
    id: int
    call: Call


class Searching:
    """One page of a search. Raises BadInput where its text, or its place, can be none."""

    def __init__(
        self,
        catalogue: Connection,
        days: Days,
        account_id: int,
        query: CallQuery,
        horizon: Horizon,
        *,
        clock: Seconds,
    ) -> None:
        if isinstance(query.after, tuple):
            raise BadInput(NO_PLACE)
        self._catalogue = catalogue
        self._days = days
        self._horizon = horizon
        self._clock = clock
        self._limit = query.limit
        self._below = END if query.after is None else query.after
        self._from_s = max(s for s in (query.start_s, horizon.details_from_s, -END) if s is not None)
        self._sought = Sought(account_id, query)
        self._where, self._values = all_of(matching(account_id, replace(query, available=True), horizon))
        self._complete = True
        self._cut: int | None = None
        """All down to this id was looked at, and then time was up."""

    def page(self) -> CallPage:
        with reading(self._catalogue):
            unsealed = list(islice(self._unsealed(), self._limit + 1))
        with closing(self._sealed({found.id for found in unsealed})) as sealed:
            both = merge(unsealed, sealed, key=lambda found: found.id, reverse=True)
            found = list(islice(both, self._limit + 1))
        if self._cut is not None:
            found = [one for one in found if one.id >= self._cut]
        following = found[self._limit - 1].id if len(found) > self._limit else self._cut
        return CallPage([one.call for one in found[: self._limit]], None, following, self._complete)

    # -- in the catalogue ----------------------------------------------------------------------------

    def _unsealed(self) -> Iterator[Found]:
        until = self._clock() + UNSEALED_S
        for ids in candidates.unsealed(self._catalogue, self._below):
            for call in self._rows(ids):
                if found := self._in_catalogue(call):
                    yield found
                if self._clock() >= until:
                    break
            if self._clock() >= until:
                self._complete = False
                return

    def _in_catalogue(self, call: IndexedCall) -> Found | None:
        chunks = chunks_of(self._catalogue, call.id)
        try:
            detail = assembled(self._days, call, chunks, self._horizon)
            shown = self._sought.shown(detail.text)
            if shown is None:
                return None
            return self._found(call, detail.call, shown, lambda: detail.entries)
        except UNREADABLE:
            self._complete = False
            return None

    # -- in the Days ---------------------------------------------------------------------------------

    def _sealed(self, known: set[int]) -> Generator[Found]:
        until = self._clock() + SEALED_S
        select = "SELECT day FROM day WHERE state = 0 AND day <= ? AND max_start_s >= ? ORDER BY day DESC"
        for number, (day,) in enumerate(self._catalogue.rows(select, (self._below >> N_BITS, self._from_s))):
            if number and self._clock() >= until:
                self._cut = (day + 1) << N_BITS
                return
            yield from self._in_day(day, known, until)
            if self._cut is not None:
                return

    def _in_day(self, day: int, known: set[int], until: float) -> Iterator[Found]:
        below = min(self._below, (day + 1) << N_BITS)
        try:
            day_file = connect(self._days.path(day))
        except apsw.CantOpenError:
            # None of it is sealed yet, or the file is lost.
            self._complete &= not any(candidates.sealed(self._catalogue, day, below))
            return
        with closing(day_file), reading(day_file):
            for ids in self._candidates(day_file, day, below):
                for call in self._rows(ids):
                    if call.id not in known and (found := self._in_frame(day_file, call)):
                        yield found
                    if self._clock() >= until:
                        self._cut = call.id
                        return
                if self._clock() >= until:
                    self._cut = ids[-1]
                    return

    def _candidates(self, day_file: Connection, day: int, below: int) -> Iterator[Sequence[int]]:
        try:
            if candidates.is_indexed(day_file):
                yield from candidates.indexed(day_file, day, below, self._sought.expression)
                return
        except UNREADABLE:
            self._complete = False
            return
        yield from candidates.sealed(self._catalogue, day, below)

    def _in_frame(self, day_file: Connection, call: IndexedCall) -> Found | None:
        select = "SELECT first_error_us, first_error, frame FROM frame WHERE call_id = ?"
        try:
            for error_us, error, frame in day_file.rows(select, (call.id,)):
                opened = Frame(frame)
                if shown := self._sought.shown(opened.text):
                    first = earlier_error((call.first_error_us, call.first_error), (error_us, error))
                    return self._found(call, call.call(self._horizon, first[1]), shown, opened.entries)
        except UNREADABLE:
            self._days.suspect(call.id)
            self._complete = False
        return None

    # -- in both -------------------------------------------------------------------------------------

    def _rows(self, ids: Sequence[int]) -> list[IndexedCall]:
        """Those of the calls whose rows match, the newest first."""
        rows = self._catalogue.rows(
            f"SELECT {COLUMNS} FROM carray(?) AS ids CROSS JOIN call ON id = ids.value "  # noqa: S608 - fixed texts
            f"WHERE {self._where} ORDER BY id DESC",
            (numbers(ids), *self._values),
        )
        return list(map(indexed, rows))

    def _found(
        self, call: IndexedCall, row: Call, shown: Shown, entries: Callable[[], Sequence[StoredEntry]]
    ) -> Found:
        """Raises StoreDamaged."""
        now = now_line(self._catalogue, call, self._horizon)
        arrival = None if shown.place is None else entries()[shown.place].arrival
        return Found(call.id, replace(row, now=now, found=shown.line, found_arrival=arrival))
