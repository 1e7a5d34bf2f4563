"""The OpenAPI document holds at a real server, and says the same as the status table and docs/api.md."""

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from ringlog.web.openapi import DOCUMENT, WORDS
from ringlog.web.statuses import STATUSES
from ringlog.wire.records import parse
from tests.running import Server
from tests.web.records import entry, row

EXAMPLE = "300060;001;1529552581"
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance", "unsupported_method", "allow_header_conformance", "ignored_auth",
)  # fmt: skip
DOCS = Path(__file__).parents[2] / "docs" / "api.md"


def route(url: str) -> str:
    """The document's path that a visited address belongs to."""
    path = urlsplit(url).path
    return next(
        (known for known in DOCUMENT["paths"] if re.fullmatch(re.sub(r"\{\w+\}", ".+", known), path)), ""
    )


def test_fuzzer_finds_nothing_undocumented_and_visits_every_route(server: Server, tmp_path: Path) -> None:
    server.ingest([row(EXAMPLE), entry(EXAMPLE)])
    har = tmp_path / "visited.har"
    ran = subprocess.run(
        [
            Path(sys.executable).with_name("st"), "run", f"{server.url}/openapi.json",
            "--auth", f"{server.email}:{server.key}", "--checks", ",".join(CHECKS),
            "--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--seed", "1",
            # Its answer has no end.
            "--exclude-path", "/v1/follow",
            "--continue-on-failure", "--report", "har", "--report-har-path", har, "--warnings", "off",
        ],
        capture_output=True, text=True, timeout=240, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    visits = [
        (route(one["request"]["url"]), one["response"]["status"])
        for one in json.loads(har.read_text())["log"]["entries"]
    ]
    assert {path for path, status in visits if status == 200} == set(DOCUMENT["paths"]) - {"/v1/follow"}
    for path in ("/api/call/{session_id}", "/api/calls/{start}/{end}", "/api/all_logs/{start}/{end}"):
        assert {status for visited, status in visits if visited == path} >= {200, 401, 405}


def documented(prefix: str) -> set[int]:
    """Statuses of errors that the document gives the operations under `prefix`."""
    return {
        int(status)
        for path, operations in DOCUMENT["paths"].items()
        if path.startswith(prefix)
        for operation in operations.values()
        for status in operation["responses"]
        if int(status) >= 400
    }


def test_status_table_document_and_docs_agree() -> None:
    rows = re.findall(
        r"^\| (\d{3}) \| (\S*) *\| (\S*) *\| (\S*) *\| (.+) \|$", DOCS.read_text(), re.MULTILINE
    )
    assert {int(status): meaning for status, *_, meaning in rows} == WORDS
    assert set(STATUSES.values()) == WORDS.keys() == documented("/")
    for column, prefix in enumerate(("/api/", "/v1/ingest", "/v1/calls"), 1):
        assert {int(one[0]) for one in rows if one[column]} == documented(prefix), prefix


def test_docs_name_every_route() -> None:
    text = DOCS.read_text()
    for path in DOCUMENT["paths"]:
        assert path in text


def test_examples_of_the_docs_are_what_they_say() -> None:
    entries, listed, records, *_ = re.findall(
        r"^```json\n(.+?)\n```$", DOCS.read_text(), re.MULTILINE | re.DOTALL
    )
    assert list(json.loads(entries)[0]) == ["event", "class", "timestamp"]
    assert json.loads(listed)["total_calls"] == len(json.loads(listed)["calls"])
    (call,) = parse(records.encode(), "application/x-ndjson", None, 1_795_430_000 * 10**6).values()
    assert (len(call.rows), len(call.entries)) == (1, 1)
