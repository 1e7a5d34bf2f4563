"""Who reads: by email and key, or, where no such header is given, by a log-in's cookie."""

from typing import Any, NamedTuple

from litestar import Request

from ringlog.accounts import Accounts, Principal, basic_credentials
from ringlog.logins import Logins
from ringlog.model import Scope
from ringlog.web import asgi
from ringlog.web.cookies import SESSION


class Reader(NamedTuple):
    """What a request says of who sent it. One of the two is empty."""

    authorization: bytes
    token: str


def reader(scope: asgi.Scope) -> Reader:
    if authorization := asgi.header(scope, b"authorization"):
        return Reader(authorization, "")
    return Reader(b"", Request[Any, Any, Any](scope).cookies.get(SESSION, ""))  # type: ignore[arg-type] - our Scope is a Mapping


class Readers:
    """Nothing is remembered, so that who may no longer is known at once."""

    def __init__(self, accounts: Accounts, logins: Logins) -> None:
        self._accounts = accounts
        self._logins = logins

    async def principal(self, reader: Reader) -> Principal | None:
        if reader.token:
            return await self._logins.check(reader.token)
        credentials = basic_credentials(reader.authorization)
        return await self._accounts.check(*credentials) if credentials else None

    async def stands(self, reader: Reader) -> bool:
        principal = await self.principal(reader)
        return bool(principal and Scope.READ in principal.scopes)
