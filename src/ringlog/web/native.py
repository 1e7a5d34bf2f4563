"""The native routes: calls and their entries with fine times, sources and arrival numbers."""

from dataclasses import replace
from operator import attrgetter
from typing import cast

from litestar import Response, delete, get, route
from litestar.di import NamedDependency

from ringlog.accounts import Accounts, Principal
from ringlog.call_log import CallLog
from ringlog.errors import DetailsGone
from ringlog.logins import Logins
from ringlog.model import Call, Scope, StoredEntry
from ringlog.web import asgi
from ringlog.web.cookies import SESSION, AnyRequest
from ringlog.web.cursors import cursor, place
from ringlog.web.edge import NATIVE_CALL
from ringlog.web.filters import call_query
from ringlog.web.numbers import bounded, whole_number
from ringlog.web.paths import session_id
from ringlog.web.statuses import Forbidden, Unauthorized
from ringlog.wire.native import call_row, entry

DEFAULT_CALLS = 100
MAX_CALLS = 1000
DEFAULT_ENTRIES = 1000
MAX_ENTRIES = 10_000


async def principal(
    request: AnyRequest, accounts: NamedDependency[Accounts], logins: NamedDependency[Logins]
) -> Principal:
    """Who reads: by email and key, or, where none are given, by a log-in's cookie.

    Raises Unauthorized, Forbidden.
    """
    if "authorization" not in request.headers:
        return await logged_in(request, logins)
    return await holder(Scope.READ, request, accounts)


async def logged_in(request: AnyRequest, logins: Logins) -> Principal:
    """Nothing but reading is done for a cookie, so no other site can have anything done by it."""
    token = request.cookies.get(SESSION)
    found = await logins.principal(token) if token and request.method == "GET" else None
    if not found:
        raise Unauthorized
    return found


async def admin(request: AnyRequest, accounts: NamedDependency[Accounts]) -> Principal:
    """Who deletes. Raises Unauthorized, Forbidden."""
    return await holder(Scope.ADMIN, request, accounts)


async def holder(scope: Scope, request: AnyRequest, accounts: Accounts) -> Principal:
    found = await accounts.authenticate(request.headers.get("authorization", "").encode("latin-1"))
    if not found:
        raise Unauthorized
    if scope not in found.scopes:
        raise Forbidden
    return found


@get("/v1/calls")
async def calls(
    request: AnyRequest, call_log: NamedDependency[CallLog], principal: NamedDependency[Principal]
) -> Response[bytes]:
    """Newest first, running ones too, in pages by cursor."""
    asked = asgi.query(cast("asgi.Scope", request.scope))
    account_id = principal.account_id
    query = replace(
        call_query(asked),
        limit=bounded("limit", asked, DEFAULT_CALLS, MAX_CALLS),
        after=place(account_id, asked["cursor"]) if asked.get("cursor") else None,
    )
    page = await call_log.calls(account_id, query)
    following = None if page.next is None else cursor(account_id, page.next)
    rows = [call_row(call) for call in page.calls]
    return json_response(asgi.encode({"calls": rows, "next": following, "complete": page.complete}))


@get("/v1/calls/id")
async def call(
    request: AnyRequest, call_log: NamedDependency[CallLog], principal: NamedDependency[Principal]
) -> Response[bytes]:
    """One call and its entries by arrival, in pages; a call whose details are gone has none.

    The edge sends every `/v1/calls/{session_id}` here.
    """
    asked = asgi.query(cast("asgi.Scope", request.scope))
    wanted = session_id(request.scope["raw_path"][len(NATIVE_CALL) :])
    after = whole_number("after", asked["after"]) if "after" in asked else -1
    limit = bounded("limit", asked, DEFAULT_ENTRIES, MAX_ENTRIES)
    found: Call
    entries: list[StoredEntry] = []
    try:
        detail = await call_log.read(principal.account_id, wanted)
        found = detail.call
        entries = sorted((one for one in detail.entries if one.arrival > after), key=attrgetter("arrival"))
    except DetailsGone:
        found = await call_log.call(principal.account_id, wanted)
    page = entries[:limit]
    following = page[-1].arrival if len(entries) > limit else None
    return json_response(
        b'{"call":%b,"entries":[%b],"next":%b}'
        % (asgi.encode(call_row(found)), b",".join(map(entry, page)), asgi.encode(following))
    )


@delete("/v1/calls/id")
async def delete_call(
    request: AnyRequest, call_log: NamedDependency[CallLog], admin: NamedDependency[Principal]
) -> None:
    """Deletes one call for good; the answer comes after its bytes are gone."""
    await call_log.delete(admin.account_id, session_id(request.scope["raw_path"][len(NATIVE_CALL) :]))


@route("/v1/calls/id", http_method="OPTIONS", status_code=204)
async def call_methods() -> Response[None]:
    """What Litestar would answer, but that it names the methods of one handler only."""
    return Response(None, headers={"Allow": "DELETE, GET, OPTIONS"})


def json_response(body: bytes) -> Response[bytes]:
    return Response(body, media_type="application/json")
