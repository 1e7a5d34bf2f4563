"""`python -m ringlog` as a shell runs it."""

import json
import os
import pty
import signal
import socket
import subprocess
from pathlib import Path

from tests.cli import tour
from tests.running import ENVIRONMENT, RINGLOG, Server, ringlog
from tests.web.records import entry, row


def test_without_arguments_it_says_what_it_can() -> None:
    done = ringlog()
    assert done.returncode == 0
    assert "The flight recorder for phone calls." in done.stdout
    assert ringlog("--version").stdout.startswith("ringlog ")


def test_a_store_that_a_server_appends_to_is_read_but_not_written(tmp_path: Path) -> None:
    (tmp_path / "tour").write_bytes(tour.ndjson(tour.AGO_S))
    (tmp_path / "served").mkdir()
    with Server(tmp_path / "served") as server:
        for arguments, instead in ((("import", str(tmp_path / "tour")), "--to"), (("expire",), "by itself")):
            done = ringlog(*arguments, "--store", server.store)
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr.startswith(f"ringlog: Another process appends to {tmp_path / 'served'}")
            assert instead in done.stderr
            assert done.stderr.count("\n") == 1
        assert ringlog("calls", "--store", server.store).stdout == "No calls yet.\n"
        assert server.ingest([row("x"), entry("x", "stored just now")]).status == 200
        shown = ringlog("show", "x", "--format", "json", "--store", server.store)
        assert json.loads(shown.stdout) == server.get("/api/call/x").json()
        assert "stored just now" in shown.stdout


def test_standard_input_and_a_reader_that_leaves(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'store'}"
    assert ringlog("account", "add", "ann@example.com", "--store", store).returncode == 0
    done = ringlog("import", "-", "--store", store, input=tour.ndjson(tour.AGO_S).decode())
    assert done.stderr == "105 entries imported, 0 known already.\n"
    left = subprocess.run(
        " ".join([*RINGLOG, "show", tour.SESSION, "--all", "--store", store, "|", "head", "-1"]),
        shell=True, capture_output=True, text=True, env=ENVIRONMENT, check=True, timeout=60,
    )  # fmt: skip
    assert left.stdout == "2025550129 → 100   email test 0.2\n"
    assert left.stderr == ""


def test_ctrl_c_is_felt_while_a_server_is_awaited() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with subprocess.Popen(
            [*RINGLOG, "calls", "--to", url, "--email", "ann@example.com"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**ENVIRONMENT, "RINGLOG_KEY": "key"},
        ) as process:  # fmt: skip
            connection, _ = silent.accept()
            with connection:
                assert connection.recv(1)
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (130, b"", b"ringlog: Interrupted.\n")


def test_colour_on_a_terminal_only(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'store'}"
    assert ringlog("account", "add", "ann@example.com", "--store", store).returncode == 0
    ringlog("import", "-", "--store", store, input=tour.ndjson(tour.AGO_S).decode())
    coloured = on_terminal("show", tour.SESSION, "--store", store, TERM="xterm-256color")
    error = "\x1b[1;31m◆ 2 errors, the first at 0:43.8: Missing prompt: prompts/does-not-exist\x1b[0m"
    assert error in coloured
    assert "\x1b[32m▶\x1b[0m" in coloured
    plain = on_terminal("show", tour.SESSION, "--store", store, TERM="xterm-256color", NO_COLOR="1")
    assert "31m" not in plain
    assert "\x1b" not in ringlog("show", tour.SESSION, "--store", store).stdout


def on_terminal(*arguments: str, **environment: str) -> str:
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*RINGLOG, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env={**ENVIRONMENT, **environment}
    ):
        os.close(theirs)
        written = b""
        try:
            while more := os.read(ours, 65536):
                written += more
        except OSError:  # Linux says so where the last writer has left
            pass
        os.close(ours)
    return written.decode()
