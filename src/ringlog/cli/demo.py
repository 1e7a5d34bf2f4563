"""`ringlog demo`: recorded real calls, played through the real collector into a real server.

The work is done by commands of their own: `serve`, and for each of two PBXs `replay` in the place of an
Asterisk and `collect asterisk` between the two. Nothing leaves 127.0.0.1.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ringlog.accounts import Accounts
from ringlog.cli.children import Child, Children
from ringlog.cli.place import Place, RemotePlace, now_us
from ringlog.cli.played import PBXS, Played, untaken
from ringlog.client.http import Server
from ringlog.collect.recording import read_recording
from ringlog.config import store_folder
from ringlog.errors import AccountExists, StoreFault
from ringlog.model import MICROSECONDS, Call, CallQuery
from ringlog.store.sqlite.store import SqliteStore

HOST = "127.0.0.1"
EMAIL = "demo@example.com"
USER = "demo"
CALLS = sum(pbx.calls for pbx in PBXS)
ARRIVE_S = 120
LOOK_BACK_S = 3600
OVER_AND_OVER = ("--loop", "--new-ids")

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Folder = Annotated[
    Path,
    typer.Option(envvar="RINGLOG_DEMO_FOLDER", metavar="FOLDER", help="Where it keeps its store and logs."),
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The server's port; 0: any free one.")]

FOLDER = Path(".demo")


def demo(folder: Folder = FOLDER, port: Port = 8080) -> None:
    """Play recorded real calls into a server of its own, until Ctrl-C."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    asyncio.run(_until_told(folder, port))
    typer.echo(f"\nThe demo is over; its calls stay in {folder}.")


async def _until_told(folder: Path, port: int) -> None:
    """Plays until a signal, or until one of the processes ends by itself. Raises ChildEnded."""
    told = asyncio.Event()
    for number in ENDINGS:
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with Children(folder) as children:
        under_way: list[asyncio.Task[object]] = [
            asyncio.create_task(told.wait()),
            asyncio.create_task(children.one_ended()),
            asyncio.create_task(_play(children, folder, port)),
        ]
        done, rest = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        for task in done:
            task.result()


async def _play(children: Children, folder: Path, port: int) -> None:
    store = f"sqlite:{folder / 'store'}"
    serving = await children.start("server", "serve", "--store", store, "--host", HOST, "--port", str(port))
    url = (await children.said(serving)).split()[4].rstrip(",")
    key = await developer_key(store)
    place = RemotePlace(Server(url, EMAIL, key))
    since_s = now_us() // MICROSECONDS - LOOK_BACK_S
    known = {call.session_id for call in (await place.calls(CallQuery(since_s, limit=10**6))).calls}

    at_once = await asyncio.gather(*(begun(children, folder, pbx, known) for pbx in PBXS))
    for pbx, (_, pbx_port) in zip(PBXS, at_once, strict=True):
        await children.start(
            f"collector of {pbx.name}",
            *("collect", "asterisk", "--host", HOST, "--port", pbx_port, "--username", USER),
            *("--name", pbx.name, "--session-prefix", pbx.prefix),
            *("--to", url, "--email", EMAIL, "--spool", str(folder / f"spool-{pbx.name}")),
            secrets={"RINGLOG_KEY": key, "RINGLOG_ASTERISK_SECRET": USER},
        )
    calls = await arrived(place, known, since_s)

    await asyncio.gather(*(goes_on(children, folder, *pbx) for pbx in zip(PBXS, at_once, strict=True)))
    await tell(url, key, store, calls)
    await asyncio.Event().wait()


async def begun(children: Children, folder: Path, pbx: Played, known: Collection[str]) -> tuple[Child, str]:
    """A replay that says all of a PBX's recording at once, and its port."""
    path = pbx.unpacked(folder)
    own = [name.removeprefix(pbx.prefix) for name in known if name.startswith(pbx.prefix)]
    ago_s = untaken(read_recording(path), own, now_us() // MICROSECONDS)
    at_once = ("--speed", "0", "--end-ago", str(ago_s), "--new-ids")
    replay = await children.start(f"replay of {pbx.name}", "replay", str(path), "--port", "0", *at_once)
    return replay, (await children.said(replay)).rpartition(":")[2]


async def goes_on(children: Children, folder: Path, pbx: Played, before: tuple[Child, str]) -> None:
    """The recording over and over, at natural speed, in the place of the replay `before`."""
    first, pbx_port = before
    await children.end(first)
    path = str(folder / pbx.recording)
    await children.said(
        await children.start(f"replay of {pbx.name}", "replay", path, "--port", pbx_port, *OVER_AND_OVER)
    )


async def developer_key(store: str) -> str:
    """A new key of the demo's account, which the first run makes."""
    opened = await SqliteStore.open(store_folder(store), append=False)
    try:
        accounts = Accounts(opened, now_us)
        try:
            return (await accounts.add(EMAIL))[1]
        except AccountExists:
            return await accounts.add_key(EMAIL)
    finally:
        await opened.close()


async def arrived(place: Place, known: Collection[str], since_s: int) -> Sequence[Call]:
    """Waits until all of the first passes is there; returns its calls. Raises StoreFault."""
    deadline = time.monotonic() + ARRIVE_S
    while time.monotonic() < deadline:
        calls = (await place.calls(CallQuery(since_s, limit=10**6))).calls
        new = [call for call in calls if call.session_id not in known and call.end_s is not None]
        if len(new) >= CALLS:
            return new
        await asyncio.sleep(0.2)
    raise StoreFault(f"The recorded calls did not arrive within {ARRIVE_S} s; the demo's folder has logs.")


async def tell(url: str, key: str, store: str, calls: Sequence[Call]) -> None:
    """Says what is there, how to ask for it, and shows the call with most errors."""
    call = max(calls, key=lambda call: (call.errors, call.start_s))
    curl = f"curl -sS -u {EMAIL}:{key}"
    one = f"'{url}/api/call/{call.session_id}'"
    typer.echo(f"""\
Ringlog is ready on {url}: {CALLS} recorded calls of two PBXs are there to read, and new ones come in.

account        {EMAIL}
developer key  {key}

In a browser, where these log in: {url}

Paste into another terminal: the calls of the last hour, one call as JSON, the same as XML.

{curl} "{url}/api/calls/$(($(date +%s) - 3600))/$(date +%s)"
{curl} {one}
{curl} -H 'Accept: application/xml' {one}

$ {program()} show {call.session_id} --store {store}""")
    show = (sys.executable, "-m", "ringlog", "show", call.session_id, "--store", store)
    await (await asyncio.create_subprocess_exec(*show)).wait()
    typer.echo("\nMore to look at:")
    for session_id, what in worth_a_look(calls):
        typer.echo(f"{program()} show {session_id} --store {store}   # {what}")
    typer.echo(f"\nCalls go on all the time: {program()} calls --store {store}\nCtrl-C ends the demo.")


def worth_a_look(calls: Sequence[Call]) -> Iterator[tuple[str, str]]:
    """Ids of calls that a newcomer wants to see, and what happened in each."""
    for pbx in PBXS:
        own = {call.src: call.session_id for call in calls if call.session_id.startswith(pbx.prefix)}
        for caller, what in pbx.worth.items():
            yield own[caller], what


def program() -> Path:
    """How to call `ringlog` from here."""
    installed = Path(sys.executable).with_name("ringlog")
    return installed.relative_to(Path.cwd()) if installed.is_relative_to(Path.cwd()) else installed


def register(app: typer.Typer) -> None:
    app.command("demo", epilog="Example: ringlog demo --port 8080")(demo)
