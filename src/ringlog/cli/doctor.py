"""`ringlog doctor`: is everything in a store as it should be?"""

from collections.abc import Generator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn

from ringlog.cli import options
from ringlog.cli.place import existing
from ringlog.store.sqlite.doctor.doctor import Doctor
from ringlog.store.sqlite.doctor.doctor import Progress as Told
from ringlog.wording import count, visible


def doctor(store: options.Store = options.STORE) -> None:
    """Check every file, call and entry of a store, also beside its server; exit 0 only if all is well."""
    wrong = 0
    with bar("calls", MofNCompleteColumn()) as progress:
        patient = Doctor(existing(store), progress)
        for finding in patient.findings():
            wrong += 1
            typer.echo(visible(finding))
    if wrong:
        raise typer.Exit(1)
    typer.echo(f"All is well: {count(patient.calls, 'call')} with details, in {count(patient.days, 'day')}.")


@contextmanager
def bar(what: str, column: ProgressColumn) -> Generator[Told]:
    """A progress bar on stderr, on a terminal."""
    shown = Progress(
        TextColumn("{task.description}"), BarColumn(), column,
        console=Console(stderr=True), transient=True, disable=not Console(stderr=True).is_terminal,
    )  # fmt: skip
    with shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def register(app: typer.Typer) -> None:
    app.command("doctor", epilog="Example: ringlog doctor")(doctor)
