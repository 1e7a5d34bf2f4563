"""Where calls are: in a store on this machine, or at a server elsewhere; commands see no difference."""

import asyncio
import getpass
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from ringlog.call_log import CallLog
from ringlog.cli import following
from ringlog.cli.answers import RECORD, checked, understood
from ringlog.cli.following import Fresh
from ringlog.cli.records import record_lines
from ringlog.cli.terminal import asks_nobody
from ringlog.cli.where import Where
from ringlog.client.http import Answer, Server
from ringlog.config import Retention, store_folder
from ringlog.errors import (
    ConfigurationFault,
    DetailsGone,
    Refused,
)
from ringlog.model import Appended, Batch, Call, CallPage, CallQuery, StoredEntry, in_order
from ringlog.store.sqlite.disk.faults import must_hold_a_store
from ringlog.store.sqlite.store import SqliteStore
from ringlog.wire.native import call_from_row, stored_from_entry
from ringlog.wire.xml import entries_xml

T = TypeVar("T")

SERVED: Mapping[str, Callable[[bytes], bytes]] = {
    "application/json": lambda entries: b"[" + entries + b"]",
    "application/xml": entries_xml,
}
"""An entries' text as `/api/call/{id}` answers it."""

PAGE = 1000
"""Calls or entries asked of a server at once."""


def now_us() -> int:
    return time.time_ns() // 1000


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


class Place(Protocol):
    async def calls(self, query: CallQuery) -> CallPage:
        """The total only where the query asks for it and the place knows it."""
        ...

    async def detail(self, session_id: str) -> tuple[Call, Sequence[StoredEntry]]:
        """The call and its entries in Order; none where the details are gone. Raises NoSuchCall."""
        ...

    def follow(self, session_id: str, after: int) -> AsyncIterator[Fresh]:
        """What comes behind that arrival number, until the call has ended and is quiet."""
        ...

    def follow_calls(self, query: CallQuery) -> AsyncIterator[Sequence[Call]]:
        """The list, and then whole rows of it, changed or not, for ever."""
        ...

    async def served(self, session_id: str, media_type: str) -> bytes:
        """What `/api/call/{id}` answers. Raises NoSuchCall, DetailsGone."""
        ...

    async def append(self, batch: Batch) -> Appended:
        """Raises BeyondRetention, Conflict and what else refuses it."""
        ...

    async def delete(self, session_id: str) -> None:
        """Deletes the call for good. Raises NoSuchCall."""
        ...


class LocalPlace:
    def __init__(self, log: CallLog, account_id: int) -> None:
        self._log = log
        self._account_id = account_id

    async def calls(self, query: CallQuery) -> CallPage:
        """Of a search, whose pages may be short, page after page."""
        found: list[Call] = []
        complete, left = True, query
        while True:
            page = await self._log.calls(self._account_id, left)
            found += page.calls
            complete &= page.complete
            if page.next is None or len(found) >= query.limit:
                return CallPage(found, page.total, page.next, complete)
            left = replace(query, after=page.next, limit=query.limit - len(found))

    async def detail(self, session_id: str) -> tuple[Call, Sequence[StoredEntry]]:
        try:
            detail = await self._log.read(self._account_id, session_id)
        except DetailsGone:
            return await self._log.call(self._account_id, session_id), ()
        return detail.call, detail.entries

    def follow(self, session_id: str, after: int) -> AsyncIterator[Fresh]:
        return following.looked_at(self._log, self._account_id, session_id, after)

    def follow_calls(self, query: CallQuery) -> AsyncIterator[Sequence[Call]]:
        return following.list_looked_at(self._log, self._account_id, query)

    async def served(self, session_id: str, media_type: str) -> bytes:
        detail = await self._log.read(self._account_id, session_id)
        return SERVED[media_type](detail.text)

    async def append(self, batch: Batch) -> Appended:
        return await self._log.append(self._account_id, batch)

    async def delete(self, session_id: str) -> None:
        await self._log.delete(self._account_id, session_id)


class _Page(msgspec.Struct):
    """An answer of `GET /v1/calls/{id}`; the entries keep their bytes."""

    call: dict[str, Any]
    entries: list[msgspec.Raw]
    next: int | None


