"""`POST /v1/ingest`: all of a request or nothing of it; the 200 leaves after the disk has it."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import structlog

from ringlog.accounts import Accounts
from ringlog.call_log import CallLog
from ringlog.errors import Refused, StoreBusy, TooLarge, UnknownMediaType
from ringlog.model import MAX_BODY_BYTES, Appended, Batch, Clock, Scope
from ringlog.web import asgi
from ringlog.web.connections import cut_unless_read
from ringlog.web.inflate import checked_encoding, inflate
from ringlog.web.room import Room, Share
from ringlog.web.statuses import (
    RETRY_AFTER_S,
    Forbidden,
    MethodNotAllowed,
    TooSlow,
    Unauthorized,
    sentence,
    status_of,
)
from ringlog.wire.bodies import LINES
from ringlog.wire.plain import PIECE_BYTES
from ringlog.wire.records import Parsing, parse

MEDIA_TYPES = ("application/x-ndjson", "application/json")
MAX_RECORDS_NAMED = 100
SILENT_S = 30
"""How long a body may stop coming: its bytes take room that all bodies share. Senders wait as long for us."""
WHOLE_S = 300
"""How long a body may take: a byte now and then would keep that room as well. The largest needs 56 kB/s."""
INFLATED_HERE_BYTES = 8 * 2**10
"""Larger bodies are inflated in a thread, as those in plain JSON are parsed, so that others do not wait."""

log = structlog.get_logger()


class _HungUp(Exception):
    """The client left in mid-body."""


class Ingest:
    """An ASGI application for this one address."""

    def __init__(self, call_log: CallLog, accounts: Accounts, clock: Clock) -> None:
        self._call_log = call_log
        self._accounts = accounts
        self._clock = clock
        self._room = Room()
        self._turn = asyncio.Lock()

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        try:
            appended = await self._append(scope, receive)
            answer = asgi.message(200, asgi.encode(counts(appended)), asgi.JSON)
        except _HungUp:
            return
        except Exception as error:  # whatever it is, the client gets a sentence and no internals
            if isinstance(error, TooSlow):
                cut_unless_read(scope)
            answer = refusal(scope, error)
        # Only here is the error gone, and with it the body: it may take long until the client reads.
        for part in answer:
            await send(part)

    async def _append(self, scope: asgi.Scope, receive: asgi.Receive) -> Appended:
        """401, 405, 403, 415, 413 or 408, 400, 410, 409: in this order."""
        principal = await self._accounts.authenticate(asgi.header(scope, b"authorization"))
        if not principal:
            raise Unauthorized
        if scope["method"] != "POST":
            raise MethodNotAllowed("POST")
        if Scope.WRITE not in principal.scopes:
            raise Forbidden
        media_type = checked_media_type(scope)
        encoding = checked_encoding(asgi.header(scope, b"content-encoding"))
        with self._room.share() as share:
            body = await received(scope, receive, share)
            session_id = asgi.query(scope).get("session_id")
            if len(body) <= (INFLATED_HERE_BYTES if encoding else PIECE_BYTES):
                batch = parse(inflate(body, encoding), media_type, session_id, self._clock())
            else:
                batch = await self._parsed(body, encoding, media_type, session_id, share)
            return await self._call_log.append(principal.account_id, batch)

    async def _parsed(
        self, body: bytes, encoding: str, media_type: str, session_id: str | None, share: Share
    ) -> Batch:
        """A large body's. One after another, in steps, so that a small one waits for no more than a step."""
        async with self._turn:
            if encoding:
                body = await asyncio.to_thread(inflate, body, encoding)
                share.take(len(body))
            if media_type != LINES:
                return await asyncio.to_thread(parse, body, media_type, session_id, self._clock())
            parsing = Parsing(session_id, self._clock())
            for _ in parsing.steps(body, media_type):
                await asyncio.sleep(0)
            return parsing.batch()


def checked_media_type(scope: asgi.Scope) -> str:
    """Raises UnknownMediaType."""
    given = asgi.header(scope, b"content-type").decode("latin-1").partition(";")[0].strip().lower()
    if given not in MEDIA_TYPES:
        raise UnknownMediaType(f"Content-Type must be {' or '.join(MEDIA_TYPES)}.")
    return given


async def received(scope: asgi.Scope, receive: asgi.Receive, share: Share) -> bytes:
    """The body as sent. Raises TooLarge, at once where the length is announced; TooSlow; StoreBusy."""
    announced = asgi.header(scope, b"content-length")
    if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
        raise TooLarge(f"The body is larger than {MAX_BODY_BYTES} bytes.")
    body = bytearray()
    until_s = now_s() + WHOLE_S
    while True:
        message = await next_piece(receive, min(now_s() + SILENT_S, until_s))
        if message["type"] == "http.disconnect":
            raise _HungUp
        piece = message.get("body", b"")
        share.take(len(piece))
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge(f"The body is larger than {MAX_BODY_BYTES} bytes.")
        if not message.get("more_body"):
            return bytes(body)


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def next_piece(receive: asgi.Receive, until_s: float) -> MutableMapping[str, Any]:
    """Raises TooSlow where it does not come until then, by the loop's clock."""
    try:
        async with asyncio.timeout_at(until_s):
            return await receive()
    except TimeoutError:
        raise TooSlow(
            f"Nothing of the body came for {SILENT_S} s, or it was not whole within {WHOLE_S} s."
        ) from None


def counts(appended: Appended) -> dict[str, int]:
    answer = {"accepted": appended.accepted, "duplicates": appended.duplicates}
    return {**answer, "dropped": appended.dropped} if appended.dropped else answer


async def refuse(scope: asgi.Scope, send: asgi.Send, error: Exception) -> None:
    for part in refusal(scope, error):
        await send(part)


def refusal(scope: asgi.Scope, error: Exception) -> asgi.Message:
    status = status_of(error)
    if status == 500:
        log.error("a request failed", exc_info=error)
    body: dict[str, object] = {"error": sentence(error)}
    if isinstance(error, Refused) and error.records:
        body["records"] = error.records[:MAX_RECORDS_NAMED]
    return asgi.message(status, asgi.encode(body), asgi.JSON, native_headers(scope, error))


def native_headers(scope: asgi.Scope, error: Exception) -> list[tuple[bytes, bytes]]:
    """What an error's answer carries beside its body, on `/v1`.

    A 401 to a request without Authorization carries no challenge, so that no browser asks for a password.
    """
    if isinstance(error, Unauthorized) and asgi.header(scope, b"authorization"):
        return [(b"www-authenticate", b'Basic realm="Ringlog", charset="UTF-8"')]
    if isinstance(error, MethodNotAllowed):
        return [(b"allow", error.allowed.encode())]
    if isinstance(error, StoreBusy):
        return [(b"retry-after", b"%d" % RETRY_AFTER_S)]
    if isinstance(error, TooSlow):
        return [(b"connection", b"close")]
    return []
