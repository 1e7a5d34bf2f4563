"""The list of calls."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.response import Redirect

from ringlog.accounts import Principal
from ringlog.call_log import CallLog
from ringlog.model import CallQuery
from ringlog.web.console.pages import page
from ringlog.web.cookies import AnyRequest

PAGE = 100


@get("/")
async def home() -> Redirect:
    return Redirect("/calls", status_code=303)


@get("/calls")
async def calls(
    request: AnyRequest, call_log: NamedDependency[CallLog], principal: NamedDependency[Principal]
) -> Response[str]:
    found = await call_log.calls(principal.account_id, CallQuery(limit=PAGE))
    return page(request, "calls.html", principal=principal, calls=found.calls)
