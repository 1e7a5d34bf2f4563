"""The same commands on a server elsewhere: the same output as on its store."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.cli import tour
from tests.cli.conftest import Ringlog
from tests.running import Server
from tests.running import ringlog as command

NOW_S = int(time.time())
OLD_S = NOW_S - 6 * 86_400
ODD = "a/b %2B+ü;?#&"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    with Server(folder) as server:
        records = tour.ndjson(tour.AGO_S) + tour.ndjson(tour.AGO_S - 60).replace(
            tour.SESSION.encode(), json.dumps(ODD)[1:-1].encode()
        )
        assert server.ingest(records).status == 200
        rows = [
            {"session_id": "old", "src": "2025550101", "dest": "690", "start": OLD_S, "end": OLD_S + 9},
            {"session_id": "running", "src": "2025550102", "dest": "100", "start": NOW_S + 3600},
            *({"session_id": f"row {n}", "src": "Outbound", "dest": "12025550177", "start": NOW_S - 7200,
               "end": NOW_S - 7190} for n in range(1100)),
        ]  # fmt: skip
        assert server.ingest(rows).status == 200
        yield server


@pytest.fixture
def remote(server: Server, ringlog: Ringlog, monkeypatch: pytest.MonkeyPatch) -> Ringlog:
    monkeypatch.setenv("RINGLOG_KEY", server.key)
    return lambda *given: ringlog(*given, "--to", server.url, "--email", server.email)


@pytest.mark.parametrize(
    "arguments",
    [
        ("calls", "--limit", "2000"),
        ("calls", "--number", "(202) 555-0101"),
        ("calls", "--number", "2025550129", "--utc"),
        ("calls", "--errors", "--application", "email test"),
        ("calls", "--state", "failed", "--type", "inbound"),
        ("calls", "--state", "running"),
        ("calls", "--text", "executing application"),
        ("calls", "--text", "prompts/does-not-exist", "--errors", "--json"),
        ("calls", "--text", "nobody says this"),
        ("calls", "--text", "( )"),
        ("calls", "--type", "outbound", "--limit", "2000"),
        ("calls", "--since", "2100-01-01"),
        ("calls", "--json", "--limit", "1100"),
        ("show", tour.SESSION),
        ("show", tour.SESSION, "--all", "--utc"),
        ("show", ODD),
        ("show", tour.SESSION, "--format", "json"),
        ("show", ODD, "--format", "xml"),
        ("show", "running", "--format", "json"),
        ("show", "old"),
        ("show", "old", "--format", "json"),
        ("show", "old", "--format", "xml"),
        ("show", "nothing"),
        ("show", "nothing", "--format", "xml"),
        ("export",),
        ("export", "--session", ODD),
        ("export", "--session", "nothing"),
        ("export", "--since", "2h", "--until", "59m"),
    ],
    ids=" ".join,
)
def test_a_server_and_its_store_give_the_same_output(
    server: Server, ringlog: Ringlog, remote: Ringlog, arguments: tuple[str, ...]
) -> None:
    there = remote(*arguments)
    assert there == ringlog(*arguments, "--store", server.store)
    assert there[1] or there[2]


def test_a_server_far_away_is_named_in_the_command_for_older_calls(server: Server, remote: Ringlog) -> None:
    footer = remote("calls", "--limit", "2", "--until", "1m")[1].splitlines()[-1]
    assert re.fullmatch(
        r"2 calls   older: ringlog calls --until \d+ --limit 2 "
        rf"--to {re.escape(server.url)} --email {re.escape(server.email)}",
        footer,
    )


def test_import_into_a_server_is_idempotent_and_exports_the_same_bytes(
    ringlog: Ringlog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(tmp_path / "other") as server:
        monkeypatch.setenv("RINGLOG_KEY", server.key)
        there = ("--to", server.url, "--email", server.email)
        (tmp_path / "tour").write_bytes(tour.ndjson(tour.AGO_S))
        done = ringlog("import", str(tmp_path / "tour"), *there)
        assert done == (0, "", "105 entries imported, 0 known already.\n")
        assert (
            ringlog("import", str(tmp_path / "tour"), *there)[2] == "0 entries imported, 105 known already.\n"
        )
        assert ringlog("import", str(tmp_path / "tour"))[0] == 0
        assert ringlog("export", *there)[1] == ringlog("export")[1]


def test_what_a_server_refuses_is_left_out_and_counted(remote: Ringlog, tmp_path: Path) -> None:
    """More records are too old than a server names at once, and the refused ones stand behind others."""
    changed = tour.ndjson(tour.AGO_S).replace(b"prompts/does-not-exist", b"prompts/other")
    old = tour.ndjson(tour.AGO_S - 30 * 86_400).replace(tour.SESSION.encode(), b"ancient")
    row, *entries = changed.splitlines()
    mixed = [row, *(line for pair in zip(old.splitlines()[1:], entries, strict=True) for line in pair)]
    (tmp_path / "mixed").write_bytes(b"\n".join(mixed))
    code, _, err = remote("import", str(tmp_path / "mixed"))
    assert code == 1
    assert err.splitlines()[-1] == (
        "0 entries imported, 104 known already, 105 records left out: too old, "
        "1 record left out: something else is stored in their place."
    )
    (clash,) = (n for n, line in enumerate(mixed, 1) if b"prompts/other" in line)
    assert err.startswith(f"ringlog: {tmp_path / 'mixed'}, line {clash}: ")


@pytest.mark.parametrize(
    "arguments", [("calls",), ("show", "x"), ("export",), ("show", "x", "--format", "xml")]
)
def test_a_wrong_key_is_one_sentence(
    remote: Ringlog, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("RINGLOG_KEY", "wrong")
    done = remote(*arguments)
    assert done == (1, "", "ringlog: The server does not know this email and key together.\n")


def test_a_key_that_may_not_write_is_one_sentence(
    server: Server, remote: Ringlog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = command("key", "add", server.email, "--scope", "read", "--json", "--store", server.store)
    (tmp_path / "key").write_text(json.loads(made.stdout)["developer_key"] + "\n")
    (tmp_path / "tour").write_bytes(tour.ndjson(tour.AGO_S))
    monkeypatch.delenv("RINGLOG_KEY")
    code, out, err = remote("import", str(tmp_path / "tour"), "--key-file", str(tmp_path / "key"))
    assert (code, out) == (1, "")
    assert err == "ringlog: The server answers: The developer key lacks the scope for that.\n"


def test_a_server_that_is_not_there_is_one_sentence(
    ringlog: Ringlog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RINGLOG_KEY", "key")
    (tmp_path / "tour").write_bytes(tour.ndjson(tour.AGO_S))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        for arguments in (("calls",), ("show", "x"), ("export",), ("import", str(tmp_path / "tour"))):
            done = ringlog(*arguments, "--to", url, "--email", "ann@example.com")
            assert done == (1, "", f"ringlog: Cannot reach {url}: connection refused.\n")


class Stranger(BaseHTTPRequestHandler):
    """Answers everything, but not as a Ringlog."""

    body = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        pass


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"calls": [{}], "next": null}', b'{"calls": 1}', b"\xff",
             b'{"call": {}, "entries": [1], "next": null}', b'{"call": 1, "entries": [{}], "next": null}'],
)  # fmt: skip
def test_what_is_no_ringlog_is_one_sentence(
    ringlog: Ringlog, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setenv("RINGLOG_KEY", "key")
    with HTTPServer(("127.0.0.1", 0), type("Stranger", (Stranger,), {"body": body})) as stranger:
        serving = threading.Thread(target=stranger.serve_forever)
        serving.start()
        try:
            url = f"http://127.0.0.1:{stranger.server_port}"
            for arguments in (("calls",), ("show", "x"), ("export",)):
                code, out, err = ringlog(*arguments, "--to", url, "--email", "ann@example.com")
                assert (code, out) == (1, "")
                assert err == f"ringlog: What answers at {url} is no Ringlog that this one understands.\n"
        finally:
            stranger.shutdown()
            serving.join()


def test_beside_a_server_a_call_is_deleted_through_it_and_an_account_not_at_all(
    ringlog: Ringlog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "other"
    with Server(folder) as server:
        assert server.ingest(tour.ndjson(tour.AGO_S)).status == 200
        made = command("key", "add", server.email, "--scope", "admin", "--json", "--store", server.store)
        delete = ("call", "delete", tour.SESSION, "--yes")
        there = (*delete, "--to", server.url, "--email", server.email)
        monkeypatch.setenv("RINGLOG_KEY", server.key)
        assert ringlog(*there)[2] == (
            "ringlog: The server answers: The developer key lacks the scope for that.\n"
        )
        assert ringlog(*delete, "--store", server.store) == (
            1, "", f"ringlog: Another process appends to {folder}: give its address with --to instead.\n",
        )  # fmt: skip
        code, _, err = ringlog("account", "delete", server.email, "--yes", "--store", server.store)
        assert code == 1
        assert err.startswith(f"ringlog: Another process appends to {folder}: stop it to delete an account;")
        monkeypatch.setenv("RINGLOG_KEY", json.loads(made.stdout)["developer_key"])
        assert ringlog(*there) == (0, f"Deleted call {tour.SESSION}.\n", "")
        assert server.get("/v1/calls").json()["calls"] == []
        assert server.ingest(tour.ndjson(tour.AGO_S)).status == 410
        assert not [path for path in folder.rglob("*.db*") if b"email test" in path.read_bytes()]
