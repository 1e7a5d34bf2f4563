"""The service: append, read, list, follow, delete, expire. The clock and the rules of age enter here."""

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Protocol

from ringlog.config import Retention
from ringlog.errors import DetailsGone, NoSuchCall
from ringlog.model import (
    Appended,
    Batch,
    Call,
    CallBatch,
    CallPage,
    CallQuery,
    Clock,
    Detail,
    EntryRecord,
    Expired,
    Health,
    Horizon,
    LogText,
    Tail,
    entry_text,
    mask,
)
from ringlog.overview import Overview, Period
from ringlog.store.base import CallStore


class Watcher(Protocol):
    """Told of every change before the one who made it is answered."""

    def changed(self, account_id: int, session_ids: Iterable[str]) -> None: ...

    def deleted(self, account_id: int, session_id: str) -> None: ...

    def expired(self) -> None:
        """Days or call rows were dropped."""
        ...


class CallLog:
    """What happened in the calls of all accounts."""

    def __init__(self, store: CallStore, retention: Retention, clock: Clock) -> None:
        self._store = store
        self._retention = retention
        self._clock = clock
        self._watchers: list[Watcher] = []

    def watch(self, watcher: Watcher) -> None:
        self._watchers.append(watcher)

    @property
    def retention(self) -> Retention:
        return self._retention

    def _horizon(self) -> Horizon:
        return self._retention.horizon(self._clock())

    async def append(self, account_id: int, batch: Batch) -> Appended:
        """Stores a request's records, all or nothing; returns after they are durable.

        Raises BeyondRetention, Conflict, StoreFault.
        """
        for call in batch.values():
            redact(call)
        try:
            return await self._store.append(account_id, batch, self._horizon())
        finally:
            for watcher in self._watchers:
                watcher.changed(account_id, batch)

    async def read(self, account_id: int, session_id: str) -> Detail:
        """Raises NoSuchCall, DetailsGone, StoreFault."""
        return await self._store.read(account_id, session_id, self._horizon())

    async def log(self, account_id: int, session_id: str) -> LogText:
        """The text of `read`, sooner. Raises the same."""
        return await self._store.log(account_id, session_id, self._horizon())

    async def call(self, account_id: int, session_id: str) -> Call:
        """Raises NoSuchCall, StoreFault."""
        return await self._store.call(account_id, session_id, self._horizon())

    async def tail(self, account_id: int, session_id: str, after: int) -> Tail:
        """What arrived behind `after`. Raises NoSuchCall, StoreFault."""
        return await self._store.tail(account_id, session_id, after, self._horizon())

    async def calls(self, account_id: int, query: CallQuery) -> CallPage:
        return await self._store.calls(account_id, query, self._horizon())

    async def overview(self, account_id: int, period: Period, application: str | None = None) -> Overview:
        """What the calls of a period say together; of which application the flow is, None: of the busiest."""
        return await self._store.overview(account_id, period, application, self._horizon())

    async def details(self, account_id: int, query: CallQuery, page: int = 100) -> AsyncIterator[Detail]:
        """The details of the calls that match, one by one, read in pages by key so that memory stays flat.

        A call whose details go while this runs is left out.
        """
        left = query.limit
        query = replace(query, count=False)
        while left > 0:
            query = replace(query, limit=min(page, left))
            found = await self.calls(account_id, query)
            for call in found.calls:
                try:
                    yield await self.read(account_id, call.session_id)
                except (NoSuchCall, DetailsGone):
                    continue
            if found.next is None:
                return
            left -= len(found.calls)
            query = replace(query, offset=0, after=found.next)

    async def delete(self, account_id: int, session_id: str) -> None:
        """Deletes the call for good. Raises NoSuchCall, StoreFault."""
        try:
            await self._store.delete_call(account_id, session_id, self._clock())
        finally:
            for watcher in self._watchers:
                watcher.deleted(account_id, session_id)

    async def seal(self) -> int:
        """Seals the calls that ended and are quiet; returns how many."""
        return await self._store.seal(self._horizon())

    async def expire(self) -> Expired:
        """Drops what is too old, as the clock says that somebody has looked at."""
        return await self._expire(self._horizon())

    async def expire_if_steady(self) -> Expired | None:
        """The same where nobody looks at the clock: None, and nothing goes, for a day after it leapt."""
        horizon = self._horizon()
        return await self._expire(horizon) if await self._store.steady(horizon.now_us) else None

    async def _expire(self, horizon: Horizon) -> Expired:
        expired = await self._store.expire(horizon)
        if any(expired):
            for watcher in self._watchers:
                watcher.expired()
        return expired

    async def health(self) -> Health:
        return await self._store.health()


def redact(call: CallBatch) -> None:
    """Masks the private entries of `call` in place, before anything is compared or written."""
    if any(entry.private for entry in call.entries):
        call.entries = [masked(entry) if entry.private else entry for entry in call.entries]


def masked(entry: EntryRecord) -> EntryRecord:
    decoded = json.loads(entry.text)
    line, data = mask(decoded["event"]["line"], decoded["event"]["data"])
    text = entry_text(entry.kind, line, data, decoded["timestamp"])
    return entry._replace(line=line, text=text, ending=None)