class RemotePlace:
    def __init__(self, server: Server) -> None:
        self._server = server

    async def calls(self, query: CallQuery) -> CallPage:
        asked = filters(query)
        found: list[Call] = []
        cursor: str | None = None
        complete = True
        while len(found) < query.limit:
            limit = min(PAGE, query.limit - len(found))
            answer = self._get("/v1/calls", {**asked, "limit": limit, "cursor": cursor})
            with understood(self._server):
                page = answer.json()
                found += [call_from_row(row) for row in page["calls"]]
                cursor = page["next"]
                complete &= page["complete"]
            if cursor is None:
                break
        return CallPage(found, None, complete=complete)

    async def detail(self, session_id: str) -> tuple[Call, Sequence[StoredEntry]]:
        entries: list[StoredEntry] = []
        after: int | None = None
        while True:
            answer = self._get(f"/v1/calls/{quote(session_id, safe='')}", {"after": after, "limit": PAGE})
            with understood(self._server):
                page = msgspec.json.decode(answer.body, type=_Page)
                entries += [stored_from_entry(bytes(entry)) for entry in page.entries]
                call = call_from_row(page.call)
            after = page.next
            if after is None:
                return call, in_order(entries)

    def follow(self, session_id: str, after: int) -> AsyncIterator[Fresh]:
        return following.told(self._server, session_id, after)

    def follow_calls(self, query: CallQuery) -> AsyncIterator[Sequence[Call]]:
        limit = min(query.limit, following.MOST_ROWS)
        return following.list_told(self._server, {**filters(query), "limit": limit})

    async def served(self, session_id: str, media_type: str) -> bytes:
        target = f"/api/call/{quote(session_id, safe='')}"
        answer = self._server.request("GET", target, headers={"Accept": media_type})
        if not answer.ok:
            # Why, in the form that errors are read in here.
            answer = self._server.request("GET", target)
        return checked(answer).body

    async def append(self, batch: Batch) -> Appended:
        headers = {"Content-Type": "application/x-ndjson"}
        lines, numbers = record_lines(batch)
        try:
            answer = checked(self._server.request("POST", "/v1/ingest", lines, headers))
        except Refused as error:
            raise renumbered(error, numbers) from None
        with understood(self._server):
            counts = answer.json()
            return Appended(counts["accepted"], counts["duplicates"], counts.get("dropped", 0))

    async def delete(self, session_id: str) -> None:
        checked(self._server.request("DELETE", f"/v1/calls/{quote(session_id, safe='')}"))

    def _get(self, path: str, query: Mapping[str, str | int | None]) -> Answer:
        return checked(self._server.request("GET", following.target(path, query)))


def filters(query: CallQuery) -> dict[str, str | int | None]:
    """As a server's query names them."""
    return {
        "since": query.start_s,
        "until": query.end_s,
        "number": query.number or None,
        "type": query.type,
        "state": query.state,
        "application": query.application or None,
        "class": query.kind,
        "module_type": query.module_type or None,
        "text": query.text or None,
    }


def renumbered(error: Refused, numbers: Sequence[int]) -> Refused:
    """The refusal with the numbers of the records that were read: a server counts the lines it was sent."""
    message = RECORD.sub(lambda found: f"Record {numbers[int(found[1]) - 1]}", error.message, count=1)
    return type(error)(message, sorted({numbers[number - 1] for number in error.records}))


@asynccontextmanager
async def opened(where: Where, *, append: bool = False) -> AsyncGenerator[Place]:
    """The place that the options name. Raises ConfigurationFault, NoSuchAccount, StoreFault."""
    if where.to:
        server = Server(where.to, where.email, developer_key(where.key_file))
        try:
            yield RemotePlace(server)
        finally:
            server.close()
        return
    store = await SqliteStore.open(existing(where.store), append=append)
    try:
        account_id = await chosen(store, where.account)
        retention = Retention(where.retention_days, where.calls_days, where.idle_minutes)
        yield LocalPlace(CallLog(store, retention, now_us), account_id)
    finally:
        await store.close()


def existing(store: str) -> Path:
    """The store's folder. Raises ConfigurationFault where no store is, so that a slip makes no new one;
    StoreDamaged where its catalogue is lost.
    """
    folder = store_folder(store)
    must_hold_a_store(folder)
    return folder


async def chosen(store: SqliteStore, email: str) -> int:
    """Whose calls are meant: the account named, else the only one."""
    if email:
        return (await store.account(email)).id
    accounts = await store.accounts()
    if not accounts:
        raise ConfigurationFault("This store has no account yet; make one with: ringlog account add EMAIL")
    if len(accounts) > 1:
        raise ConfigurationFault("This store has several accounts; name one with --account EMAIL.")
    return accounts[0].id


def developer_key(file: Path | None) -> str:
    """From the file, else RINGLOG_KEY, else asked for on a terminal. Raises ConfigurationFault, OSError."""
    if file:
        try:
            return file.read_text().strip()
        except UnicodeDecodeError:
            raise ConfigurationFault(f"{file} holds no developer key.") from None
    if key := os.environ.get("RINGLOG_KEY"):
        return key
    if asks_nobody():
        raise ConfigurationFault("There is no developer key; set RINGLOG_KEY or name a --key-file.")
    return getpass.getpass("Developer key: ")
