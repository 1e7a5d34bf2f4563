"""A store that is told a story and then searched."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ringlog.model import CallPage, CallQuery, Place
from ringlog.store.sqlite.calls.searching import Searching
from ringlog.store.sqlite.day.days import Days
from ringlog.store.sqlite.disk import catalogue
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon


def found(
    folder: Path, account_id: int, query: CallQuery, clock: Callable[[], float] = lambda: 0
) -> CallPage:
    connection, days = catalogue.connect(folder / "catalogue.db"), Days(folder / "days")
    try:
        return Searching(connection, days, account_id, query, horizon(DAY), clock=clock).page()
    finally:
        connection.close()
        days.close()


def ids(page: CallPage) -> list[str]:
    return [call.session_id for call in page.calls]


def all_of(search: Callable[[Place | None], CallPage]) -> list[str]:
    """Of all pages."""
    page = search(None)
    names = ids(page)
    while page.next is not None:
        page = search(page.next)
        names += ids(page)
    return names


def tell(folder: Path, story: Callable[[SqliteStore, int], Awaitable[None]], **more: Any) -> None:
    async def told() -> None:
        store = await SqliteStore.open(folder, append=True, **more)
        try:
            await story(store, (await store.add_account("a@example.com", NOW)).id)
        finally:
            await store.close()

    asyncio.run(told())


async def say(store: SqliteStore, account_id: int, *names: str, at: int = NOW, line: str = "hello") -> None:
    for name in names:
        await store.append(account_id, batch(entry(name, line=line, time_us=at), ended(name, at)), horizon())
