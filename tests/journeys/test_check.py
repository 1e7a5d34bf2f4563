"""`ringlog collect asterisk --check` as an operator runs it: no key, no server, only a PBX to look at."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.collect.foreign import ForeignEngine
from tests.journeys.test_damage import CERTIFICATE
from tests.playing import replay
from tests.running import ENVIRONMENT, RINGLOG

POOR = """\
127.0.0.1:{port} is Asterisk 18.26.0.
User ringlog is not given the event class dtmf: keys are missing.
User ringlog is not given the event class agi: what AGI scripts do is missing.
timestampevents is off: entries bear the time at which they were heard.
channelvars lacks CALL_APP and CALL_APP_VERSION: logs name calls by their extension.
CEL is off; it is optional, and tells the prompts of ARI applications (Asterisk 20.16, 21.11, 22.6 and later).

manager.conf, then `manager reload`:

[general]
timestampevents = yes
channelvars = MINE,CALL_APP,CALL_APP_VERSION

[ringlog]
read = call,dialplan,user,agent,system,dtmf,agi

cel.conf, then `module reload cel` and `module reload cel_manager.so`:

[general]
enable = yes
events = STREAM_BEGIN

[manager]
enabled = yes
"""


def check(port: int, spool: Path, secret: str = "s", *options: str) -> "subprocess.CompletedProcess[str]":
    asked = ["collect", "asterisk", "--check", "--port", str(port), "--username", "ringlog", *options]
    return subprocess.run(
        [*RINGLOG, *asked, "--spool", str(spool)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**ENVIRONMENT, "RINGLOG_ASTERISK_SECRET": secret},
    )


def test_a_replayed_engine_has_all_that_is_wanted_whoever_comes_and_when(tmp_path: Path) -> None:
    with replay("--speed", "1") as port:
        for _ in range(2):
            done = check(port, tmp_path / "spool")
            assert done.stdout == (
                f"127.0.0.1:{port} is Asterisk 22 (replayed).\nNothing is missing for good logs.\n"
            )
            assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "spool").exists()


def test_what_is_missing_is_said_with_the_lines_that_give_it(tmp_path: Path) -> None:
    engine = ForeignEngine(
        ami="7.0.3",
        version="18.26.0",
        read="call,dialplan,user,agent,system",
        timestamps=False,
        variables=("MINE",),
    )

    async def run() -> None:
        async with engine.listening() as port:
            done = await asyncio.to_thread(check, port, tmp_path / "spool")
            assert done.stdout == POOR.format(port=port)
            assert (done.returncode, done.stderr) == (1, "")

    asyncio.run(run())


def test_a_refused_log_in_and_a_pbx_that_is_not_there_are_one_sentence(tmp_path: Path) -> None:
    with replay(RINGLOG_REPLAY_SECRET="right") as port:
        refused = check(port, tmp_path / "spool", "wrong")
    assert refused.stderr == f"ringlog: 127.0.0.1:{port} refuses the log-in: Authentication failed.\n"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nobody = check(port, tmp_path / "spool")
    assert nobody.stderr == f"ringlog: 127.0.0.1:{port} cannot be reached: connection refused.\n"
    unknown = check(port, tmp_path / "spool", "s", "--host", "no.such.host.invalid")
    assert unknown.stderr.startswith(
        f"ringlog: no.such.host.invalid:{port} cannot be reached: its name cannot be looked up ("
    )
    assert refused.returncode == nobody.returncode == unknown.returncode == 1
    assert refused.stdout == nobody.stdout == ""


@asynccontextmanager
async def stranger(greets: bytes, answers: bytes, tls: ssl.SSLContext | None) -> AsyncGenerator[int]:
    """Somebody who is no Asterisk, on a port of his own."""

    async def came(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greets)
        await reader.read(1000)
        writer.write(answers)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(came, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]


STRANGERS = {
    "HTTP": (b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", "it says 'HTTP/1.1 400 Bad Request'"),
    "SSH": (b"SSH-2.0-OpenSSH_9.2p1\r\n", b"", "it says 'SSH-2.0-OpenSSH_9.2p1'"),
    "TLS": (b"", b"\x15\x03\x01\x00\x02\x02\x46", "it speaks TLS, which --tls is for"),
    "terminal controls": (b"\x1b[2J" + b"x" * 999, b"", f"it says '\\x1b[2J{'x' * 76}'"),
    "silence": (b"", b"", "it says nothing"),
}  # fmt: skip


@pytest.mark.parametrize("who", STRANGERS)
def test_a_port_that_talks_but_is_no_pbx_is_one_sentence(tmp_path: Path, who: str) -> None:
    greets, answers, sentence = STRANGERS[who]

    async def run() -> None:
        async with stranger(greets, answers, None) as port:
            done = await asyncio.to_thread(check, port, tmp_path / "spool")
            assert done.stderr == (
                f"ringlog: 127.0.0.1:{port} is no Asterisk manager interface: {sentence}.\n"
            )
            assert (done.returncode, done.stdout) == (1, "")

    asyncio.run(run())


def test_tls_on_one_side_alone_is_said(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    async def run() -> None:
        async with stranger(b"SSH-2.0\r\n", b"", None) as port:
            plain = await asyncio.to_thread(check, port, tmp_path / "spool", "s", "--tls")
            assert plain.stderr == (
                f"ringlog: 127.0.0.1:{port} cannot be reached: "
                "it speaks no TLS that fits ours (wrong version number).\n"
            )
        async with stranger(b"", b"", context) as port:
            wanted = await asyncio.to_thread(check, port, tmp_path / "spool")
            assert wanted.stderr == (
                f"ringlog: 127.0.0.1:{port} closed the connection before it greeted: it may want --tls.\n"
            )
            unknown = await asyncio.to_thread(check, port, tmp_path / "spool", "s", "--tls")
            assert unknown.stderr == (
                f"ringlog: 127.0.0.1:{port} cannot be reached: "
                "its certificate is not trusted (self-signed certificate).\n"
            )

    asyncio.run(run())
