"""`ringlog account …` and `ringlog key …`. A running server notices within a second."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from ringlog.accounts import Accounts
from ringlog.cli import deleting, options
from ringlog.cli.groups import group
from ringlog.cli.place import existing, now_us, run
from ringlog.cli.terminal import filled, put, terminal
from ringlog.config import store_folder
from ringlog.errors import BadInput, StoreLocked
from ringlog.model import MICROSECONDS, Scope
from ringlog.store.sqlite.store import SqliteStore
from ringlog.wording import visible

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The account's email.")]
KeyId = Annotated[int, typer.Argument(metavar="ID", help="The key's number, as `ringlog key list` shows it.")]
Scopes = Annotated[str, typer.Option(metavar="SCOPES", help="What the key may do: read, write, admin.")]

SCOPES = {scope.name.lower(): scope for scope in Scope if scope.name}


@asynccontextmanager
async def opened(store: str, *, create: bool = False) -> AsyncGenerator[SqliteStore]:
    """The store; only a first account makes one. Raises ConfigurationFault where there is none."""
    found = await SqliteStore.open(store_folder(store), append=False, create=create)
    try:
        yield found
    finally:
        await found.close()


def add(email: Email, store: options.Store = options.STORE, as_json: options.Json = False) -> None:
    """Add an account and print its first developer key, which is shown this once only."""
    _, key = run(_add(email, store))
    typer.echo(json.dumps({"email": email, "developer_key": key}) if as_json else f"developer key: {key}")


async def _add(email: str, store: str) -> tuple[object, str]:
    async with opened(store, create=True) as found:
        return await Accounts(found, now_us).add(email)


def list_accounts(store: options.Store = options.STORE, as_json: options.Json = False) -> None:
    """List the accounts."""
    rows = run(_accounts(store))
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        state = "active" if row["active"] else "disabled"
        table_row((str(row["email"]), 40), (state, 8), (str(row["created"]), 20))


async def _accounts(store: str) -> list[dict[str, object]]:
    async with opened(store) as found:
        return [
            {"email": account.email, "active": account.active, "created": second(account.created_us)}
            for account in await found.accounts()
        ]


def disable(email: Email, store: options.Store = options.STORE) -> None:
    """Disable an account: its keys stop working, its calls stay."""
    run(_set_active(email, store, active=False))


def enable(email: Email, store: options.Store = options.STORE) -> None:
    """Enable a disabled account again."""
    run(_set_active(email, store, active=True))


async def _set_active(email: str, store: str, *, active: bool) -> None:
    async with opened(store) as found:
        await found.set_active(email, active)


def delete(email: Email, yes: deleting.Yes = False, store: options.Store = options.STORE) -> None:
    """Delete an account with its keys and all its calls for good, where no server runs."""
    deleting.confirm(f"Delete account {email} with all its calls", yes=yes)
    run(_delete_account(email, store))
    typer.echo(f"Deleted account {visible(email)}.")


async def _delete_account(email: str, store: str) -> None:
    folder = existing(store)
    try:
        found = await SqliteStore.open(folder, append=True)
    except StoreLocked:
        raise StoreLocked(
            f"Another process appends to {folder}: stop it to delete an account; disabling works meanwhile."
        ) from None
    try:
        await found.delete_account(email)
    finally:
        await found.close()


def add_key(
    email: Email,
    scope: Scopes = "read,write",
    store: options.Store = options.STORE,
    as_json: options.Json = False,
) -> None:
    """Add a developer key to an account and print it, this once only."""
    key = run(_add_key(email, scopes(scope), store))
    typer.echo(json.dumps({"email": email, "developer_key": key}) if as_json else f"developer key: {key}")


async def _add_key(email: str, wanted: Scope, store: str) -> str:
    async with opened(store) as found:
        return await Accounts(found, now_us).add_key(email, wanted)


def list_keys(email: Email, store: options.Store = options.STORE, as_json: options.Json = False) -> None:
    """List an account's developer keys, not kept themselves; a last use is noted once an hour at most."""
    rows = run(_keys(email, store))
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        used = f"last used {row['last_used']}" if row["last_used"] else "never used"
        table_row((str(row["id"]), 6), (str(row["scope"]), 18), (str(row["created"]), 20), (used, 30))


async def _keys(email: str, store: str) -> list[dict[str, object]]:
    async with opened(store) as found:
        account = await found.account(email)
        return [
            {
                "id": key.id,
                "scope": scope_names(key.scopes),
                "created": second(key.created_us),
                "last_used": None if key.last_used_us is None else second(key.last_used_us),
            }
            for key in await found.keys(account.id)
        ]


def revoke(email: Email, key_id: KeyId, store: options.Store = options.STORE) -> None:
    """Revoke a developer key for good."""
    run(_revoke(email, key_id, store))


async def _revoke(email: str, key_id: int, store: str) -> None:
    async with opened(store) as found:
        await found.revoke_key((await found.account(email)).id, key_id)


def scopes(names: str) -> Scope:
    """Raises BadInput."""
    wanted = Scope(0)
    for name in names.split(","):
        if name.strip() not in SCOPES:
            raise BadInput(f"--scope takes {', '.join(SCOPES)}, with commas between, not {name!r}.")
        wanted |= SCOPES[name.strip()]
    return wanted


def scope_names(held: Scope) -> str:
    return ",".join(name for name, scope in SCOPES.items() if scope in held)


def second(us: int) -> str:
    return datetime.fromtimestamp(us // MICROSECONDS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def table_row(*cells: tuple[str, int]) -> None:
    put(terminal(), Text("  ".join(filled(text, width) for text, width in cells)))


def register(app: typer.Typer) -> None:
    account = group(
        app, "account", "Accounts: add, list, disable, enable, delete.", "account add ann@example.com"
    )
    account.command("add", epilog="Example: ringlog account add ann@example.com")(add)
    account.command("delete", epilog="Example: ringlog account delete ann@example.com --yes")(delete)
    account.command("disable", epilog="Example: ringlog account disable ann@example.com")(disable)
    account.command("enable", epilog="Example: ringlog account enable ann@example.com")(enable)
    account.command("list", epilog="Example: ringlog account list --json")(list_accounts)
    key = group(app, "key", "Developer keys: add, list, revoke.", "key add ann@example.com --scope read")
    key.command("add", epilog="Example: ringlog key add ann@example.com --scope read")(add_key)
    key.command("list", epilog="Example: ringlog key list ann@example.com")(list_keys)
    key.command("revoke", epilog="Example: ringlog key revoke ann@example.com 2")(revoke)
