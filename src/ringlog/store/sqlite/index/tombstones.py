"""Tombstones: which sessions were deleted. Of the call itself they hold nothing, of its id a digest."""

from collections.abc import Iterable
from hashlib import sha256

from ringlog.errors import NoSuchAccount, NoSuchCall
from ringlog.store.sqlite.disk.catalogue import Connection


def deleted(catalogue: Connection, account_id: int, session_ids: Iterable[str]) -> set[str]:
    """Those of the sessions that were deleted. Raises NoSuchAccount.

    One statement decides for accounts that never deleted a call.
    """
    ((known, any_deleted),) = catalogue.rows(
        "SELECT EXISTS (SELECT 1 FROM account WHERE id = ?1), "
        "EXISTS (SELECT 1 FROM tombstone WHERE account_id = ?1)",
        (account_id,),
    )
    if not known:
        raise NoSuchAccount
    return {one for one in session_ids if has(catalogue, account_id, one)} if any_deleted else set()


def has(catalogue: Connection, account_id: int, session_id: str) -> bool:
    return bool(
        catalogue.rows(
            "SELECT 1 FROM tombstone WHERE account_id = ? AND digest = ?", (account_id, digest(session_id))
        )
    )


def bury(catalogue: Connection, account_id: int, session_id: str, now_s: int) -> int | None:
    """Takes a call out of the catalogue and leaves a tombstone; what files still hold is noted as a deletion.

    The call's id; None where it was deleted before. Raises NoSuchCall.
    """
    rows = catalogue.rows(
        "SELECT id FROM call WHERE account_id = ? AND session_id = ?", (account_id, session_id)
    )
    if not rows:
        if has(catalogue, account_id, session_id):
            return None
        raise NoSuchCall
    catalogue.run("INSERT INTO tombstone VALUES (?, ?, ?)", (account_id, digest(session_id), now_s))
    catalogue.run(
        "INSERT INTO deletion SELECT id, account_id, application_id, version_id FROM call WHERE id = ?",
        rows[0],
    )
    drop(catalogue, rows)
    return rows[0][0]


def bury_some(catalogue: Connection, account_id: int, limit: int) -> int:
    """Takes some calls of a leaving account out of the catalogue; returns how many."""
    calls = catalogue.rows("SELECT id FROM call WHERE account_id = ? LIMIT ?", (account_id, limit))
    catalogue.run_many(
        "INSERT INTO deletion VALUES (?, ?, NULL, NULL)", ((*one, account_id) for one in calls)
    )
    drop(catalogue, calls)
    return len(calls)


def drop(catalogue: Connection, calls: list[tuple[int]]) -> None:
    catalogue.run_many("DELETE FROM chunk WHERE call_id = ?", calls)
    catalogue.run_many("DELETE FROM call WHERE id = ?", calls)


def digest(session_id: str) -> bytes:
    return sha256(session_id.encode()).digest()
