"""`ringlog import` and `ringlog export`: calls as records that change nothing when repeated."""

import asyncio
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

from ringlog.cli.options import Utc
from ringlog.cli.place import RECORD, Place, now_us, opened, run
from ringlog.cli.records import Portion, portions, renamed, without
from ringlog.cli.times import moment
from ringlog.cli.where import Where, somewhere
from ringlog.errors import BadInput, BeyondRetention, Conflict, Refused
from ringlog.model import Batch, CallQuery, is_source
from ringlog.wire.entries import export_entry, export_row
from ringlog.wire.records import parse

EVERY_CALL = 2**31 - 1

Files = Annotated[list[str], typer.Argument(metavar="FILE…", help="Files to read; - is standard input.")]
SessionId = Annotated[
    str,
    typer.Option(
        "--session-id", metavar="ID", help="The call of a JSON array's entries (a body of /api/call)."
    ),
]
IgnoreUnknown = Annotated[bool, typer.Option("--ignore-unknown", help="Leave unknown keys out.")]
SourceName = Annotated[
    str, typer.Option("--source", metavar="NAME", help="Rename the source `-` of numbered entries.")
]
OneSession = Annotated[str, typer.Option("--session", metavar="ID", help="This call only.")]
Since = Annotated[
    str, typer.Option(metavar="TIME", help="Calls that started then or later: 2h, 09:04, 2026-11-23.")
]
Until = Annotated[str, typer.Option(metavar="TIME", help="Calls that started before then.")]


@dataclass(slots=True)
class Tally:
    """What became of the records of an import."""

    accepted: int = 0
    duplicates: int = 0
    dropped: int = 0
    too_old: int = 0
    conflicts: int = 0

    def sentence(self) -> str:
        said = [f"{self.accepted:,} entries imported", f"{self.duplicates:,} known already"]
        for count, what in (
            (self.dropped, "above the cap of their call"),
            (self.too_old, "left out: too old"),
            (self.conflicts, "left out: something else is stored in their place"),
        ):
            if count:
                said.append(f"{count:,} record{'s' if count > 1 else ''} {what}")
        return ", ".join(said) + "."


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are to be read."""

    session_id: str
    ignore_unknown: bool
    source: str

    def batch(self, name: str, portion: Portion) -> Batch:
        try:
            batch = parse(
                portion.body,
                portion.media_type,
                self.session_id or None,
                now_us(),
                ignore_unknown=self.ignore_unknown,
            )
        except Refused as error:
            raise BadInput(located(name, portion, error)) from None
        except BadInput as error:
            raise BadInput(f"{name}: {error.message}") from None
        return renamed(batch, self.source) if self.source else batch


@somewhere
def import_files(
    where: Where,
    files: Files,
    session_id: SessionId = "",
    ignore_unknown: IgnoreUnknown = False,
    source: SourceName = "",
) -> None:
    """Read calls and entries from files: NDJSON, JSON arrays, bodies of the read endpoints."""
    if source and not is_source(source):
        raise BadInput("--source takes 1–128 characters without control characters.")
    tally = run(_import(where, files, Reading(session_id, ignore_unknown, source)))
    typer.echo(tally.sentence(), err=True)
    if tally.conflicts:
        raise typer.Exit(1)


async def _import(where: Where, files: list[str], reading: Reading) -> Tally:
    tally = Tally()
    async with opened(where, append=True) as place:
        for name in files:
            with opened_file(name) as file, watched(name, file) as progress:
                for portion in taken(name, file, one_call=bool(reading.session_id)):
                    await append(place, reading.batch(name, portion), tally, name, portion)
                    progress()
    return tally


async def append(place: Place, batch: Batch, tally: Tally, name: str, portion: Portion) -> None:
    """Appends what can be appended; what is refused as too old or conflicting is counted and left out."""
    while batch:
        try:
            done = await place.append(batch)
        except (BeyondRetention, Conflict) as error:
            if not error.records:
                raise
            count(error, tally, name, portion)
            batch = without(batch, set(error.records))
            continue
        tally.accepted += done.accepted
        tally.duplicates += done.duplicates
        tally.dropped += done.dropped
        return


def count(error: Refused, tally: Tally, name: str, portion: Portion) -> None:
    if isinstance(error, Conflict):
        tally.conflicts += len(error.records)
        typer.echo(f"ringlog: {located(name, portion, error)}", err=True)
    else:
        tally.too_old += len(error.records)


def located(name: str, portion: Portion, error: Refused) -> str:
    """The error's sentence with the file and line in place of the record's number in its request."""
    if not error.records:
        return f"{name}: {error.message}"
    found = RECORD.match(error.message)
    number = int(found[1]) if found else error.records[0]
    what = error.message[found.end() :] if found else f": {error.message}"
    return f"{name}, {portion.counted} {portion.numbers[number - 1]}{what}"


def taken(name: str, file: BinaryIO, *, one_call: bool) -> Iterator[Portion]:
    try:
        yield from portions(file, one_call=one_call)
    except BadInput as error:
        raise BadInput(f"{name}: {error.message}") from None


@contextmanager
def opened_file(name: str) -> Generator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as file:
        yield file


@contextmanager
def watched(name: str, file: BinaryIO) -> Generator["Watch"]:
    """A progress bar on stderr, on a terminal, of a file whose size is known."""
    console = Console(stderr=True)
    total = Path(name).stat().st_size if name != "-" else None
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=console, transient=True
    )
    bar.disable = not console.is_terminal
    with bar:
        yield Watch(bar, bar.add_task("importing", total=total), file if total is not None else None)


@dataclass(frozen=True, slots=True)
class Watch:
    bar: Progress
    task: TaskID
    file: BinaryIO | None

    def __call__(self) -> None:
        if self.file:
            self.bar.update(self.task, completed=self.file.tell())


@somewhere
def export(
    where: Where, session: OneSession = "", since: Since = "", until: Until = "", utc: Utc = False
) -> None:
    """Write calls as NDJSON that `ringlog import` reads; importing it again changes nothing."""
    start = moment(since, "--since", now_us(), utc=utc) if since else None
    end = moment(until, "--until", now_us(), utc=utc) if until else None
    if session and (since or until):
        raise BadInput("--session stands alone, without --since and --until.")
    run(_export(where, session, CallQuery(start, end, limit=EVERY_CALL)))


async def _export(where: Where, session: str, query: CallQuery) -> None:
    async with opened(where) as place:
        wanted = [session] if session else [call.session_id for call in (await place.calls(query)).calls]
        for session_id in wanted:
            call, entries = await place.detail(session_id)
            out = [export_row(call), *(export_entry(session_id, entry) for entry in entries)]
            await asyncio.to_thread(sys.stdout.buffer.write, b"\n".join(out) + b"\n")
    sys.stdout.buffer.flush()


def register(app: typer.Typer) -> None:
    app.command("import", epilog="Example: ringlog import calls.ndjson --to https://logs.example.com")(
        import_files
    )
    app.command("export", epilog="Example: ringlog export --since 2026-11-23 > calls.ndjson")(export)
