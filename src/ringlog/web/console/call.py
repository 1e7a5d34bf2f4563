"""The page of one call, and its log to take away."""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast
from urllib.parse import quote

from litestar import Response, get
from litestar.di import NamedDependency

from ringlog.accounts import Principal
from ringlog.call_log import CallLog
from ringlog.errors import BadInput, DetailsGone, NoSuchCall
from ringlog.model import Clock, Detail
from ringlog.web import asgi
from ringlog.web.console.asked import Asked
from ringlog.web.console.call_view import CallView, call_view, gone_view
from ringlog.web.console.pages import page
from ringlog.web.cookies import AnyRequest
from ringlog.web.edge import CALL_PAGE, session_id
from ringlog.web.rows import log_json, log_xml
from ringlog.wire.entries import export_entry, export_row

DRAWN_HERE = 500
"""A call of more entries is drawn in a thread, so that others do not wait for it."""


UNKNOWN = "It was never logged here, was deleted, or is so old that its row went too."


class Form(NamedTuple):
    """What can be taken away."""

    media_type: str
    written: Callable[[Detail], bytes]


def ndjson(detail: Detail) -> bytes:
    """Records that `ringlog import` reads."""
    session_id = detail.call.session_id
    lines = [export_row(detail.call), *(export_entry(session_id, entry) for entry in detail.entries)]
    return b"\n".join(lines) + b"\n"


def json(detail: Detail) -> bytes:
    """As `/api/call` answers it; so is `xml`."""
    return log_json(detail.text)


def xml(detail: Detail) -> bytes:
    return log_xml(detail.text)


FORMS: Mapping[str, Form] = {
    "json": Form("application/json", json),
    "xml": Form("application/xml", xml),
    "ndjson": Form("application/x-ndjson", ndjson),
}


@get("/calls/id")
async def call(
    request: AnyRequest,
    call_log: NamedDependency[CallLog],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Response[str] | Response[bytes]:
    """The edge sends every `/calls/{session_id}` here. Raises NoSuchCall, BadInput, StoreFault."""
    scope = cast("asgi.Scope", request.scope)
    raw: bytes = scope["raw_path"]
    wanted = session_id(raw[len(CALL_PAGE) :])
    asked = Asked.of(scope["query_string"])
    form = asgi.query(scope).get("as", "")
    try:
        detail = await call_log.read(principal.account_id, wanted)
    except NoSuchCall:
        if form:
            raise
        return page(request, "error.html", 404, principal=principal, title="No such call.", sentence=UNKNOWN)
    except DetailsGone:
        if form:
            raise
        gone = await call_log.call(principal.account_id, wanted)
        view = gone_view(gone, clock(), call_log.retention)
        return page(request, "gone.html", principal=principal, view=view)
    if form:
        return await taken_away(detail, form)

    def drawn() -> Response[str]:
        view = call_view(detail.call, detail.entries, asked, clock(), call_log.retention)
        return page(
            request, "call.html", principal=principal, view=view, **addresses(request, view, principal)
        )

    return drawn() if detail.call.entries <= DRAWN_HERE else await asyncio.to_thread(drawn)


def addresses(request: AnyRequest, view: CallView, principal: Principal) -> dict[str, Any]:
    """Where the log and its changes are, for programs."""
    encoded = quote(view.call.session_id, safe="")
    host = f"{request.url.scheme}://{request.url.netloc}"
    return {
        "follow": f"/v1/calls/{encoded}/follow",
        "curl": view.curl(host, f"/api/call/{encoded}", principal.email),
    }


async def taken_away(detail: Detail, name: str) -> Response[bytes]:
    """Raises BadInput."""
    form = FORMS.get(name)
    if not form:
        raise BadInput(f"as takes {', '.join(FORMS)}, not {name[:100]!r}.")
    body = await asyncio.to_thread(form.written, detail)
    file_name = re.sub(r"[^A-Za-z0-9._-]", "_", detail.call.session_id)[:100]
    headers = {
        "Content-Disposition": f'attachment; filename="{file_name}.{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(body, media_type=form.media_type, headers=headers)
