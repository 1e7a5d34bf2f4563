"""The contract as code: `/api/…` and `/v1/ingest`, answered before anything else looks at a request.

Everything under `/api/` is authenticated first (401), then it must be an address (404), then its method must
be GET (405), then it is looked up. Every error is one object with one key, `error`, in the format that was
asked for.
Ids are taken from the raw path, percent-decoded once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import structlog

from ringlog.accounts import Accounts, Principal
from ringlog.call_log import CallLog
from ringlog.errors import NoSuchCall, StoreFault
from ringlog.model import CallQuery, Clock, Detail, Scope
from ringlog.web import asgi
from ringlog.web.asgi import encode
from ringlog.web.connections import transport
from ringlog.web.follow import Follow
from ringlog.web.ingest import Ingest
from ringlog.web.negotiate import wants_xml
from ringlog.web.numbers import instant, whole_number
from ringlog.web.paths import session_id
from ringlog.web.ready import LARGEST_BYTES, ReadyAnswers, Wanted
from ringlog.web.rows import JsonStream, XmlStream, list_row, log_json, log_xml
from ringlog.web.statuses import MethodNotAllowed, NoSuchAddress, Unauthorized, sentence, status_of
from ringlog.wire import xml

CALL = b"/api/call/"
NATIVE_CALL = b"/v1/calls/"
CALL_PAGE = b"/calls/"
FOLLOW = b"/follow"
LISTS = (b"calls", b"all_logs")
WINDOW = 4
"""Parts of `/api/calls/{start}/{end}` behind its first slash."""

DEFAULT_LIMIT = 1000
MAX_LIMIT = 10_000
WRITTEN_HERE_BYTES = 64 * 2**10
STREAM_BYTES = 64 * 2**10
"""A streamed answer is sent in pieces of about so much."""
UNREAD_S = 10
"""How long nothing of a streamed answer may be read: others wait for their turn."""
LARGE_AT_ONCE = 8
"""Logs above what is kept ready have up to 16 MiB: only so many are in memory, until they were read."""

log = structlog.get_logger()

Stream = Callable[[asgi.Send], Awaitable[None]]
Answer = asgi.Message | Stream
T = TypeVar("T", bytes, Detail)


class Edge:
    """The ASGI application: the contract's addresses and ingest are its own, the rest goes `beyond`."""

    def __init__(
        self,
        call_log: CallLog,
        accounts: Accounts,
        ingest: Ingest,
        follow: Follow,
        *,
        beyond: asgi.App,
        clock: Clock,
    ) -> None:
        self._call_log = call_log
        self._accounts = accounts
        self._ingest = ingest
        self._follow = follow
        self._beyond = beyond
        self._ready = ReadyAnswers(clock)
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        call_log.watch(self._ready)

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        path: bytes = scope.get("raw_path") or b""
        if scope["type"] != "http":
            await self._beyond(scope, receive, send)
        elif path.startswith(b"/api/"):
            await self._contract(scope, path, send)
        elif path == b"/v1/ingest":
            await self._ingest(scope, receive, send)
        elif path.startswith(NATIVE_CALL):
            await self._native_call(scope, path[len(NATIVE_CALL) :], receive, send)
        elif path == b"/v1/follow":
            await self._follow.calls(scope, receive, send)
        elif path.startswith(CALL_PAGE):
            await self._beyond({**scope, "path": "/calls/id"}, receive, send)
        else:
            await self._beyond(scope, receive, send)

    async def _native_call(
        self, scope: asgi.Scope, rest: bytes, receive: asgi.Receive, send: asgi.Send
    ) -> None:
        """A slash of an id's own is percent-encoded here, so `/follow` at the end is none."""
        if rest.endswith(FOLLOW):
            await self._follow.call(scope, receive, send, rest.removesuffix(FOLLOW))
        else:
            # Litestar folds the slashes of a decoded path; the handler takes the id from the raw one.
            await self._beyond({**scope, "path": "/v1/calls/id"}, receive, send)

    def end_following(self) -> None:
        """Ends all answers that would go on; no more of them begin."""
        self._follow.end()

    async def _contract(self, scope: asgi.Scope, path: bytes, send: asgi.Send) -> None:
        headers = asgi.headers(scope)
        as_xml = wants_xml(headers.get(b"accept", b""))
        try:
            principal = await self._authenticated(headers.get(b"authorization", b""))
            if path.startswith(CALL):
                allow_get(scope)
                answer = await self._log(principal.account_id, path[len(CALL) :], as_xml)
            else:
                answer = await self._list(scope, path, principal.account_id, as_xml)
        except Exception as error:  # whatever it is, the client gets a sentence and no internals
            await send_error(send, error, as_xml)
        else:
            await sent(answer, scope, send)

    async def _authenticated(self, header: bytes) -> Principal:
        principal = self._accounts.remembered(header) or await self._accounts.authenticate(header)
        if not principal or Scope.READ not in principal.scopes:
            raise Unauthorized
        return principal

    async def _list(self, scope: asgi.Scope, path: bytes, account_id: int, as_xml: bool) -> Answer:
        parts = path[1:].split(b"/")
        if len(parts) != WINDOW or parts[1] not in LISTS:
            raise NoSuchAddress
        allow_get(scope)
        query = window(parts[2], parts[3], asgi.query(scope))
        if parts[1] == b"calls":
            return await self._calls(account_id, query, as_xml)
        return await self._all_logs(account_id, query, as_xml)

    async def _log(self, account_id: int, raw: bytes, as_xml: bool) -> Answer:
        """A raw `+` is first taken literally, then, if there is no such call, as a blank (urlencode)."""
        try:
            return await self._message(account_id, session_id(raw), as_xml)
        except NoSuchCall:
            if b"+" not in raw:
                raise
        return await self._message(account_id, session_id(raw.replace(b"+", b" ")), as_xml)

    async def _message(self, account_id: int, session_id: str, as_xml: bool) -> Answer:
        wanted = account_id, session_id, as_xml
        body = self._ready.find(wanted)
        if not body:
            changes = self._ready.changes
            text, until_us = await self._call_log.log(account_id, session_id)
            if len(text) > LARGEST_BYTES:
                return partial(self._in_turn, wanted)
            body = await written(log_xml if as_xml else log_json, text)
            self._ready.keep(wanted, body, until_us, changes)
        return asgi.message(200, body, asgi.XML if as_xml else asgi.JSON)

    async def _in_turn(self, wanted: Wanted, send: asgi.Send) -> None:
        """Sends a large log, read once more: whoever waits for the turn holds nothing of it."""
        account_id, session_id, as_xml = wanted
        async with self._large:
            text, _ = await self._call_log.log(account_id, session_id)
            body = await written(log_xml if as_xml else log_json, text)
            del text
            length = b"content-length", b"%d" % len(body)
            await send(asgi.start(200, asgi.XML if as_xml else asgi.JSON, [length]))
            for at in range(0, len(body), STREAM_BYTES):
                piece, more = body[at : at + STREAM_BYTES], at + STREAM_BYTES < len(body)
                await send({"type": "http.response.body", "body": piece, "more_body": more})

    async def _calls(self, account_id: int, query: CallQuery, as_xml: bool) -> Answer:
        page = await self._call_log.calls(account_id, query)
        body = {"calls": [list_row(call) for call in page.calls], "total_calls": page.total}
        encoded = xml.document(body) if as_xml else encode(body)
        return asgi.message(200, encoded, asgi.XML if as_xml else asgi.JSON)

    async def _all_logs(self, account_id: int, query: CallQuery, as_xml: bool) -> Answer:
        """Reads the first call before the first byte, so that what fails at once is an ordinary 500."""
        query = replace(query, available=True)
        total = (await self._call_log.calls(account_id, replace(query, limit=1, offset=0))).total
        details = self._call_log.details(account_id, query)
        first = await anext(details, None)
        form = XmlStream(total or 0) if as_xml else JsonStream(total or 0)

        async def stream(send: asgi.Send) -> None:
            await send(asgi.start(200, asgi.XML if as_xml else asgi.JSON, ()))
            buffer = bytearray(form.head)
            if first:
                buffer += await written(form.row, first)
                async for detail in details:
                    buffer += form.between + await written(form.row, detail)
                    if len(buffer) > STREAM_BYTES:
                        await send({"type": "http.response.body", "body": bytes(buffer), "more_body": True})
                        buffer.clear()
            buffer += form.tail
            await send({"type": "http.response.body", "body": bytes(buffer)})

        return stream


