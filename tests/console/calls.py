"""Calls that tests send, and people of accounts of their own, so that no test sees another's."""

import itertools
import json
import time
from typing import Any

from tests.running import Server

NOW = int(time.time())
BIDI = "safe\u202e\u2066txt.exe\u200b\x1b[31m\U000e0001"
ESCAPED = r"safe\u202e\u2066txt.exe\u200b\x1b[31m\U000e0001"
"""As pages show it."""
_numbers = itertools.count(1)


class Caller:
    """An account that sends calls."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.email = f"caller-{next(_numbers)}-{time.time_ns()}@example.com"
        self.key = server.account(self.email)

    def send(self, *records: dict[str, Any]) -> None:
        body = list(records)
        answer = self.server.request(
            "POST", "/v1/ingest", as_lines(body), {"Content-Type": "application/x-ndjson"},
            email=self.email, key=self.key,
        )  # fmt: skip
        assert answer.status == 200, answer.body


def as_lines(records: list[dict[str, Any]]) -> bytes:

    return b"\n".join(json.dumps(record).encode() for record in records)


def call(session_id: str, ago_s: int = 600, lasted_s: int | None = 30, **more: Any) -> dict[str, Any]:
    start = NOW - ago_s
    end = {} if lasted_s is None else {"end": start + lasted_s}
    return {"session_id": session_id, "src": "2025550101", "dest": "100", "start": start, **end, **more}


def line(session_id: str, text: str, kind: str = "info", ago_s: int = 600, **data: Any) -> dict[str, Any]:
    event = {"line": text, "data": {"module_type": "play", "result_variable": "var_1", **data}}
    return {"session_id": session_id, "event": event, "class": kind, "timestamp": NOW - ago_s}
