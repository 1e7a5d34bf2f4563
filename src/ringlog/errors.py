"""What can go wrong, as one small tree.

    RinglogError
    ├── BadInput               what was given is not what is asked for
    │   └── Refused            records of one request that were not taken, with their numbers
    │       ├── BadRecords     … because they are malformed
    │       ├── BeyondRetention  … because their call or their time is too old
    │       └── Conflict       … because something else is stored under their identity
    ├── TooLarge               a body, or an entry, above its cap
    ├── UnknownMediaType       a body in a form nobody agreed on
    ├── NotFound
    │   ├── NoSuchCall
    │   ├── DetailsGone
    │   ├── NoSuchAccount
    │   ├── NoSuchKey
    │   └── NoSuchLogin
    ├── AccountExists
    ├── StoreFault             the database failed
    │   ├── StoreDamaged       what it holds cannot be read
    │   ├── StoreBusy          too much is waiting already
    │   ├── StoreFull          the disk is full
    │   └── StoreLocked        another process appends to it
    ├── Unreachable            no whole answer came from a server elsewhere
    └── ConfigurationFault     a setting, key, address or file that cannot work

The message is one sentence for the person who reads it; without one, it is the docstring. HTTP status
numbers stand in one table in `web` and nowhere else.
"""

from collections.abc import Sequence


class RinglogError(Exception):
    """Something went wrong."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())

    @property
    def message(self) -> str:
        return str(self.args[0])


class BadInput(RinglogError):
    """What was given is not what is asked for."""


class Refused(BadInput):
    """Records of one request were refused, so nothing of it was stored.

    `records` are their numbers in the request, from 1, ascending.
    """

    def __init__(self, message: str = "", records: Sequence[int] = ()) -> None:
        super().__init__(message)
        self.records: tuple[int, ...] = tuple(records)


class BadRecords(Refused):
    """A record is malformed."""


class BeyondRetention(Refused):
    """A record is older than what is kept."""


class Conflict(Refused):
    """Something else is stored under a record's identity."""


class TooLarge(RinglogError):
    """The body is too large."""


class UnknownMediaType(RinglogError):
    """The body's form is not one that Ringlog reads."""


class NotFound(RinglogError):
    """There is no such thing."""


class NoSuchCall(NotFound):
    """No call log was found."""


class DetailsGone(NotFound):
    """There are no call log details available for this call."""


class NoSuchAccount(NotFound):
    """There is no such account."""


class NoSuchKey(NotFound):
    """There is no such developer key."""


class NoSuchLogin(NotFound):
    """There is no such log-in."""


class AccountExists(RinglogError):
    """There is an account of that email already."""


class StoreFault(RinglogError):
    """The store failed."""


class StoreDamaged(StoreFault):
    """The store holds something that cannot be read."""


class StoreBusy(StoreFault):
    """The store is busy; try again."""


class StoreFull(StoreFault):
    """The disk is full."""


class StoreLocked(StoreFault):
    """Another process appends to this store."""


class Unreachable(RinglogError):
    """The server cannot be reached."""


class ConfigurationFault(RinglogError):
    """A setting cannot work."""
