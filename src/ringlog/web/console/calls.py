"""The list of calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, cast

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.response import Redirect

from ringlog.accounts import Principal
from ringlog.call_log import CallLog
from ringlog.errors import NoSuchCall
from ringlog.model import DAY_S, MICROSECONDS, Call, CallPage, CallState, CallType, Clock, is_session_id
from ringlog.web import asgi
from ringlog.web.console.asking import FILTERS, PERIODS, Asked, address, asked_for
from ringlog.web.console.first import first_call
from ringlog.web.console.pages import page
from ringlog.web.console.spelling import call_address
from ringlog.web.cookies import AnyRequest
from ringlog.web.cursors import cursor, place

PAGE = 50
"""Calls on a page: with its style and script it stays below 100 kB."""


@get("/")
async def home() -> Redirect:
    return Redirect("/calls", status_code=303)


@get("/calls")
async def calls(
    request: AnyRequest,
    call_log: NamedDependency[CallLog],
    principal: NamedDependency[Principal],
    clock: NamedDependency[Clock],
) -> Response[str] | Redirect:
    """Newest first. A session id, or a number of one call only, leads to the call itself.

    A search for signs is answered with 400, as under `/v1`, and with the list's page, to search anew.
    """
    parameters = asgi.query(cast("asgi.Scope", request.scope))
    asked, now_s = asked_for(parameters), clock() // MICROSECONDS
    listing = Listing(call_log, principal.account_id, asked, now_s)
    found = await listing.page(parameters.get("cursor", ""))
    if only := await listing.meant(found):
        return Redirect(call_address(only), status_code=303)
    if not found.calls and not asked.given and "cursor" not in parameters:
        return page(request, "first.html", principal=principal, **first_call(request, principal, now_s))
    status = 400 if asked.is_signs else 200
    return page(request, "calls.html", status, principal=principal, **shown(listing, parameters, found))


@dataclass(frozen=True, slots=True)
class Listing:
    """One account's calls as a filter bar asks for them."""

    call_log: CallLog
    account_id: int
    asked: Asked
    now_s: int

    async def page(self, after: str) -> CallPage:
        """None are found by signs. Raises BadInput for filters and cursors that mean nothing."""
        query = self.asked.query(self.now_s, PAGE)
        query = replace(query, after=place(self.account_id, after) if after else None)
        if self.asked.is_signs:
            return CallPage([], None)
        return await self.call_log.calls(self.account_id, query)

    async def meant(self, found: CallPage) -> str | None:
        """The session id of the one call that was asked for by its id or its number."""
        text = self.asked.text
        if not is_session_id(text) or len(self.asked.given) > 1:
            return None
        try:
            return (await self.call_log.call(self.account_id, text)).session_id
        except NoSuchCall:
            return found.calls[0].session_id if self.asked.is_number and len(found.calls) == 1 else None


def shown(listing: Listing, parameters: Mapping[str, str], found: CallPage) -> dict[str, Any]:
    """What the template needs."""
    given = listing.asked.given
    older = cursor(listing.account_id, found.next) if found.next else None
    is_first = not parameters.get("cursor")
    return {
        "asked": {**dict.fromkeys(FILTERS, ""), **given},
        "filtered": bool(given),
        "days": days(found.calls),
        "found": any(call.found for call in found.calls),
        "complete": found.complete,
        "signs": listing.asked.is_signs,
        "applications": sorted({call.application for call in found.calls} - {""}),
        "periods": [(name, title) for name, (title, _) in PERIODS.items()],
        "states": [(state, state.capitalize()) for state in CallState],
        "types": [(kind, kind.capitalize()) for kind in CallType],
        "now_s": listing.now_s,
        "older": address("/calls", {**given, "cursor": older}) if older else None,
        "newest": None if is_first else address("/calls", given),
        "csv": address("/calls.csv", given),
        "follow": listing.asked.followed(listing.now_s, PAGE) if is_first else None,
    }


def days(found: Sequence[Call]) -> list[tuple[int, list[Call]]]:
    """The calls of each day (UTC), after a second of that day."""
    by_day = groupby(found, key=lambda call: call.start_s // DAY_S)
    return [(day * DAY_S, list(of_day)) for day, of_day in by_day]
