"""How a page is made: its template, and the headers that keep what is logged from ever running as script."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response

from ringlog.web.console.spelling import FILTERS
from ringlog.web.console.static import address
from ringlog.web.cookies import SESSION, AnyRequest, form_token

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("ringlog.web.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["static"] = address
    made.filters.update(FILTERS)
    return made


def page(request: AnyRequest, template: str, status: int = 200, **values: Any) -> Response[str]:
    """The template with these values. With `principal` among them, it shows who is logged in."""
    token = form_token(request.cookies.get(SESSION, ""))
    text = (
        environment()
        .get_template(template)
        .render({"principal": None, "path": request.url.path, "form_token": token, **values})
    )
    return Response(text, status_code=status, headers=HEADERS, media_type="text/html")
