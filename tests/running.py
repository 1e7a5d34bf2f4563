"""A real `ringlog serve` in a process of its own, for tests of any room."""

import base64
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

READY_S = 30
RINGLOG = [sys.executable, "-m", "ringlog"]
OURS = ("RINGLOG_", "COLUMNS", "NO_COLOR")
"""Variables that would change what a command does; pytest-xdist sets COLUMNS in its workers."""
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def ringlog(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end."""
    return subprocess.run(
        [*RINGLOG, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=ENVIRONMENT,
        **more,
    )


class Server:
    """Serves the store in `folder`; the first start makes an account."""

    email = "tests@example.com"

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        self.folder = folder
        self.store = f"sqlite:{folder}"
        self.log = folder.with_name(f"{folder.name}.log")
        self._options = options
        self._port = port
        self.key = self.account(self.email)
        self.url = ""
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def account(self, email: str) -> str:
        """Makes an account; returns its developer key."""
        made = ringlog("account", "add", email, "--json", "--store", self.store)
        assert made.returncode == 0, made.stderr
        return json.loads(made.stdout)["developer_key"]

    def start(self) -> Self:
        """Starts it and waits for its line; a restart listens where it did before."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*RINGLOG, "serve", "--store", self.store, "--port", str(self._port), *self._options],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=ENVIRONMENT,
            )
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line.startswith("Ringlog is ready on "), self.log.read_text()
        self.url = line.split()[4].rstrip(",")
        self._port = urlsplit(self.url).port or 0
        return self

    @property
    def port(self) -> int:
        return self._port

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """Its exit code after SIGTERM."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        with process:
            process.send_signal(number)
            return process.wait(timeout=READY_S)

    @property
    def authorization(self) -> dict[str, str]:
        return basic(self.email, self.key)

    def request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        email: str | None = None,
        key: str | None = None,
    ) -> Answer:
        """One request on a connection of its own, authorized as `email` with `key`."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=READY_S)
        with contextlib.closing(connection):
            connection.request(
                method, target, body, {**basic(email or self.email, key or self.key), **(headers or {})}
            )
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def get(self, target: str, **headers: str) -> Answer:
        return self.request("GET", target, headers=headers)

    def ingest(
        self, records: bytes | list[Any], media_type: str = "application/x-ndjson", query: str = ""
    ) -> Answer:
        body = (
            records if isinstance(records, bytes) else b"\n".join(json.dumps(one).encode() for one in records)
        )
        return self.request("POST", f"/v1/ingest{query}", body, {"Content-Type": media_type})

    def wait_for(self, target: str, wanted: Any, seconds: float = 20) -> Any:
        """Asks again until `wanted(answer.json())` is true; returns that body."""
        deadline = time.monotonic() + seconds
        while True:
            body = self.get(target).json()
            if wanted(body):
                return body
            assert time.monotonic() < deadline, body
            time.sleep(0.02)


def basic(email: str, key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{email}:{key}".encode()).decode()}
