"""What a store promises. The docstrings are the contract; `tests/store/contract.py` tests it on each store.

Every method may raise StoreFault: the database failed, and what was asked did not happen. No driver's error
passes this seam under its own name.
"""

from collections.abc import Sequence
from typing import Protocol

from ringlog.model import (
    Account,
    Appended,
    Batch,
    Call,
    CallPage,
    CallQuery,
    Detail,
    DeveloperKey,
    Expired,
    Health,
    Horizon,
    Login,
    LogText,
    Scope,
    Tail,
)
from ringlog.overview import Overview, Period


class AccountStore(Protocol):
    """Accounts and their developer keys. Any process may change them at any time."""

    async def add_account(self, email: str, now_us: int) -> Account:
        """A new active account. Emails are compared without regard to case.

        Raises AccountExists.
        """
        ...

    async def accounts(self) -> Sequence[Account]:
        """All accounts, by email."""
        ...

    async def account(self, email: str) -> Account:
        """Raises NoSuchAccount."""
        ...

    async def set_active(self, email: str, active: bool) -> None:
        """Raises NoSuchAccount."""
        ...

    async def delete_account(self, email: str) -> None:
        """Deletes the account, its keys and its calls for good, as `delete_call` does.

        From the first moment on nobody can log in to it, and its email is free. What was begun is finished
        after a restart. Raises NoSuchAccount.
        """
        ...

    async def add_key(self, account_id: int, digest: bytes, scopes: Scope, now_us: int) -> DeveloperKey: ...

    async def keys(self, account_id: int) -> Sequence[DeveloperKey]:
        """The account's keys that are not revoked, oldest first."""
        ...

    async def revoke_key(self, account_id: int, key_id: int) -> None:
        """Raises NoSuchKey, also for another account's key."""
        ...

    async def key_used(self, key_id: int, now_us: int) -> None:
        """Notes the key's last use."""
        ...

    async def add_login(self, digest: bytes, key_id: int, now_us: int, expires_us: int) -> None:
        """Notes a log-in by that key, and forgets those that have expired. `digest` is its token's.

        Raises NoSuchKey.
        """
        ...

    async def login(self, digest: bytes) -> Login:
        """The account and the key as they are now; whether they still may, and the time, are the caller's.

        Raises NoSuchLogin, also where the key was revoked or the account deleted.
        """
        ...

    async def end_login(self, digest: bytes) -> None:
        """Ending it again does no harm."""
        ...


class CallStore(Protocol):
    """Calls and their entries."""

    async def append(self, account_id: int, batch: Batch, horizon: Horizon) -> Appended:
        """Stores all of a request or nothing of it, durably: what returned survives a loss of power.

        Identity of an entry is (account, session_id, source, seq). What is stored already under it with the
        same text and time is a duplicate. Unnumbered entries get their arrival number as seq. Entries
        above a call's cap are dropped and counted (duplicates are recognised first).

        Raises NoSuchAccount; BeyondRetention, also for deleted calls, before Conflict, each with the numbers
        of all its records.
        """
        ...

    async def call(self, account_id: int, session_id: str, horizon: Horizon) -> Call:
        """Raises NoSuchCall."""
        ...

    async def read(self, account_id: int, session_id: str, horizon: Horizon) -> Detail:
        """The call and all its entries, in Order; of a running call, so far.

        Raises NoSuchCall; DetailsGone where the details are too old or were dropped; StoreDamaged.
        """
        ...

    async def log(self, account_id: int, session_id: str, horizon: Horizon) -> LogText:
        """The text of `read` and nothing else of it, which is quicker. Raises the same."""
        ...

    async def tail(self, account_id: int, session_id: str, after: int, horizon: Horizon) -> Tail:
        """The call and those of its entries that arrived behind number `after`, about a MiB at most.

        Whoever goes on from its `arrival` each time is told every entry once, whether the call is being
        sealed, is sealed, or is sealed again meanwhile. There are no entries where details are gone.

        Raises NoSuchCall, StoreDamaged.
        """
        ...

    async def calls(self, account_id: int, query: CallQuery, horizon: Horizon) -> CallPage:
        """The calls that match. Raises BadInput where the query's text, or its place, can be none."""
        ...

    async def overview(
        self, account_id: int, period: Period, application: str | None, horizon: Horizon
    ) -> Overview:
        """What the account's calls of the period say together, running ones included.

        The flow is that of the application of just this name ("": of calls without one; None: of the one
        with most calls). It sums up the Days that the period touches, as far as their calls are sealed and
        kept; each of a call's steps and moves counts once. The work is bounded: where there are more calls,
        the newest are counted, and `complete` is false.
        """
        ...

    async def seal(self, horizon: Horizon) -> int:
        """Seals the calls that ended and are quiet; returns how many."""
        ...

    async def expire(self, horizon: Horizon) -> Expired:
        """Drops the Days and call rows that the horizon leaves behind, and finishes deletions held up."""
        ...

    async def delete_call(self, account_id: int, session_id: str, now_us: int) -> None:
        """Deletes the call for good: when this returns, no file of the store holds anything of it.

        What stays is that the account deleted this session id (as a digest), so that a late append of it is
        refused, for as long as calls are listed. Deleting it again does no harm. What was begun is finished
        after a restart. Raises NoSuchCall, also for another account's call; StoreBusy where the call can no
        longer be read, but a reader keeps its bytes from being overwritten.
        """
        ...

    async def steady(self, now_us: int) -> bool:
        """Notes a reading of the clock; whether it has gone on for a day without a leap.

        What an expiry drops cannot come back: one that nobody asked for waits for this.
        """
        ...

    async def health(self) -> Health:
        """What is wrong with a store that works all the same. Asked often: it looks at little."""
        ...


class Store(AccountStore, CallStore, Protocol):
    async def close(self) -> None:
        """Finishes what was begun and lets go of everything. Further calls fail."""
        ...
