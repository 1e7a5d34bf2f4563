"""`ringlog backup`: a copy of a store that is itself a store, made while it is served."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import DownloadColumn

from ringlog.cli import options
from ringlog.cli.doctor import bar
from ringlog.cli.place import existing
from ringlog.errors import ConfigurationFault
from ringlog.store.sqlite.backup import back_up


def folder(text: str) -> Path:
    """Raises ConfigurationFault where it is empty, which would be the folder one happens to be in."""
    if not text:
        raise ConfigurationFault("DEST names no folder.")
    return Path(text)


Target = Annotated[Path, typer.Argument(metavar="DEST", parser=folder, help="The folder to make.")]


def backup(dest: Target, store: options.Store = options.STORE) -> None:
    """Copy a store into a new folder that is itself a store, also while it is served."""
    with bar("bytes", DownloadColumn()) as progress:
        back_up(existing(store), dest, progress)
    typer.echo(f"Backed up to {dest}; ringlog doctor --store sqlite:{dest} looks at it.")


def register(app: typer.Typer) -> None:
    app.command("backup", epilog="Example: ringlog backup /var/backups/ringlog-monday")(backup)
