"""The few words of ASGI that the edge needs."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ringlog.errors import BadInput

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

JSON = b"application/json"
XML = b"application/xml"

encode = msgspec.json.Encoder().encode


def headers(scope: Scope) -> dict[bytes, bytes]:
    """All headers by lower-case name; what several of one name say together (RFC 9110, 5.3)."""
    found = dict[bytes, bytes](scope["headers"])
    if len(found) < len(scope["headers"]):
        return {name: header(scope, name) for name in found}
    return found


def header(scope: Scope, name: bytes) -> bytes:
    """What the headers of that (lower-case) name say together (RFC 9110, 5.3), or nothing."""
    return b", ".join(value for key, value in scope["headers"] if key == name)


def query(scope: Scope) -> dict[str, str]:
    """The query's parameters; of a repeated one the last. Raises BadInput."""
    try:
        text = scope["query_string"].decode()
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        raise BadInput("The query is not UTF-8.") from None


def start(status: int, media_type: bytes, headers: Iterable[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [(b"content-type", media_type), *headers],
    }


Message = tuple[dict[str, Any], dict[str, Any]]
"""A whole answer: its start and its body. May be sent any number of times."""


def message(
    status: int, body: bytes, media_type: bytes, headers: Iterable[tuple[bytes, bytes]] = ()
) -> Message:
    return _start(status, len(body), media_type, tuple(headers)), {"type": "http.response.body", "body": body}


@lru_cache(maxsize=10_000)
def _start(
    status: int, length: int, media_type: bytes, headers: tuple[tuple[bytes, bytes], ...]
) -> dict[str, Any]:
    """Shared by all answers of that length: nobody may change it."""
    return start(status, media_type, ((b"content-length", b"%d" % length), *headers))


async def respond(
    send: Send, status: int, body: bytes, media_type: bytes, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    for part in message(status, body, media_type, headers):
        await send(part)
