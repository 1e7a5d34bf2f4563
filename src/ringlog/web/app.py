"""The whole application: the edge in front, Litestar behind it."""

from dataclasses import asdict
from typing import Any, cast

import structlog
from litestar import Litestar, Request, Response, get
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException

from ringlog.accounts import Accounts
from ringlog.call_log import CallLog
from ringlog.errors import RinglogError
from ringlog.following.following import Following
from ringlog.logins import Logins
from ringlog.model import Clock
from ringlog.web import asgi, native
from ringlog.web.console import failures
from ringlog.web.console import routes as console
from ringlog.web.console.attempts import Attempts
from ringlog.web.edge import Edge
from ringlog.web.follow import Follow
from ringlog.web.followers import Followers
from ringlog.web.ingest import Ingest, native_headers
from ringlog.web.openapi import DOCUMENT
from ringlog.web.readers import Readers
from ringlog.web.statuses import NoSuchAddress, sentence, status_of

log = structlog.get_logger()


def build(call_log: CallLog, accounts: Accounts, logins: Logins, clock: Clock) -> Edge:
    """The ASGI application over these parts."""
    attempts = Attempts(clock)
    behind = Litestar(
        # The one of OPTIONS before those it names: else Litestar makes one of its own, of the first of them.
        route_handlers=[
            native.calls,
            native.call_methods,
            native.call,
            native.delete_call,
            live,
            ready,
            openapi,
            *console.ROUTES,
        ],
        dependencies={
            "call_log": Provide(lambda: call_log, sync_to_thread=False),
            "accounts": Provide(lambda: accounts, sync_to_thread=False),
            "logins": Provide(lambda: logins, sync_to_thread=False),
            "clock": Provide(lambda: clock, sync_to_thread=False),
            "attempts": Provide(lambda: attempts, sync_to_thread=False),
            "principal": Provide(native.principal),
            "admin": Provide(native.admin),
        },
        exception_handlers={Exception: failed},
        openapi_config=None,
    )
    ingest = Ingest(call_log, accounts, clock)
    readers = Readers(accounts, logins)
    follow = Follow(call_log, Following(call_log, clock), readers, Followers(readers.stands, clock), clock)
    return Edge(call_log, accounts, ingest, follow, beyond=cast("asgi.App", behind), clock=clock)


@get("/health/live")
async def live() -> dict[str, str]:
    """The process runs."""
    return {"status": "live"}


@get("/health/ready")
async def ready(call_log: NamedDependency[CallLog]) -> dict[str, object]:
    """Requests are answered; and what an operator should know, where there is something."""
    health = asdict(await call_log.health())
    return {"status": "ready", **{name: value for name, value in health.items() if value}}


@get("/openapi.json")
async def openapi() -> Response[bytes]:
    return native.json_response(asgi.encode(DOCUMENT))


def failed(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Every error in our form; Litestar's own are of addresses, methods and parameters."""
    scope = cast("asgi.Scope", request.scope)
    if isinstance(error, HTTPException) and not isinstance(error, RinglogError):
        status, text = error.status_code, error.detail.rstrip(".") + "."
        headers = dict(error.headers or {})
        if status == 404:
            text = NoSuchAddress().message
    else:
        status, text = status_of(error), sentence(error)
        headers = {key.decode(): value.decode() for key, value in native_headers(scope, error)}
    if status == 500:
        log.error("a request failed", exc_info=error)
    if failures.wants_page(request):
        return failures.error_page(request, status, text, headers)
    return Response(
        asgi.encode({"error": text}), status_code=status, headers=headers, media_type="application/json"
    )
