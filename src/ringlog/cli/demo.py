"""`ringlog demo`: recorded real calls, played through the real collector into a real server.

Three processes do the work, each a command of its own: `serve`, `replay` in the place of an Asterisk, and
`collect asterisk` between the two. Nothing leaves 127.0.0.1.
"""

import asyncio
import gzip
import signal
import sys
import time
from collections.abc import Collection
from importlib import resources
from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from ringlog.accounts import Accounts
from ringlog.cli.children import Children
from ringlog.cli.place import Place, RemotePlace, now_us
from ringlog.client.http import Server
from ringlog.collect.recording import Recording, read_recording
from ringlog.config import store_folder
from ringlog.errors import AccountExists, StoreFault
from ringlog.model import MICROSECONDS, Call, CallQuery
from ringlog.store.sqlite.store import SqliteStore

HOST = "127.0.0.1"
EMAIL = "demo@example.com"
PBX = "demo"
RECORDING = "asterisk.ami.txt"
CALLS = 35
"""Calls that the recording tells of."""
ENDED_AGO_S = 60
ARRIVE_S = 120
STARTING_S = 20
"""At most so long after the demo's start the first pass begins."""
LOOK_BACK_S = 3600

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
    path = unpacked(folder)

    since_s = now_us() // MICROSECONDS - LOOK_BACK_S
    known = {call.session_id for call in (await place.calls(CallQuery(since_s, limit=10**6))).calls}
    ago_s = untaken(read_recording(path), known, now_us() // MICROSECONDS)
    at_once = ("--speed", "0", "--end-ago", str(ago_s), "--new-ids")
    replay = await children.start("replay", "replay", str(path), "--port", "0", *at_once)
    pbx_port = (await children.said(replay)).rpartition(":")[2]
    await children.start(
        "collector",
        *("collect", "asterisk", "--host", HOST, "--port", pbx_port, "--username", PBX, "--name", PBX),
        *("--to", url, "--email", EMAIL, "--spool", str(folder / "spool")),
        secrets={"RINGLOG_KEY": key, "RINGLOG_ASTERISK_SECRET": PBX},
    )
    call = await arrived(place, known, since_s)

    await children.end(replay)
    replay = await children.start("replay", "replay", str(path), "--port", pbx_port, "--loop", "--new-ids")
    await children.said(replay)
    await tell(url, key, store, call)
    await asyncio.Event().wait()


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


def unpacked(folder: Path) -> Path:
    """The recording that is shipped with the program, as a file to replay."""
    packed = resources.files("ringlog") / "recordings" / f"{RECORDING}.gz"
    path = folder / RECORDING
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    return path


def untaken(recording: Recording, known: Collection[str], now_s: int) -> int:
    """How many seconds ago the pass at once ends, so that none of its ids is one that an earlier run gave.

    Ids move with the times, so two passes have the same ones where both move by the same seconds.
    """
    recorded = dict(name.decode().split(".", 1)[::-1] for name in recording.ids if name.count(b".") == 1)
    taken = {
        int(epoch) - int(recorded[n])
        for epoch, _, n in (name.partition(".") for name in known)
        if n in recorded and epoch.isdecimal()
    }
    last_s = recording.last_us // MICROSECONDS
    for ago_s in count(ENDED_AGO_S, STARTING_S):
        moved_s = now_s - ago_s - last_s
        if taken.isdisjoint(range(moved_s - 2, moved_s + STARTING_S)):
            return ago_s
    raise AssertionError


async def arrived(place: Place, known: Collection[str], since_s: int) -> Call:
    """Waits until the first pass is there; returns the call with most errors. Raises StoreFault."""
    deadline = time.monotonic() + ARRIVE_S
    while time.monotonic() < deadline:
        calls = (await place.calls(CallQuery(since_s, limit=10**6))).calls
        new = [call for call in calls if call.session_id not in known and call.end_s is not None]
        if len(new) >= CALLS:
            return max(new, key=lambda call: (call.errors, call.start_s))
        await asyncio.sleep(0.2)
    raise StoreFault(f"The recorded calls did not arrive within {ARRIVE_S} s; the demo's folder has logs.")


async def tell(url: str, key: str, store: str, call: Call) -> None:
    """Says what is there, how to ask for it, and shows one call."""
    curl = f"curl -sS -u {EMAIL}:{key}"
    one = f"'{url}/api/call/{call.session_id}'"
    typer.echo(f"""\
Ringlog is ready on {url}: {CALLS} recorded calls are there to read, and new ones come in.

account        {EMAIL}
developer key  {key}

Paste into another terminal: the calls of the last hour, one call as JSON, the same as XML.

{curl} "{url}/api/calls/$(($(date +%s) - 3600))/$(date +%s)"
{curl} {one}
{curl} -H 'Accept: application/xml' {one}

$ {program()} show {call.session_id} --store {store}""")
    show = (sys.executable, "-m", "ringlog", "show", call.session_id, "--store", store)
    await (await asyncio.create_subprocess_exec(*show)).wait()
    typer.echo(f"\nCalls go on all the time: {program()} calls --store {store}\nCtrl-C ends the demo.")


def program() -> Path:
    """How to call `ringlog` from here."""
    installed = Path(sys.executable).with_name("ringlog")
    return installed.relative_to(Path.cwd()) if installed.is_relative_to(Path.cwd()) else installed


def register(app: typer.Typer) -> None:
    app.command("demo", epilog="Example: ringlog demo --port 8080")(demo)
