"""Errors as pages, for whoever looks with a browser."""

from collections.abc import Mapping
from typing import Any

from litestar import Response

from ringlog.web.console.pages import page
from ringlog.web.console.sessions import to_log_in
from ringlog.web.cookies import AnyRequest

FOR_PROGRAMS = ("/v1/", "/health/", "/openapi.json", "/static/")

TITLES = {
    400: "That was not understood",
    404: "Nothing is here",
    405: "Nothing is here",
    413: "That was too much",
}


def wants_page(request: AnyRequest) -> bool:
    is_for_programs = request.url.path.startswith(FOR_PROGRAMS)
    return not is_for_programs and "text/html" in request.headers.get("accept", "")


def error_page(request: AnyRequest, status: int, sentence: str, headers: Mapping[str, str]) -> Response[Any]:
    """The error in one sentence; where a log-in is missing, the form for it."""
    if status == 401:
        return to_log_in(request)
    answer = page(
        request, "error.html", status, title=TITLES.get(status, "That went wrong"), sentence=sentence
    )
    answer.headers.update(headers)
    return answer
