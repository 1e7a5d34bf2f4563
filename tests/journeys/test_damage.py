"""What goes wrong around a running server: damaged Days, closed accounts, signals, ports and stores taken."""

import contextlib
import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringlog.web.statuses import BROKEN
from tests.journeys.sealed import day_file, seal
from tests.running import Answer, Server, ringlog
from tests.web.records import NOW, entry, error_tree, row, tree

CERTIFICATE = Path(__file__).with_name("localhost.pem")
STARTS = {name: NOW - days * 86_400 for days, name in enumerate(("fine", "garbage", "folder"), 1)}


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a call each in three sealed Days, two of which are damaged; `open` is not sealed."""
    with Server(tmp_path_factory.mktemp("damage") / "store") as server:
        for name, start in STARTS.items():
            assert (
                server.ingest([row(name, start), entry(name, name, at=start, source="s", seq=0)]).status
                == 200
            )
        assert server.terminate() == 0
        assert seal(server) == len(STARTS)
        for name in ("garbage", "folder"):
            day = day_file(server, STARTS[name])
            for beside in ("-wal", "-shm"):
                day.with_name(day.name + beside).unlink(missing_ok=True)
            if name == "garbage":
                day.write_bytes(b"no database " * 1000)
            else:
                day.unlink()
                day.mkdir()
        yield server.start()


@pytest.mark.parametrize("name", ["garbage", "folder"])
def test_damage_is_a_500_that_names_no_internals(damaged: Server, name: str) -> None:
    window = f"{STARTS[name]}/{STARTS[name] + 1}"
    for target in (f"/api/call/{name}", f"/api/all_logs/{window}", f"/v1/calls/{name}"):
        answer = damaged.get(target)
        assert (answer.status, answer.json()) == (500, {"error": BROKEN})
    as_xml = damaged.get(f"/api/call/{name}", Accept="application/xml")
    assert as_xml.status == 500
    assert tree(as_xml.body) == error_tree(BROKEN)
    log = damaged.log.read_text()
    assert log.count(f'event="a request failed" why="{day_file(damaged, STARTS[name])} cannot be read: ') == 4
    assert "Traceback" not in log


@pytest.mark.parametrize("name", ["garbage", "folder"])
def test_what_comes_late_for_it_is_taken(damaged: Server, name: str) -> None:
    late = damaged.ingest([entry(name, "late", at=STARTS[name], source="s", seq=1)])
    assert (late.status, late.json()) == (200, {"accepted": 1, "duplicates": 0})


def test_other_days_lists_and_writing_go_on(damaged: Server) -> None:
    assert [one["event"]["line"] for one in damaged.get("/api/call/fine").json()] == ["fine"]
    assert (
        damaged.ingest([entry("new"), entry("fine", "late", at=STARTS["fine"], source="s", seq=1)]).status
        == 200
    )
    assert len(damaged.get("/api/call/fine").json()) == 2
    listed = damaged.get(f"/api/calls/{NOW - 7 * 86_400}/{NOW}").json()
    assert [one["session_id"] for one in listed["calls"]] == list(STARTS)
    assert damaged.get("/v1/calls").status == 200
    # A new end gives sealing work; a damaged Day does not keep it from the others.
    assert damaged.get("/health/ready").status == 200


def test_ready_names_the_broken_days_before_anybody_asks_for_them(damaged: Server) -> None:
    broken = sorted(day_file(damaged, STARTS[name]).stem for name in ("garbage", "folder"))
    damaged.terminate()
    damaged.start().wait_for("/health/ready", lambda health: health.get("broken_days") == broken)


# -- accounts and keys of a running server -----------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("running") / "store") as started:
        yield started


def refused_within_a_second(server: Server, email: str, key: str) -> None:
    done = asked = time.monotonic()
    while server.request("GET", "/api/call/none", email=email, key=key).status != 401:
        assert asked - done < 1
        asked = time.monotonic()
    assert server.request("GET", "/v1/calls", email=email, key=key).status == 401


def test_disabling_an_account_takes_effect_within_a_second(server: Server) -> None:
    email = "closed@example.com"
    key = server.account(email)
    assert server.request("GET", "/api/call/none", email=email, key=key).status == 404
    assert ringlog("account", "disable", email, "--store", server.store).returncode == 0
    refused_within_a_second(server, email, key)
    assert ringlog("account", "enable", email, "--store", server.store).returncode == 0
    assert server.request("GET", "/api/call/none", email=email, key=key).status == 404


def test_revoking_a_key_takes_effect_within_a_second(server: Server) -> None:
    made = ringlog("key", "add", server.email, "--json", "--store", server.store)
    key = json.loads(made.stdout)["developer_key"]
    assert server.request("GET", "/api/call/none", key=key).status == 404
    listed = json.loads(ringlog("key", "list", server.email, "--json", "--store", server.store).stdout)
    revoked = ringlog("key", "revoke", server.email, str(listed[-1]["id"]), "--store", server.store)
    assert revoked.returncode == 0, revoked.stderr
    refused_within_a_second(server, server.email, key)
    assert server.get("/api/call/none").status == 404


# -- starting and stopping -----------------------------------------------------------------------------------


def one_sentence(*arguments: str) -> str:
    """What a command that fails says."""
    ran = ringlog(*arguments)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.count("\n") == 1
    assert ran.stderr.endswith(".\n")
    return ran.stderr


def test_port_in_use_and_store_in_use_are_said_in_a_sentence(server: Server, tmp_path: Path) -> None:
    said = one_sentence("serve", "--store", f"sqlite:{tmp_path}", "--port", str(server.port))
    assert said == f"ringlog: Cannot listen on 127.0.0.1 port {server.port}: address already in use.\n"
    assert "--to" in one_sentence("serve", "--store", server.store, "--port", "0")


def test_certificates_that_cannot_work_are_said_in_a_sentence(tmp_path: Path) -> None:
    missing, none = tmp_path / "missing.pem", tmp_path / "none.pem"
    none.write_text("no certificate")
    for options, sentence in (
        (["--tls-cert", missing], f"{missing}: No such file or directory."),
        (["--tls-cert", none], f"{none} and its key are no certificate to serve with."),
        (["--tls-cert", CERTIFICATE, "--tls-key", missing], f"{missing}: No such file or directory."),
        (["--tls-key", missing], "--tls-key needs --tls-cert."),
    ):
        said = one_sentence("serve", "--store", f"sqlite:{tmp_path}", "--port", "0", *map(str, options))
        assert said == f"ringlog: {sentence}\n"


def test_https_is_served_with_a_certificate(tmp_path: Path) -> None:
    with Server(tmp_path / "store", "--tls-cert", str(CERTIFICATE)) as server:
        assert server.url.startswith("https://")
        trusting = ssl.create_default_context(cafile=CERTIFICATE)
        connection = http.client.HTTPSConnection("localhost", server.port, timeout=20, context=trusting)
        with contextlib.closing(connection):
            connection.request("GET", "/health/ready")
            ready = json.loads(connection.getresponse().read())
            assert ready == {"status": "ready", "unsealed": {"calls": 0, "entries": 0}}


def test_sigterm_finishes_what_was_begun(tmp_path: Path) -> None:
    body = json.dumps(entry("begun")).encode()
    with Server(tmp_path / "store") as server:
        process = server.process
        assert process
        head = f"POST /v1/ingest HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        head += "Content-Type: application/x-ndjson\r\n"
        head += f"Authorization: {server.authorization['Authorization']}\r\nExpect: 100-continue\r\n\r\n"
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(head.encode())
            # The server asks for the body: the request has begun.
            assert connection.recv(1000).startswith(b"HTTP/1.1 100")
            process.terminate()
            until_nobody_listens(server.port)
            connection.sendall(body)
            with connection.makefile("rb") as reader:
                answer = reader.read()
        assert answer.startswith(b"HTTP/1.1 200")
        assert process.wait(20) == 0
        server.kill()
        server.start()
        assert stored(server, "begun").status == 200


def until_nobody_listens(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.01)
    raise AssertionError("The server still listens.")


def stored(server: Server, session_id: str) -> Answer:
    return server.get(f"/api/call/{session_id}")
