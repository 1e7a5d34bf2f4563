"""What is new of calls, as it comes: from a server's events, or from a store that is looked at again."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode

import msgspec
import typer

from ringlog.call_log import CallLog
from ringlog.cli.answers import checked, understood
from ringlog.client.http import Server
from ringlog.errors import NoSuchCall, StoreFault, Unreachable
from ringlog.model import Call, CallQuery, StoredEntry
from ringlog.wire.events import Event, parsed
from ringlog.wire.native import call_from_row, stored_from_entry

LOOK_EVERY_S = 0.5
RETRY_EVERY_S = 1.0
MOST_ROWS = 1000
"""A server's list begins with no more."""


class Fresh(NamedTuple):
    """What is new of one call."""

    call: Call | None
    """Its row, where that changed."""
    entries: Sequence[StoredEntry]


# -- a store on this machine -------------------------------------------------------------------------


async def looked_at(log: CallLog, account_id: int, session_id: str, after: int) -> AsyncIterator[Fresh]:
    """Until the call has ended and is quiet. Raises NoSuchCall, StoreFault."""
    known: Call | None = None
    while True:
        tail = await log.tail(account_id, session_id, after)
        after = tail.arrival
        if tail.entries or tail.call != known:
            yield Fresh(tail.call, tail.entries)
        known = tail.call
        if tail.quiet and not tail.more:
            return
        if not tail.more:
            await asyncio.sleep(LOOK_EVERY_S)


async def list_looked_at(log: CallLog, account_id: int, query: CallQuery) -> AsyncIterator[Sequence[Call]]:
    """The list first, then again and again; those that ran, also where newer ones push them out of it."""
    running: set[str] = set()
    while True:
        calls = (await log.calls(account_id, query)).calls
        listed = {call.session_id for call in calls}
        older = [await _row(log, account_id, session_id) for session_id in running - listed]
        found = [*calls, *(call for call in older if call)]
        running = {call.session_id for call in found if call.end_s is None}
        yield found
        await asyncio.sleep(LOOK_EVERY_S)


async def _row(log: CallLog, account_id: int, session_id: str) -> Call | None:
    try:
        return await log.call(account_id, session_id)
    except NoSuchCall:
        return None


# -- a server elsewhere ------------------------------------------------------------------------------


def target(path: str, query: Mapping[str, str | int | None]) -> str:
    given = {key: value for key, value in query.items() if value is not None}
    return f"{path}?{urlencode(given)}"


def events(server: Server, where: str, *, reached: bool = False) -> Iterator[Event]:
    """Across interruptions, until the server says that it was the last.

    Raises Unreachable where the server was never reached, `reached` before or here, and what a refusal
    stands for.
    """
    last_id, said = "", False
    while True:
        try:
            answer, lines = server.lines(where, {"Last-Event-ID": last_id} if last_id else {})
            if answer.status == 204:
                return
            checked(answer)
            reached, said = True, False
            for event in parsed(lines, last_id):
                last_id = event.id
                yield event
                if event.name == "end":
                    return
        except (Unreachable, StoreFault):
            if not reached:
                raise
        if not said:
            typer.echo("Reconnecting…", err=True)
            said = True
        time.sleep(RETRY_EVERY_S)


async def told(server: Server, session_id: str, after: int) -> AsyncIterator[Fresh]:
    """Until the call has ended and is quiet. The server gave what is up to `after`, so it was reached."""
    where = f"/v1/calls/{quote(session_id, safe='')}"
    for event in events(server, f"{where}/follow?after={after}", reached=True):
        with understood(server):
            if event.name == "call":
                yield Fresh(call_from_row(msgspec.json.decode(event.data)), ())
            elif event.name == "entry":
                yield Fresh(None, [stored_from_entry(event.data)])
            elif event.name == "end":
                return
    # It ended while nobody was connected, without another entry: then no event brings its row.
    row = checked(server.request("GET", f"{where}?limit=1"))
    with understood(server):
        yield Fresh(call_from_row(row.json()["call"]), ())


async def list_told(server: Server, asked: Mapping[str, str | int | None]) -> AsyncIterator[Sequence[Call]]:
    """The list first, then what changes in it."""
    for event in events(server, target("/v1/follow", asked)):
        with understood(server):
            if event.name == "snapshot":
                yield [call_from_row(row) for row in msgspec.json.decode(event.data)["calls"]]
            elif event.name == "call":
                yield [call_from_row(msgspec.json.decode(event.data))]
