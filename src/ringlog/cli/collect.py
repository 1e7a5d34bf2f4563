"""`ringlog collect asterisk` and `ringlog replay`: from a voice engine, or its recording, to a server."""

import asyncio
import getpass
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from itertools import repeat
from pathlib import Path
from typing import Annotated

import typer

from ringlog.cli import options
from ringlog.cli.place import developer_key, now_us
from ringlog.cli.terminal import asks_nobody, visible
from ringlog.client import Sender
from ringlog.collect.asterisk import Collector, Pbx
from ringlog.collect.recording import read_recording
from ringlog.collect.replay import Pass, Replay
from ringlog.config import DEFAULT_URL, default_spool
from ringlog.errors import ConfigurationFault
from ringlog.wire.asterisk import PRIVATE, Translator

SPOOL = default_spool()
PRIVATE_NAMES = ",".join(PRIVATE)
FLUSH_S = 10
"""How long the last records may take after SIGTERM; what is left lies in the spool."""

Server = Annotated[str, typer.Option(metavar="URL", help="The Ringlog server.")]
PbxHost = Annotated[str, typer.Option(envvar="RINGLOG_ASTERISK_HOST", help="The PBX.")]
PbxPort = Annotated[int, typer.Option(envvar="RINGLOG_ASTERISK_PORT", min=1, max=65535, help="Its AMI port.")]
Username = Annotated[
    str, typer.Option(envvar="RINGLOG_ASTERISK_USERNAME", help="The manager user, from manager.conf.")
]
SecretFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A file that holds its secret; else RINGLOG_ASTERISK_SECRET, else asked for on a terminal.",
    ),
]
Tls = Annotated[bool, typer.Option("--tls", envvar="RINGLOG_ASTERISK_TLS", help="Speak TLS with the PBX.")]
Name = Annotated[str, typer.Option(help="What this PBX is called; stands in the source of its entries.")]
SessionPrefix = Annotated[str, typer.Option(help="Stands before each session id: keeps two PBXs apart.")]
Private = Annotated[str, typer.Option(metavar="NAMES", help="Variables whose values leave no trace.")]
Spool = Annotated[Path, typer.Option(metavar="FOLDER", help="Where records wait while the server is away.")]

File = Annotated[Path, typer.Argument(help="A recorded AMI stream.")]
ReplayHost = Annotated[str, typer.Option(envvar="RINGLOG_REPLAY_HOST", help="The address to listen on.")]
ReplayPort = Annotated[
    int, typer.Option(envvar="RINGLOG_REPLAY_PORT", min=0, max=65535, help="The port to listen on.")
]
Speed = Annotated[float, typer.Option(min=0, help="1: natural; N: N times as fast; 0: as fast as possible.")]
EndAgo = Annotated[float, typer.Option(metavar="SECONDS", min=0, help="How long ago the last event was.")]
Loop = Annotated[bool, typer.Option("--loop", help="Play it over and over, with new ids each time.")]
NewIds = Annotated[bool, typer.Option("--new-ids", help="Move the ids with the times.")]


def asterisk(  # noqa: PLR0917 - Typer calls it with keywords
    username: Username,
    host: PbxHost = "127.0.0.1",
    port: PbxPort = 5038,
    to: Server = DEFAULT_URL,
    email: options.Email = "",
    name: Name = "pbx1",
    session_prefix: SessionPrefix = "",
    private: Private = PRIVATE_NAMES,
    spool: Spool = SPOOL,
    tls: Tls = False,
    secret_file: SecretFile = None,
    key_file: options.KeyFile = None,
) -> None:
    """Collect what happens in the calls of an Asterisk, until SIGTERM or Ctrl-C."""
    pbx = Pbx(host, port, username, manager_secret(secret_file), tls)
    names = [one.strip() for one in private.split(",") if one.strip()]
    translator = Translator(private=names, session_prefix=session_prefix)
    with Sender(to, email, developer_key(key_file), name=f"asterisk@{name}", spool=spool) as sender:
        collector = Collector(pbx, translator, sender, now_us, say)
        asyncio.run(until_told(collector.run))
        if not sender.close(FLUSH_S):
            say(f"The server is away; what it does not have yet waits in {sender.folder}.")


def replay(  # noqa: PLR0917 - Typer calls it with keywords
    file: File,
    port: ReplayPort = 5038,
    host: ReplayHost = "127.0.0.1",
    speed: Speed = 1,
    end_ago: EndAgo = 0,
    loop: Loop = False,
    new_ids: NewIds = False,
) -> None:
    """Speak a recorded AMI stream as an Asterisk would, its times moved to now."""
    one = Pass(speed, end_ago, new_ids or loop)
    passes: Iterator[Pass] = repeat(one) if loop else iter([one])
    server = Replay(read_recording(file), passes, now_us, os.environ.get("RINGLOG_REPLAY_SECRET"))

    async def play() -> None:
        await server.listen(host, port)
        typer.echo(f"Replaying {visible(str(file))} on {host}:{server.port}")
        await server.play()
        await asyncio.Event().wait()

    asyncio.run(until_told(play))


async def until_told(work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Does `work` until it ends, SIGTERM or Ctrl-C; both end it in good order."""
    doing = asyncio.ensure_future(work())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, doing.cancel)
    try:
        await doing
    except asyncio.CancelledError:
        return


def manager_secret(file: Path | None) -> str:
    """From the file, else the environment, else asked for. Raises ConfigurationFault, OSError."""
    if file:
        return file.read_text().strip()
    if secret := os.environ.get("RINGLOG_ASTERISK_SECRET"):
        return secret
    if asks_nobody():
        raise ConfigurationFault(
            "There is no manager secret; set RINGLOG_ASTERISK_SECRET or name a --secret-file."
        )
    return getpass.getpass("Manager secret: ")


def say(sentence: str) -> None:
    typer.echo(f"ringlog: {visible(sentence)}", err=True)


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Collect from a voice engine.",
        epilog="Example: ringlog collect asterisk --username ringlog --email you@example.com",
        rich_markup_mode=None,
    )
    group.callback()(lambda: None)
    example = "Example: ringlog collect asterisk --host pbx1 --username ringlog --email you@example.com"
    group.command("asterisk", epilog=example)(asterisk)
    app.add_typer(group, name="collect")
    app.command("replay", epilog="Example: ringlog replay ami.txt --port 5038 --speed 0 --end-ago 60")(replay)
