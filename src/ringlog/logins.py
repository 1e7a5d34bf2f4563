"""Log-ins of the console: an email and a developer key against a token, which a cookie holds."""

import hashlib
import secrets

from ringlog.accounts import CACHE_SIZE, CACHE_US, Accounts, Principal, may_ask
from ringlog.errors import NoSuchKey, NoSuchLogin
from ringlog.model import MICROSECONDS, Clock, Scope
from ringlog.store.base import AccountStore

LASTS_US = 12 * 3600 * MICROSECONDS
"""A working day, whatever was done meanwhile."""
TOKEN_BYTES = 32


class Logins:
    """Who is logged in. What ends a key or an account ends its log-ins within a second."""

    def __init__(self, store: AccountStore, accounts: Accounts, clock: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock
        self._known: dict[bytes, tuple[int, Principal]] = {}

    async def log_in(self, email: str, key: str) -> str | None:
        """The token of a new log-in; None where email and key do not fit together or may not read."""
        principal = await self._accounts.check(email, key)
        if not principal or Scope.READ not in principal.scopes:
            return None
        token, now_us = secrets.token_urlsafe(TOKEN_BYTES), self._clock()
        try:
            await self._store.add_login(token_digest(token), principal.key_id, now_us, now_us + LASTS_US)
        except NoSuchKey:  # revoked this very moment
            return None
        return token

    async def principal(self, token: str) -> Principal | None:
        """Who is logged in with that token; None where nobody is any more, or who is may not read."""
        digest, now_us = token_digest(token), self._clock()
        known = self._known.get(digest)
        if known and 0 <= now_us - known[0] < CACHE_US:
            return known[1]
        self._known.pop(digest, None)
        principal = await self.check(token)
        if principal:
            if len(self._known) >= CACHE_SIZE:
                self._known.clear()
            self._known[digest] = (now_us, principal)
        return principal

    async def check(self, token: str) -> Principal | None:
        """The same, as the store knows it now."""
        now_us = self._clock()
        try:
            account, key, expires_us = await self._store.login(token_digest(token))
        except NoSuchLogin:
            return None
        if now_us >= expires_us or not may_ask(account, key, now_us) or Scope.READ not in key.scopes:
            return None
        # A log-in is for looking only, whatever else its key may do.
        return Principal(account.id, account.email, key.id, Scope.READ)

    async def log_out(self, token: str) -> None:
        digest = token_digest(token)
        self._known.pop(digest, None)
        await self._store.end_login(digest)


def token_digest(token: str) -> bytes:
    """SHA-256 is enough: a token is 32 random bytes."""
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()
