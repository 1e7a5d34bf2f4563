"""Accounts and developer keys: who may ask, and for what."""

import contextlib
import hashlib
import hmac
import secrets
from base64 import b64decode
from dataclasses import dataclass

from ringlog.errors import BadInput, NoSuchAccount, StoreFault
from ringlog.model import Account, Clock, DeveloperKey, Scope
from ringlog.store.base import AccountStore

KEY_BYTES = 32
CACHE_US = 1_000_000
"""How long an authentication is remembered: a disabled account or revoked key is out within this."""
CACHE_SIZE = 10_000
USE_NOTED_US = 3_600_000_000
"""A key's last use is written at most so often."""

DEFAULT_SCOPES = Scope.READ | Scope.WRITE


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request speaks for."""

    account_id: int
    email: str
    key_id: int
    scopes: Scope


class Accounts:
    def __init__(self, store: AccountStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[bytes, tuple[int, Principal]] = {}

    async def authenticate(self, header: bytes) -> Principal | None:
        """Whose request this is, from its Authorization header (HTTP Basic: email and developer key).

        None for anything that does not fit together: an unknown email, an inactive account, a wrong or
        revoked key.
        """
        if known := self.remembered(header):
            return known
        self._known.pop(header, None)
        now_us = self._clock()
        credentials = basic_credentials(header)
        principal = await self.check(*credentials) if credentials else None
        if principal:
            if len(self._known) >= CACHE_SIZE:
                self._known.clear()
            self._known[header] = (now_us, principal)
        return principal

    def remembered(self, header: bytes) -> Principal | None:
        """Who authenticated with this header within the last second, if anybody did."""
        known = self._known.get(header)
        return known[1] if known and 0 <= self._clock() - known[0] < CACHE_US else None

    async def check(self, email: str, key: str) -> Principal | None:
        """Whose email and developer key these are, as the store knows it now."""
        now_us = self._clock()
        try:
            account = await self._store.account(email)
        except NoSuchAccount:
            return None
        digest = key_digest(key)
        found: DeveloperKey | None = None
        for candidate in await self._store.keys(account.id):
            if hmac.compare_digest(candidate.digest, digest):
                found = candidate
        if not found or not may_ask(account, found, now_us):
            return None
        if found.last_used_us is None or not 0 <= now_us - found.last_used_us <= USE_NOTED_US:
            # A full disk must not keep anyone from reading.
            with contextlib.suppress(StoreFault):
                await self._store.key_used(found.id, now_us)
        return Principal(account.id, account.email, found.id, found.scopes)

    async def add(self, email: str, scopes: Scope = DEFAULT_SCOPES) -> tuple[Account, str]:
        """A new account and its first developer key's text, which is never shown again.

        Raises BadInput, AccountExists.
        """
        account = await self._store.add_account(checked_email(email), self._clock())
        return account, await self._new_key(account, scopes)

    async def add_key(self, email: str, scopes: Scope = DEFAULT_SCOPES) -> str:
        """A new key's text. Raises NoSuchAccount."""
        return await self._new_key(await self._store.account(email), scopes)

    async def _new_key(self, account: Account, scopes: Scope) -> str:
        key = secrets.token_urlsafe(KEY_BYTES)
        await self._store.add_key(account.id, key_digest(key), scopes, self._clock())
        return key


def may_ask(account: Account, key: DeveloperKey, now_us: int) -> bool:
    return account.active and (key.expires_us is None or now_us < key.expires_us)


def key_digest(key: str) -> bytes:
    """SHA-256 is enough: a key is 32 random bytes, so there is nothing to guess from its digest."""
    return hashlib.sha256(key.encode()).digest()


def basic_credentials(header: bytes) -> tuple[str, str] | None:
    """Email and key of a `Basic` header (RFC 7617), or None where it is none."""
    scheme, _, encoded = header.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        email, colon, key = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return (email, key) if colon and "\0" not in email else None


def checked_email(email: str) -> str:
    """Raises BadInput unless it looks like an email address that Basic authentication can carry."""
    name, at, host = email.rpartition("@")
    if (
        not (at and name and host)
        or ":" in email
        or len(email) > 254
        or not email.isprintable()
        or " " in email
    ):
        raise BadInput(f"{email!r} is not an email address.")
    return email
