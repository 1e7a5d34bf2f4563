"""Accounts and developer keys in the catalogue. Each function is one statement or one job of the writer."""

from typing import Any

from ringlog.errors import AccountExists, NoSuchAccount, NoSuchKey
from ringlog.model import Account, DeveloperKey, Scope
from ringlog.store.sqlite.disk.catalogue import Connection

ACCOUNT = "SELECT id, email, active, created_us FROM account"
KEY = "SELECT id, account_id, digest, scopes, created_us, expires_us, last_used_us FROM developer_key"


def add_account(connection: Connection, email: str, now_us: int) -> Account:
    """Raises AccountExists."""
    if connection.rows("SELECT 1 FROM account WHERE email_key = ?", (email.casefold(),)):
        raise AccountExists(f"There is an account of {email} already.")
    connection.run(
        "INSERT INTO account (email, email_key, active, created_us) VALUES (?, ?, 1, ?)",
        (email, email.casefold(), now_us),
    )
    return Account(connection.last_insert_rowid(), email, active=True, created_us=now_us)


def accounts(connection: Connection) -> list[Account]:
    return [_account(row) for row in connection.rows(f"{ACCOUNT} ORDER BY email_key")]


def account(connection: Connection, email: str) -> Account:
    """Raises NoSuchAccount."""
    rows = connection.rows(f"{ACCOUNT} WHERE email_key = ?", (email.casefold(),))
    if not rows:
        raise NoSuchAccount(f"There is no account of {email}.")
    return _account(rows[0])


def set_active(connection: Connection, email: str, *, active: bool) -> None:
    """Raises NoSuchAccount."""
    found = account(connection, email)
    connection.run("UPDATE account SET active = ? WHERE id = ?", (active, found.id))


def leave(connection: Connection, email: str) -> None:
    """Drops an account and its keys, and notes that its calls are on their way out. Raises NoSuchAccount."""
    found = account(connection, email)
    connection.run(
        "DELETE FROM login WHERE key_id IN (SELECT id FROM developer_key WHERE account_id = ?)", (found.id,)
    )
    connection.run("DELETE FROM developer_key WHERE account_id = ?", (found.id,))
    connection.run("DELETE FROM account WHERE id = ?", (found.id,))
    connection.run("INSERT INTO leaving VALUES (?)", (found.id,))


def add_key(
    connection: Connection, account_id: int, digest: bytes, scopes: Scope, now_us: int
) -> DeveloperKey:
    """Raises NoSuchAccount."""
    if not connection.rows("SELECT 1 FROM account WHERE id = ?", (account_id,)):
        raise NoSuchAccount
    connection.run(
        "INSERT INTO developer_key (account_id, digest, scopes, created_us) VALUES (?, ?, ?, ?)",
        (account_id, digest, int(scopes), now_us),
    )
    return DeveloperKey(connection.last_insert_rowid(), account_id, digest, scopes, now_us)


def keys(connection: Connection, account_id: int) -> list[DeveloperKey]:
    rows = connection.rows(f"{KEY} WHERE account_id = ? ORDER BY id", (account_id,))
    return [_key(row) for row in rows]


def account_by_id(connection: Connection, account_id: int) -> Account | None:
    rows = connection.rows(f"{ACCOUNT} WHERE id = ?", (account_id,))
    return _account(rows[0]) if rows else None


def key_by_id(connection: Connection, key_id: int) -> DeveloperKey | None:
    rows = connection.rows(f"{KEY} WHERE id = ?", (key_id,))
    return _key(rows[0]) if rows else None


def revoke_key(connection: Connection, account_id: int, key_id: int) -> None:
    """Raises NoSuchKey."""
    connection.run("DELETE FROM developer_key WHERE id = ? AND account_id = ?", (key_id, account_id))
    if not connection.changes():
        raise NoSuchKey
    connection.run("DELETE FROM login WHERE key_id = ?", (key_id,))


def key_used(connection: Connection, key_id: int, now_us: int) -> None:
    connection.run("UPDATE developer_key SET last_used_us = ? WHERE id = ?", (now_us, key_id))


def _account(row: tuple[Any, ...]) -> Account:
    return Account(row[0], row[1], active=bool(row[2]), created_us=row[3])


def _key(row: tuple[Any, ...]) -> DeveloperKey:
    return DeveloperKey(row[0], row[1], row[2], Scope(row[3]), row[4], row[5], row[6])