async def written(form: Callable[[T], bytes], value: T) -> bytes:
    """The value in that form; a long log is written in a thread, so that others do not wait for it."""
    text = value.text if isinstance(value, Detail) else value
    return form(value) if len(text) <= WRITTEN_HERE_BYTES else await asyncio.to_thread(form, value)


async def sent(answer: Answer, scope: asgi.Scope, send: asgi.Send) -> None:
    """From the first byte on, an error must cut the connection: a cut answer is never taken for whole."""

    async def in_time(message: MutableMapping[str, Any]) -> None:
        async with asyncio.timeout(UNREAD_S):
            await send(message)

    try:
        if callable(answer):
            await answer(in_time)
        else:
            start, body = answer
            await send(start)
            await send(body)
    except TimeoutError:
        transport(scope).abort()
    except Exception:
        log.exception("an answer was cut")
        raise


def allow_get(scope: asgi.Scope) -> None:
    if scope["method"] != "GET":
        raise MethodNotAllowed("GET")


def window(start: bytes, end: bytes, query: Mapping[str, str]) -> CallQuery:
    """What `/{start}/{end}?number=&limit=&offset=` asks for. Raises BadInput."""
    limit = whole_number("limit", query["limit"]) if "limit" in query else DEFAULT_LIMIT
    offset = whole_number("offset", query["offset"]) if "offset" in query else 0
    return CallQuery(
        start_s=instant("start", start.decode("latin-1")),
        end_s=instant("end", end.decode("latin-1")),
        number=query.get("number", ""),
        running=False,
        limit=min(max(limit, 1), MAX_LIMIT),
        offset=max(offset, 0),
        count=True,
    )


async def send_error(send: asgi.Send, error: Exception, as_xml: bool) -> None:
    """The contract knows 400, 401, 404, 405 and 500 only; any fault of the store is its 500."""
    status = 500 if isinstance(error, StoreFault) else status_of(error)
    if status == 500:
        log.error("a request failed", exc_info=error)
        error = StoreFault()
    body = {"error": sentence(error)}
    encoded = xml.document(body) if as_xml else encode(body)
    await asgi.respond(send, status, encoded, asgi.XML if as_xml else asgi.JSON, challenge(error))


def challenge(error: Exception) -> Iterator[tuple[bytes, bytes]]:
    if isinstance(error, Unauthorized):
        yield b"www-authenticate", b'Basic realm="Ringlog", charset="UTF-8"'
    if isinstance(error, MethodNotAllowed):
        yield b"allow", error.allowed.encode()
