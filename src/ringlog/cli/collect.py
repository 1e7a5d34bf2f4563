"""`ringlog collect asterisk`: from a voice engine to a server."""

import asyncio
import getpass
import os
from pathlib import Path
from typing import Annotated

import typer

from ringlog.cli import checking, options
from ringlog.cli.place import developer_key, now_us
from ringlog.cli.signals import until_told
from ringlog.cli.terminal import asks_nobody
from ringlog.client.sender import MEANS, SPOOL_CAP_BYTES, Sender
from ringlog.collect.asterisk import Collector
from ringlog.collect.session import Pbx
from ringlog.config import DEFAULT_URL, default_spool
from ringlog.errors import ConfigurationFault
from ringlog.wire.asterisk import PRIVATE, Translator
from ringlog.wording import visible

SPOOL = default_spool()
PRIVATE_NAMES = ",".join(PRIVATE)
MIB = 2**20
PREFIX_CHARACTERS = 100
"""A session id has at most 255, of which an engine's own may take 149 (`AST_MAX_PUBLIC_UNIQUEID`)."""
FLUSH_S = 10
"""How long the last records may take after SIGTERM; what is left lies in the spool."""


def folder(text: str) -> Path:
    """Raises ConfigurationFault where it is empty, which would be the folder one happens to be in."""
    if not text:
        raise ConfigurationFault("--spool names no folder.")
    return Path(text)


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
Spool = Annotated[
    Path,
    typer.Option(metavar="FOLDER", parser=folder, help="Where records wait while the server is away."),
]
SpoolCap = Annotated[
    int,
    typer.Option(
        metavar="MIB", min=1, help="How much may wait, in MiB; then debug entries go first, and are counted."
    ),
]
Check = Annotated[
    bool, typer.Option("--check", help="Only look: say what the PBX lacks for good logs, and how to mend it.")
]


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
    spool_cap: SpoolCap = SPOOL_CAP_BYTES // MIB,
    tls: Tls = False,
    secret_file: SecretFile = None,
    key_file: options.KeyFile = None,
    check: Check = False,
) -> None:
    """Collect what happens in the calls of an Asterisk, until SIGTERM or Ctrl-C."""
    if len(session_prefix) > PREFIX_CHARACTERS:
        raise ConfigurationFault(
            f"--session-prefix has {len(session_prefix)} characters, and may have {PREFIX_CHARACTERS}."
        )
    pbx = Pbx(host, port, username, manager_secret(secret_file), tls)
    if check:
        checking.check(pbx)
        return
    names = [one.strip() for one in private.split(",") if one.strip()]
    translator = Translator(private=names, session_prefix=session_prefix)
    cap = spool_cap * MIB
    writer = f"asterisk@{name}"
    key = developer_key(key_file)
    means = MEANS._replace(warn=say)
    with Sender(to, email, key, name=writer, spool=spool, spool_cap=cap, knocks=True, means=means) as sender:
        collector = Collector(pbx, translator, sender, now_us, say)
        asyncio.run(until_told(collector.run))
        if not sender.close(FLUSH_S):
            say(left_behind(sender))


def left_behind(sender: Sender) -> str:
    """Why the server does not have everything at the end, and where the rest is."""
    why = sender.trouble or "There was no time to deliver everything."
    return f"{why} What the server does not have yet waits in {sender.folder}."


def manager_secret(file: Path | None) -> str:
    """From the file, else the environment, else asked for. Raises ConfigurationFault, OSError."""
    if file:
        if secret := file.read_text().strip():
            return secret
        raise ConfigurationFault(f"{file} holds no manager secret.")
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
