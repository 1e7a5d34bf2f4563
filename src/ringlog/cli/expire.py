"""`ringlog expire`: drops what is too old, where no server does it."""

from typing import Annotated

import typer

from ringlog.call_log import CallLog
from ringlog.cli import options
from ringlog.cli.place import existing, now_us, run
from ringlog.config import Retention
from ringlog.errors import StoreLocked
from ringlog.model import Expired
from ringlog.store.sqlite.store import SqliteStore
from ringlog.wording import count

Days = Annotated[int, typer.Option(min=0, help="Days that details are kept; 0: for ever.")]
CallsDays = Annotated[int, typer.Option(min=0, help="Days that the call list is kept; 0: for ever.")]


def expire(
    store: options.Store = options.STORE, retention_days: Days = 5, calls_days: CallsDays = 365
) -> None:
    """Drop call details and call rows that are too old. A running server does this by itself."""
    gone = run(_expire(store, Retention(retention_days, calls_days)))
    typer.echo(f"Dropped {count(gone.days, 'day')} of details and {count(gone.calls, 'call')}.")


async def _expire(store: str, retention: Retention) -> Expired:
    folder = existing(store)
    try:
        found = await SqliteStore.open(folder, append=True)
    except StoreLocked:
        raise StoreLocked(
            f"Another process appends to {folder}: a running server drops what is too old by itself."
        ) from None
    try:
        return await CallLog(found, retention, now_us).expire()
    finally:
        await found.close()


def register(app: typer.Typer) -> None:
    app.command("expire", epilog="Example: ringlog expire --retention-days 5")(expire)
