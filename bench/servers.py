"""Servers under measurement, each a process on the servers' core."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.running import ENVIRONMENT, RINGLOG, basic

from bench.machine import ON_SERVER_CORE
from bench.stock import EMAIL

FOR_EVER = ("--retention-days", "0", "--calls-days", "0")


@dataclass(frozen=True)
class Address:
    url: str
    authorization: str
    pid: int

    def get(self, target: str, accept: str = "*/*") -> bytes:
        headers = {"Authorization": self.authorization, "Accept": accept}
        request = urllib.request.Request(self.url + target, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()


@contextmanager
def ringlog_server(folder: Path, *options: str) -> Generator[Address]:
    """`ringlog serve` over the store in `folder`, which has a `key` beside it or gets one."""
    key = authorized(folder)
    command = [*RINGLOG, "serve", "--store", f"sqlite:{folder}", "--port", "0", *options]
    with running(command, key, folder.parent / "ringlog.log") as address:
        yield address


@contextmanager
def bare_server(size: int, folder: Path | None = None, *options: str) -> Generator[Address]:
    """The yardstick; with a folder it also takes ingest."""
    with_store = ["--store", str(folder)] if folder else []
    key = authorized(folder) if folder else "none"
    command = [sys.executable, "-m", "bench.bare", str(size), *with_store, *options]
    with running(command, key, None) as address:
        yield address


@contextmanager
def running(command: list[str], key: str, log: Path | None) -> Generator[Address]:
    with (log or Path("/dev/null")).open("ab") as errors:
        process = subprocess.Popen(
            [*ON_SERVER_CORE, *command], stdout=subprocess.PIPE, stderr=errors, text=True, env=ENVIRONMENT
        )
    assert process.stdout
    with process:
        try:
            line = process.stdout.readline()
            found = re.search(r"http://[\d.:]+", line)
            assert found, log.read_text() if log else line
            yield Address(found[0], basic(EMAIL, key)["Authorization"], process.pid)
        finally:
            process.terminate()
            process.wait(timeout=120)


def authorized(folder: Path) -> str:
    """The developer key of the store's one account, which is made if there is none."""
    file = folder / "key"
    if not file.exists():
        made = subprocess.run(
            [*RINGLOG, "account", "add", EMAIL, "--json", "--store", f"sqlite:{folder}"],
            capture_output=True, check=True, text=True, env=ENVIRONMENT,
        )  # fmt: skip
        file.write_text(json.loads(made.stdout)["developer_key"])
    return file.read_text()
