"""`ringlog replay`: a recorded voice engine, for tests and demonstrations."""

import asyncio
import os
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Annotated

import typer

from ringlog.cli.place import now_us
from ringlog.cli.signals import until_told
from ringlog.collect.recording import read_recording
from ringlog.collect.replay import Pass, Replay
from ringlog.wording import visible

File = Annotated[Path, typer.Argument(help="A recorded AMI stream.")]
Host = Annotated[str, typer.Option(envvar="RINGLOG_REPLAY_HOST", help="The address to listen on.")]
Port = Annotated[
    int, typer.Option(envvar="RINGLOG_REPLAY_PORT", min=0, max=65535, help="The port to listen on.")
]
Speed = Annotated[float, typer.Option(min=0, help="1: natural; N: N times as fast; 0: as fast as possible.")]
EndAgo = Annotated[float, typer.Option(metavar="SECONDS", min=0, help="How long ago the last event was.")]
Loop = Annotated[bool, typer.Option("--loop", help="Play it over and over, with new ids each time.")]
NewIds = Annotated[bool, typer.Option("--new-ids", help="Move the ids with the times.")]
Copies = Annotated[
    int,
    typer.Option(
        metavar="N", min=1, max=4000, help="Play it N times side by side, ids and people's numbers apart."
    ),
]


def replay(  # noqa: PLR0917 - Typer calls it with keywords
    file: File,
    port: Port = 5038,
    host: Host = "127.0.0.1",
    speed: Speed = 1,
    end_ago: EndAgo = 0,
    loop: Loop = False,
    new_ids: NewIds = False,
    copies: Copies = 1,
) -> None:
    """Speak a recorded AMI stream as an Asterisk would, its times moved to now."""
    one = Pass(speed, end_ago, new_ids or loop, copies)
    passes: Iterator[Pass] = repeat(one) if loop else iter([one])
    server = Replay(read_recording(file), passes, now_us, os.environ.get("RINGLOG_REPLAY_SECRET"))

    async def play() -> None:
        await server.listen(host, port)
        typer.echo(f"Replaying {visible(str(file))} on {host}:{server.port}")
        await server.play()
        await asyncio.Event().wait()

    asyncio.run(until_told(play))


def register(app: typer.Typer) -> None:
    app.command("replay", epilog="Example: ringlog replay ami.txt --port 5038 --speed 0 --end-ago 60")(replay)
