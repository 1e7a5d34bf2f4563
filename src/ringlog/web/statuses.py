"""The one table of HTTP statuses, and the few errors that only HTTP knows."""

from collections.abc import Mapping

from ringlog.errors import (
    BadInput,
    BeyondRetention,
    Conflict,
    NotFound,
    RinglogError,
    StoreBusy,
    StoreFault,
    StoreFull,
    TooLarge,
    UnknownMediaType,
)


class Unauthorized(RinglogError):
    """The email and the key do not fit together."""


class Forbidden(RinglogError):
    """The developer key lacks the scope for that."""


class NoSuchAddress(NotFound):
    """No such address."""


class TooSlow(RinglogError):
    """The body came too slowly."""


class MethodNotAllowed(RinglogError):
    """The address answers another method."""

    def __init__(self, allowed: str) -> None:
        super().__init__(f"Only {allowed} is allowed here.")
        self.allowed = allowed


STATUSES: Mapping[type[RinglogError], int] = {
    BadInput: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    TooSlow: 408,
    Conflict: 409,
    BeyondRetention: 410,
    TooLarge: 413,
    UnknownMediaType: 415,
    StoreFault: 500,
    StoreBusy: 503,
    StoreFull: 507,
}

BROKEN = "The call log cannot be read or written right now."
"""What a 500 says: nothing of what is inside."""

RETRY_AFTER_S = 1


def status_of(error: Exception) -> int:
    """The status of an error, by its class or the nearest one above it; 500 for what nobody foresaw."""
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def sentence(error: Exception) -> str:
    """What the client is told."""
    return error.message if isinstance(error, RinglogError) and status_of(error) != 500 else BROKEN
