"""`ringlog collect asterisk --check` as an operator runs it: no key, no server, only a PBX to look at."""

import asyncio
import socket
import subprocess
from pathlib import Path

from tests.collect.foreign import ForeignEngine
from tests.playing import replay
from tests.running import ENVIRONMENT, RINGLOG

POOR = """\
127.0.0.1:{port} is Asterisk 18.26.0.
User ringlog is not given the event class dtmf: keys are missing.
User ringlog is not given the event class agi: what AGI scripts do is missing.
timestampevents is off: entries bear the time at which they were heard.
channelvars lacks CALL_APP and CALL_APP_VERSION: logs name calls by their extension.
Optional, and is off: CEL, for the prompts of ARI applications (Asterisk 20.16, 21.11, 22.6 and later).

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


def check(port: int, spool: Path, secret: str = "s") -> "subprocess.CompletedProcess[str]":
    asked = ["collect", "asterisk", "--check", "--port", str(port), "--username", "ringlog"]
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
    assert refused.returncode == nobody.returncode == 1
    assert refused.stdout == nobody.stdout == ""
