"""An account's calls and their followers, by what these ask for."""

import asyncio
from collections.abc import Mapping

from ringlog.call_log import CallLog
from ringlog.errors import NoSuchCall
from ringlog.following.news import Follower, News
from ringlog.model import FOR_EVER_US, MICROSECONDS, Call, CallQuery, Clock
from ringlog.wire.events import call_event, gone_event, snapshot_event

MOST_ROWS = 200
"""Read one by one at a time; where more changed, lists begin anew with a snapshot."""
SNAPSHOT_EVERY_US = MICROSECONDS
MOST_SHOWN = 10_000
"""Calls of a list that are remembered; what becomes of those shown before is not told any more."""

BEHIND_ALL = 2**62
"""Behind every arrival number: a tail from there has no entries."""

Rows = Mapping[str, tuple[Call, bytes] | None]
"""What became of calls: their rows, and these encoded; None: gone."""


class View:
    """All who ask for the same calls."""

    def __init__(self, query: CallQuery) -> None:
        self.query = query
        self.followers: set[Follower] = set()
        self.due_us = FOR_EVER_US
        self._shown: dict[str, int] = {}
        """Calls that followers may show, and until when their rows hold; the last told at the end."""

    def show(self, call: Call) -> None:
        self._shown.pop(call.session_id, None)
        self._shown[call.session_id] = call.until_us
        self.due_us = min(self.due_us, call.until_us)
        if len(self._shown) > MOST_SHOWN:
            del self._shown[next(iter(self._shown))]

    def show_nothing(self) -> None:
        self._shown.clear()
        self.due_us = FOR_EVER_US

    def due(self, now_us: int) -> list[str]:
        """Shown calls whose rows the clock has changed."""
        if now_us < self.due_us:
            return []
        self.due_us = min((us for us in self._shown.values() if us > now_us), default=FOR_EVER_US)
        return [session_id for session_id, us in self._shown.items() if us <= now_us]

    def tell_rows(self, rows: Rows) -> None:
        told = b"".join([self._event(session_id, row) for session_id, row in rows.items()])
        if told:
            self.tell(News(told))

    def _event(self, session_id: str, row: tuple[Call, bytes] | None) -> bytes:
        if row and self.query.matches(row[0]):
            self.show(row[0])
            return row[1]
        return b"" if self._shown.pop(session_id, None) is None else gone_event(session_id)

    def tell(self, news: News) -> None:
        for follower in list(self.followers):
            follower.tell(news)


class FollowedCalls:
    """All lists of one account that are followed."""

    def __init__(self, call_log: CallLog, account_id: int, clock: Clock) -> None:
        self._call_log = call_log
        self._account_id = account_id
        self._clock = clock
        self._views: dict[CallQuery, View] = {}
        self._changed: set[str] = set()
        self._changes = 0
        self._snapshots: dict[CallQuery, tuple[int, asyncio.Task[News]]] = {}
        self._snapshot_us = 0
        """When lists began anew the last time."""

    @property
    def followed(self) -> bool:
        return bool(self._views)

    @property
    def due_us(self) -> int:
        return min((view.due_us for view in self._views.values()), default=FOR_EVER_US)

    def add(self, follower: Follower, query: CallQuery) -> None:
        self._views.setdefault(query, View(query)).followers.add(follower)

    def remove(self, follower: Follower, query: CallQuery) -> None:
        if view := self._views.get(query):
            view.followers.discard(follower)
            if not view.followers:
                del self._views[query]
                self._snapshots.pop(query, None)

    def changed(self, session_ids: set[str]) -> None:
        self._changed |= session_ids
        self._changes += 1

    async def snapshot(self, query: CallQuery) -> News:
        """The list as it is now; the same one for all who ask before anything changes."""
        known = self._snapshots.get(query)
        if not known or known[0] != self._changes or (known[1].done() and known[1].exception()):
            known = self._changes, asyncio.ensure_future(self._snapshot(query))
            self._snapshots[query] = known
        return await asyncio.shield(known[1])

    async def _snapshot(self, query: CallQuery) -> News:
        calls = (await self._call_log.calls(self._account_id, query)).calls
        if view := self._views.get(query):
            for call in reversed(calls):
                view.show(call)
        return News(snapshot_event(calls))

    async def flush(self) -> bool:
        now_us = self._clock()
        due = {session_id for view in self._views.values() for session_id in view.due(now_us)}
        self._changed |= due
        if due:
            self._changes += 1
        if len(self._changed) > MOST_ROWS:
            return await self._begin_anew(now_us)
        changed, self._changed = self._changed, set()
        rows = {session_id: await self._row(session_id) for session_id in changed}
        for view in list(self._views.values()):
            view.tell_rows(rows)
        return bool(self._changed)

    async def _row(self, session_id: str) -> tuple[Call, bytes] | None:
        try:
            call = (await self._call_log.tail(self._account_id, session_id, BEHIND_ALL)).call
        except NoSuchCall:
            return None
        return call, call_event(call)

    async def _begin_anew(self, now_us: int) -> bool:
        """Too much changed to tell it row by row; once a second at most, whatever else changes."""
        if 0 <= now_us - self._snapshot_us < SNAPSHOT_EVERY_US:
            return True
        self._snapshot_us = now_us
        self._changed.clear()
        for query, view in list(self._views.items()):
            view.show_nothing()
            view.tell(await self.snapshot(query))
        return bool(self._changed)

    def cut(self) -> None:
        views, self._views = self._views, {}
        self._snapshots.clear()
        for view in views.values():
            for follower in view.followers:
                follower.cut()
