"""`ringlog calls` and `ringlog show`."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import msgspec
import typer
from rich.text import Text

from ringlog.cli import listing, showing
from ringlog.cli.live import LiveCall, LiveList
from ringlog.cli.options import Json, Utc
from ringlog.cli.place import now_us, opened, run
from ringlog.cli.terminal import put, terminal
from ringlog.cli.times import moment
from ringlog.cli.transfer import Since, Until
from ringlog.cli.where import Where, somewhere
from ringlog.errors import BadInput
from ringlog.model import Call, CallPage, CallQuery, CallState, CallType, Kind, StoredEntry
from ringlog.timeline import timeline
from ringlog.wire.native import call_row
from ringlog.wording import visible

LEFT_OUT = "Not all could be searched: some calls for want of time, or because they cannot be read."


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    XML = "xml"


SessionId = Annotated[str, typer.Argument(metavar="SESSION_ID", help="The call.")]
Number = Annotated[str, typer.Option(metavar="NUMBER", help="Calls from or to this number.")]
Type = Annotated[CallType | None, typer.Option("--type", help="Calls of this type.")]
State = Annotated[CallState | None, typer.Option(help="Calls in this state; failed: completed with errors.")]
Application = Annotated[str, typer.Option(metavar="NAME", help="Calls of the application of that name.")]
Errors = Annotated[bool, typer.Option("--errors", help="Calls with errors.")]
SearchText = Annotated[
    str,
    typer.Option("--text", metavar="TEXT", help="Calls whose lines hold these words and numbers."),
]
Ids = Annotated[bool, typer.Option("--ids", help="Each call's session id, which `ringlog show` asks for.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="Calls at most.")]
Follow = Annotated[bool, typer.Option("--follow", help="Go on with what comes, until Ctrl-C.")]
FollowCall = Annotated[bool, typer.Option("--follow", help="Go on with what comes, until the call ends.")]
FormatOption = Annotated[Format, typer.Option("--format", help="json and xml: as the server's API answers.")]
All = Annotated[bool, typer.Option("--all", help="Every entry with its data; nothing folded.")]


@somewhere
def calls(  # noqa: PLR0917 - each is an option
    where: Where,
    context: typer.Context,
    number: Number = "",
    since: Since = "",
    until: Until = "",
    type_: Type = None,
    state: State = None,
    application: Application = "",
    errors: Errors = False,
    text: SearchText = "",
    ids: Ids = False,
    limit: Limit = 50,
    follow: Follow = False,
    as_json: Json = False,
    utc: Utc = False,
) -> None:
    """List calls, newest first, running ones too."""
    now = now_us()
    start = moment(since, "--since", now, utc=utc) if since else None
    end = moment(until, "--until", now, utc=utc) if until else None
    kind = Kind.ERROR if errors else None
    query = CallQuery(
        start, end, number, either_side=True, type=type_, state=state, application=application, kind=kind,
        text=text, limit=limit + 1, count=not as_json,
    )  # fmt: skip
    if follow:
        if query.searches:
            raise BadInput("--follow goes by what a call's row says: --text searches entries.")
        with suppress(KeyboardInterrupt):
            run(_follow_calls(where, replace(query, limit=limit, count=False), as_json=as_json, utc=utc))
        return
    page = run(_calls(where, query))
    if as_json:
        typer.echo(msgspec.json.encode([call_row(call) for call in page.calls[:limit]]))
        return
    if page.calls:
        console = terminal()
        for line in listing.lines(page.calls[:limit], now, console.width, utc=utc, ids=ids):
            put(console, line)
        put(console, Text())
        put(console, Text(visible(footer(page, query, repeated(context)))))
    else:
        typer.echo("No calls yet." if query == unfiltered(query) else "No calls match.")
    if not page.complete:
        typer.echo(LEFT_OUT)


def unfiltered(query: CallQuery) -> CallQuery:
    return CallQuery(either_side=True, limit=query.limit, count=query.count)


async def _calls(where: Where, query: CallQuery) -> CallPage:
    async with opened(where) as place:
        return await place.calls(query)


async def _follow_calls(where: Where, query: CallQuery, *, as_json: bool, utc: bool) -> None:
    live = LiveList(terminal(), utc=utc)
    async with opened(where) as place:
        async for calls in place.follow_calls(query):
            if not as_json:
                live.tell(calls)
                continue
            for call in live.new(calls):
                typer.echo(msgspec.json.encode(call_row(call)))


def footer(page: CallPage, query: CallQuery, given: Mapping[str, str]) -> str:
    """How many, and the command that goes on; a second that was cut in two is shown again."""
    shown, older, total = page.calls[: query.limit - 1], page.calls[query.limit - 1 :], page.total
    plural = "s" if (total or len(shown)) > 1 else ""
    if not older:
        return f"{len(shown):,} call{plural}"
    count = f"{len(shown):,} of {total:,} calls" if total else f"{len(shown):,} call{plural}"
    if query.searches:
        return f"{count}   more: {command({**given, '--limit': str(2 * len(shown))})}"
    last = shown[-1].start_s
    if shown[0].start_s == last == older[0].start_s:
        return f"{count}   more of the same second: {command({**given, '--limit': str(2 * len(shown))})}"
    until = last if older[0].start_s < last else last + 1
    return f"{count}   older: {command({**given, '--until': str(until)})}"


def repeated(context: typer.Context) -> dict[str, str]:
    """The options given on the command line, with their values; a switch has none."""
    given: dict[str, str] = {}
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if source and source.name == "COMMANDLINE":
            value = context.params[option.name or ""]
            given[max(option.opts, key=len)] = "" if value is True else str(value)
    return given


def command(options: Mapping[str, str]) -> str:
    words = (word for option in options.items() for word in option if word)
    return f"ringlog calls {shlex.join(words)}"


@somewhere
def show(  # noqa: PLR0917 - each is an option
    where: Where,
    session_id: SessionId,
    format_: FormatOption = Format.TEXT,
    follow: FollowCall = False,
    whole: All = False,
    utc: Utc = False,
) -> None:
    """Show what happened in a call."""
    if follow:
        if format_ is Format.XML:
            raise BadInput("--follow prints text or json, an entry a line.")
        with suppress(KeyboardInterrupt):
            run(_follow(where, session_id, as_json=format_ is Format.JSON, whole=whole, utc=utc))
        return
    if format_ is not Format.TEXT:
        sys.stdout.buffer.write(run(_served(where, session_id, f"application/{format_.value}")))
        return
    call, entries = run(_detail(where, session_id))
    console = terminal()
    now = now_us()
    if call.available:
        drawn = timeline(call, entries, whole=whole)
        found = showing.lines(drawn, now, console.width, utc=utc, whole=whole)
    else:
        found = showing.gone(call, now, utc=utc)
    for line in found:
        put(console, line)


async def _follow(where: Where, session_id: str, *, as_json: bool, whole: bool, utc: bool) -> None:
    async with opened(where) as place:
        call, entries = await place.detail(session_id)
        after = max((entry.arrival for entry in entries), default=0)
        new = place.follow(session_id, after)
        if as_json:
            put_json(entries)
            async for fresh in new:
                put_json(fresh.entries)
            return
        live = LiveCall(terminal(), call, utc=utc, whole=whole)
        live.begin(entries)
        with live.running():
            async for fresh in new:
                live.tell(fresh)
        live.end()


def put_json(entries: Sequence[StoredEntry]) -> None:
    for entry in entries:
        typer.echo(entry.text)


async def _served(where: Where, session_id: str, media_type: str) -> bytes:
    async with opened(where) as place:
        return await place.served(session_id, media_type)


async def _detail(where: Where, session_id: str) -> tuple[Call, Sequence[StoredEntry]]:
    async with opened(where) as place:
        return await place.detail(session_id)


def register(app: typer.Typer) -> None:
    app.command("calls", epilog='Example: ringlog calls --text "no such file" --since 2h')(calls)
    app.command("show", epilog="Example: ringlog show 1795424645.40")(show)
