"""The documented client, PHP's curl, which knows nothing of Ringlog."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running import Server
from tests.web.records import entry, read_entry

pytestmark = pytest.mark.needs_php
CLIENT = Path(__file__).with_name("client.php")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("php") / "store") as started:
        yield started


def read(server: Server, session_id: str, key: str = "") -> Any:
    arguments = ["php", CLIENT, server.url, server.email, key or server.key, session_id]
    ran = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=True)
    return json.loads(ran.stdout)


@pytest.mark.parametrize("session_id", ["300060;001;1529552581", "1795424527.0", "with blank+plus/ü%3B"])
def test_php_reads_a_call(server: Server, session_id: str) -> None:
    server.ingest([entry(session_id, "Grüße")])
    assert read(server, session_id) == {"status": 200, "body": [read_entry("Grüße")]}


def test_php_hears_of_what_is_wrong(server: Server) -> None:
    assert read(server, "none") == {"status": 404, "body": {"error": "No call log was found."}}
    refused = read(server, "none", key="wrong")
    assert (refused["status"], list(refused["body"])) == (401, ["error"])
