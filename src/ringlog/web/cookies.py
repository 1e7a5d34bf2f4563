"""The two cookies: who is logged in, and which browser a log-in form was given to."""

import hashlib
import hmac
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

AnyRequest = Request[Any, Any, Any]

SESSION = "ringlog"
FORM = "ringlog_form"


def cookie(request: AnyRequest, name: str, value: str) -> Cookie:
    """Gone with the browser's session; no script reads it, and no other site's form carries it."""
    return Cookie(name, value=value, httponly=True, samesite="lax", secure=is_secure(request))


def gone(request: AnyRequest, name: str) -> Cookie:
    return Cookie(name, value="", max_age=0, httponly=True, samesite="lax", secure=is_secure(request))


def is_secure(request: AnyRequest) -> bool:
    """Behind TLS, our own or that of a proxy which says so: who lies here locks only themselves out."""
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"


def form_token(secret: str) -> str:
    """What a form carries so that only our own pages can send it: made from a cookie nobody else reads."""
    return hashlib.sha256(b"form:" + secret.encode(errors="surrogateescape")).hexdigest()


def is_ours(secret: str, token: str) -> bool:
    """Whether a form with this token came from a page that the browser with this cookie was given."""
    return bool(secret) and hmac.compare_digest(form_token(secret).encode(), token.encode())
