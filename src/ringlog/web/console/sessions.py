"""Log-in and log-out."""

import re
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

import structlog
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from ringlog.errors import BadInput
from ringlog.logins import Logins
from ringlog.web.console.attempts import Attempts
from ringlog.web.console.pages import page
from ringlog.web.cookies import FORM, SESSION, AnyRequest, cookie, form_token, gone, is_ours

HOME = "/calls"
MAX_FORM_BYTES = 16 * 2**10
LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
"""A path of our own: browsers read `//` and `/\\` as another host."""

DO_NOT_FIT = "This email and key do not fit together."
TOO_OLD = "That form was too old. Please try again."

log = structlog.get_logger()


@get("/login")
async def log_in_form(request: AnyRequest, logins: NamedDependency[Logins]) -> Response[str] | Redirect:
    wanted = local(request.query_params.get("next", ""))
    if await logins.principal(request.cookies.get(SESSION, "")):
        return Redirect(wanted, status_code=303)
    return form(request, wanted)


@post("/login", request_max_body_size=MAX_FORM_BYTES)
async def log_in(
    request: AnyRequest, logins: NamedDependency[Logins], attempts: NamedDependency[Attempts]
) -> Response[str] | Redirect:
    """Email and key in, a cookie out."""
    given = await fields(request)
    wanted, email = local(given.get("next", "")), given.get("email", "").strip()
    if not is_ours(request.cookies.get(FORM, ""), given.get("form_token", "")):
        return form(request, wanted, 403, email=email, problem=TOO_OLD)
    peer = request.client.host if request.client else ""
    if wait_s := attempts.wait_s(email, peer):
        answer = form(
            request, wanted, 429, email=email, problem=f"Too many tries. Wait {wait_s} s, then try again."
        )
        answer.headers["Retry-After"] = str(wait_s)
        return answer
    token = await logins.log_in(email, given.get("key", "").strip())
    if not token:
        attempts.failed(email, peer)
        return form(request, wanted, 401, email=email, problem=DO_NOT_FIT)
    attempts.succeeded(email)
    return Redirect(wanted, status_code=303, cookies=[cookie(request, SESSION, token), gone(request, FORM)])


@post("/logout", request_max_body_size=MAX_FORM_BYTES)
async def log_out(request: AnyRequest, logins: NamedDependency[Logins]) -> Redirect:
    """Ends the log-in, unless another site's form asks; either way a form to log in follows."""
    token = request.cookies.get(SESSION, "")
    if not is_ours(token, (await fields(request)).get("form_token", "")):
        return Redirect(HOME, status_code=303)
    await logins.log_out(token)
    return Redirect("/login", status_code=303, cookies=[gone(request, SESSION)])


def form(
    request: AnyRequest, wanted: str, status: int = 200, *, email: str = "", problem: str = ""
) -> Response[str]:
    """The log-in form, tied to this browser by a cookie; other tabs' forms stay good."""
    secret = request.cookies.get(FORM) or secrets.token_urlsafe()
    values = {"wanted": wanted, "email": email, "problem": problem, "form_token": form_token(secret)}
    answer = page(request, "login.html", status, **values)
    answer.set_cookie(cookie(request, FORM, secret))
    return answer


async def fields(request: AnyRequest) -> Mapping[str, str]:
    """What a form sent; of a repeated field the last. Raises BadInput."""
    try:
        return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        raise BadInput("The form is not UTF-8.") from None


def local(path: str) -> str:
    """The path if it is one of this server's own, else the list of calls."""
    return path if LOCAL.fullmatch(path) else HOME


def to_log_in(request: AnyRequest) -> Redirect:
    """For a page that needs a log-in: a form that leads back to it."""
    raw: bytes = request.scope.get("raw_path") or b""  # pyright: ignore[reportUnknownMemberType] - of TypedDict
    query: bytes = request.scope["query_string"]
    wanted = raw + (b"?" + query if query else b"")
    after = urlencode({"next": wanted.decode("latin-1")}) if request.method == "GET" else ""
    return Redirect(f"/login?{after}", status_code=303)
