"""`--follow`: what is new is printed as it comes, from a server and from the store that it serves."""

import contextlib
import json
import queue
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.running import ENVIRONMENT, RINGLOG, Server, ringlog
from tests.web.records import entry, row

WAIT_S = 60
NOW = int(time.time())


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "store") as started:
        yield started


class Command:
    """A command that goes on; its lines as they come."""

    def __init__(self, *arguments: str, **variables: str) -> None:
        self.process = subprocess.Popen(
            [*RINGLOG, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**ENVIRONMENT, **variables},
        )  # fmt: skip
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()

    def until(self, part: str) -> list[str]:
        """Lines up to one that holds `part`."""
        lines: list[str] = []
        while not lines or part not in lines[-1]:
            line = self._lines.get(timeout=WAIT_S)
            assert line is not None, f"It ended after {lines}."
            lines.append(line)
        return lines

    def interrupted(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(WAIT_S)


Start = Callable[..., Command]


@pytest.fixture
def start() -> Iterator[Start]:
    with contextlib.ExitStack() as stack:

        def started(*arguments: str, **variables: str) -> Command:
            command = Command(*arguments, **variables)
            stack.callback(command.close)
            return command

        yield started


@pytest.fixture(params=["server", "store"])
def where(request: pytest.FixtureRequest, server: Server) -> tuple[list[str], dict[str, str]]:
    if request.param == "store":
        return ["--store", server.store], {}
    return to(server.url), {"RINGLOG_KEY": server.key}


Where = tuple[list[str], dict[str, str]]


def test_show_follows_a_call_to_its_end(server: Server, where: Where, start: Start) -> None:
    options, variables = where
    server.ingest(
        [
            {"session_id": "a b", "src": "777", "dest": "888", "start": NOW},
            entry("a b", "one", at=NOW, source="s", seq=1),
        ]
    )
    command = start("show", "a b", "--follow", *options, **variables)
    lines = command.until("one")
    assert lines[0].startswith("777 → 888")
    assert "running" in lines[1]
    server.ingest([entry("a b", "three", at=NOW + 20, source="s", seq=3)])
    command.until("three")
    server.ingest([entry("a b", "two", at=NOW + 1, source="s", seq=2), row("a b", NOW, end=NOW + 21)])
    command.until("two")
    ended = command.until("id a b")
    assert "ended" in ended[-2]
    assert ended[-1].startswith("3 entries")
    assert command.process.wait(WAIT_S) == 0


def test_show_follows_in_json_and_stops_at_ctrl_c(server: Server, where: Where, start: Start) -> None:
    options, variables = where
    server.ingest([entry("x", "one", at=NOW)])
    command = start("show", "x", "--follow", "--format", "json", *options, **variables)
    assert json.loads(command.until("one")[0])["event"]["line"] == "one"
    server.ingest([entry("x", "two", at=NOW)])
    assert json.loads(command.until("two")[0])["timestamp"] == NOW
    assert command.interrupted() == 0


def test_calls_are_followed_from_their_begin_to_their_end(server: Server, where: Where, start: Start) -> None:
    options, variables = where
    server.ingest([row("old", NOW - 50), entry("r", "hello", at=NOW - 5)])
    command = start("calls", "--follow", *options, **variables)
    lines = command.until("now: hello")
    assert lines[0].startswith("TIME")
    assert [line for line in lines if "6175551234" in line]
    server.ingest([{"session_id": "n", "src": "777", "start": NOW}])
    assert "running" in command.until("777")[-1]
    server.ingest([entry("n", "more", at=NOW)])
    server.ingest([{"session_id": "n", "end": NOW + 9}])
    assert "0:09" in command.until("777")[-1]
    server.ingest([{"session_id": "r", "src": "888", "end": NOW}])
    command.until("888")
    assert command.interrupted() == 0


@pytest.mark.parametrize("end", [Server.kill, Server.terminate])
def test_a_server_that_restarts_is_followed_on(
    server: Server, start: Start, end: Callable[[Server], object]
) -> None:
    server.ingest([entry("x", "one", at=NOW, source="s", seq=1)])
    shown = start("show", "x", "--follow", *to(server.url), RINGLOG_KEY=server.key)
    listed = start("calls", "--follow", "--json", *to(server.url), RINGLOG_KEY=server.key)
    shown.until("one")
    listed.until('"x"')
    end(server)
    assert shown.until("Reconnecting")[-1] == listed.until("Reconnecting")[-1] == "Reconnecting…"
    with socket.create_server(("127.0.0.1", server.port)) as down:
        for _ in range(4):  # attempts that fail, and are not spoken of
            down.accept()[0].close()
    server.start()
    server.ingest([entry("x", "two", at=NOW, source="s", seq=2), row("y", NOW - 1)])
    assert len(shown.until("two")) == 1
    assert len(listed.until('"y"')) == 1
    assert [shown.interrupted(), listed.interrupted()] == [0, 0]


def test_a_server_that_goes_before_it_is_followed_is_followed_on(server: Server, start: Start) -> None:
    server.ingest([entry("x", "one", at=NOW, source="s", seq=1)])
    with socket.create_server(("127.0.0.1", 0)) as between:
        url = f"http://127.0.0.1:{between.getsockname()[1]}"
        shown = start("show", "x", "--follow", *to(url), RINGLOG_KEY=server.key)
        passed(between, server)
        shown.until("one")
        between.accept()[0].close()
        assert shown.until("Reconnecting") == ["Reconnecting…"]
        server.ingest([entry("x", "two", at=NOW, source="s", seq=2), row("x", NOW, end=NOW + 1)])
        passed(between, server)
        assert len(shown.until("two")) == 1
    assert "ended" in shown.until("id x")[-2]
    assert shown.process.wait(WAIT_S) == 0


def to(url: str) -> list[str]:
    return ["--to", url, "--email", Server.email]


def passed(between: socket.socket, server: Server) -> None:
    """The next request goes to the server, and its whole answer comes back."""
    client, _ = between.accept()
    with client, socket.create_connection(("127.0.0.1", server.port)) as served:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += client.recv(2**16)
        served.sendall(request.removesuffix(b"\r\n") + b"Connection: close\r\n\r\n")
        while answer := served.recv(2**16):
            client.sendall(answer)


def test_a_call_that_ends_while_its_server_is_away_reads_as_ended(server: Server, start: Start) -> None:
    server.ingest([entry("x", "one", at=NOW, source="s", seq=1)])
    shown = start("show", "x", "--follow", *to(server.url), RINGLOG_KEY=server.key)
    shown.until("one")
    server.kill()
    shown.until("Reconnecting")
    imported = ringlog("import", "-", "--store", server.store, input=json.dumps(row("x", NOW, end=NOW + 1)))
    assert imported.returncode == 0, imported.stderr
    assert "ended" in ringlog("show", "x", "--follow", "--store", server.store).stdout  # until it is quiet
    server.start()
    assert "ended" in shown.until("id x")[-2]
    assert shown.process.wait(WAIT_S) == 0


def test_what_cannot_be_followed_is_said(server: Server, start: Start) -> None:
    remote = to(server.url)
    for options in (["--store", server.store], remote):
        command = start("show", "nothing", "--follow", *options, RINGLOG_KEY=server.key)
        assert command.until("No call log was found.")
        assert command.process.wait(WAIT_S) == 1
    assert "--text" in start("calls", "--follow", "--text", "hello", *remote).until("ringlog:")[-1]
    command = start("calls", "--follow", *remote, RINGLOG_KEY="wrong")
    assert "does not know" in command.until("ringlog:")[-1]
    assert command.process.wait(WAIT_S) == 1
