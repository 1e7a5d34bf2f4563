"""`GET /v1/calls/{session_id}/follow` and `GET /v1/follow`, as server-sent events."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from ringlog.call_log import CallLog
from ringlog.errors import BadInput, RinglogError, StoreBusy
from ringlog.following.following import Following
from ringlog.following.news import news_of
from ringlog.model import CallQuery, Clock, Scope, Tail
from ringlog.web import asgi
from ringlog.web.connections import transport
from ringlog.web.filters import call_query
from ringlog.web.followers import MOST_BEHIND_US, Connection, Followers
from ringlog.web.ingest import refuse
from ringlog.web.numbers import bounded, whole_number
from ringlog.web.paths import session_id
from ringlog.web.readers import Reader, Readers, reader
from ringlog.web.statuses import Forbidden, MethodNotAllowed, Unauthorized
from ringlog.wire.events import RECONNECT

DEFAULT_CALLS = 100
MAX_CALLS = 1000
PIECE_BYTES = 64 * 2**10
SENT_WITHIN_S = MOST_BEHIND_US / 1_000_000
EVENTS = b"text/event-stream"
HEADERS = (
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"connection", b"close"),
)


class Follow:
    """Answers these two addresses; the edge says which one a request is for."""

    def __init__(
        self, call_log: CallLog, following: Following, readers: Readers, followers: Followers, clock: Clock
    ) -> None:
        self._call_log = call_log
        self._following = following
        self._readers = readers
        self._followers = followers
        self._clock = clock

    async def call(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send, raw_id: bytes) -> None:
        """The entries of one call behind `Last-Event-ID`, or `after` in the query, and its row."""
        try:
            reader, account_id = await self._admitted(scope)
            wanted = session_id(raw_id)
            after = place(scope)
            tail = await self._tail(account_id, wanted, after or 0)
        except Exception as error:  # whatever it is, the client gets a sentence and no internals
            await refuse(scope, send, error)
            return
        if after is not None and tail.quiet and not tail.entries:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        connection = Connection(transport(scope), self._clock)
        whose = connection, account_id, wanted
        self._followers.add(reader, connection)
        self._following.follow_call(*whose, None)
        try:
            await send(asgi.start(200, EVENTS, HEADERS))
            if told := await self._caught_up(*whose, tail, send):
                self._following.follow_call(*whose, told)
                connection.begin()
                await left(receive)
        except RinglogError:  # who asks again is told which
            connection.abort()
        finally:
            self._following.leave_call(*whose)
            self._followers.remove(reader, connection)

    async def _tail(self, account_id: int, session_id: str, after: int) -> Tail:
        """Raises NoSuchCall, StoreFault; BadInput where no follower can have come so far."""
        tail = await self._call_log.tail(account_id, session_id, after)
        if after > tail.last_arrival:
            raise BadInput("Last-Event-ID is none that a follower of this call was given.")
        return tail

    async def _caught_up(
        self, connection: Connection, account_id: int, session_id: str, tail: Tail, send: asgi.Send
    ) -> Tail | None:
        """Sends what is stored, in pieces and no faster than it is read; the last tail that was sent.

        None where the call has ended, or the client is there no longer.
        """
        news = news_of(tail)
        events = RECONNECT + news.events
        while True:
            await sent(connection, send, events, more_body=not news.last)
            if news.last or not connection.open:
                return None
            if not tail.more:
                return tail
            told, tail = tail, await self._call_log.tail(account_id, session_id, tail.arrival)
            news = news_of(tail, told)
            events = news.events

    async def calls(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        """The calls that the query's filters keep."""
        try:
            reader, account_id = await self._admitted(scope)
            asked = asgi.query(scope)
            query = replace(of_rows(asked), limit=bounded("limit", asked, DEFAULT_CALLS, MAX_CALLS))
            connection = Connection(transport(scope), self._clock)
            snapshot = await self._following.follow_calls(connection, account_id, query)
        except Exception as error:  # whatever it is, the client gets a sentence and no internals
            await refuse(scope, send, error)
            return
        self._followers.add(reader, connection)
        try:
            await send(asgi.start(200, EVENTS, HEADERS))
            await sent(connection, send, RECONNECT + snapshot.events, more_body=True)
            connection.begin()
            await left(receive)
        finally:
            self._following.leave_calls(connection, account_id, query)
            self._followers.remove(reader, connection)

    def end(self) -> None:
        self._followers.end()

    async def _admitted(self, scope: asgi.Scope) -> tuple[Reader, int]:
        """Who reads, and whose calls. Raises Unauthorized, MethodNotAllowed, Forbidden, StoreBusy."""
        who = reader(scope)
        principal = await self._readers.principal(who)
        if not principal:
            raise Unauthorized
        if scope["method"] != "GET":
            raise MethodNotAllowed("GET")
        if Scope.READ not in principal.scopes:
            raise Forbidden
        if self._followers.ending:
            raise StoreBusy("The server is going down; try again.")
        return who, principal.account_id


def place(scope: asgi.Scope) -> int | None:
    """The arrival number behind which a follower goes on. Raises BadInput."""
    if given := asgi.header(scope, b"last-event-id"):
        return whole_number("Last-Event-ID", given.decode("latin-1"))
    after = asgi.query(scope).get("after")
    return whole_number("after", after) if after else None


def of_rows(asked: Mapping[str, str]) -> CallQuery:
    """The filters. Raises BadInput, also where a row cannot tell whether they keep it."""
    query = call_query(asked)
    if query.searches:
        raise BadInput("Calls are followed by what their rows say: /v1/calls searches their entries.")
    return query


async def sent(connection: Connection, send: asgi.Send, body: bytes, *, more_body: bool) -> None:
    """Sends it in pieces; cuts the connection where one of them is not taken in time."""
    try:
        for at in range(0, len(body), PIECE_BYTES):
            piece = body[at : at + PIECE_BYTES]
            more = more_body or at + PIECE_BYTES < len(body)
            async with asyncio.timeout(SENT_WITHIN_S):
                await send({"type": "http.response.body", "body": piece, "more_body": more})
    except TimeoutError:
        connection.abort()


async def left(receive: asgi.Receive) -> None:
    """Returns when the connection is no more."""
    while (await receive())["type"] != "http.disconnect":
        pass
