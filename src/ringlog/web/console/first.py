"""What somebody sees who has no calls yet: how to send the first."""

import json
import shlex
from typing import Any

from ringlog.accounts import Principal
from ringlog.web.cookies import AnyRequest, is_secure


def first_call(request: AnyRequest, principal: Principal, now_s: int) -> dict[str, Any]:
    """Two commands that work when pasted, with this server's address as the browser knows it."""
    scheme = "https" if is_secure(request) else "http"
    server = f"{scheme}://{request.headers.get('host', 'localhost')}"
    to, email = shlex.quote(server), shlex.quote(principal.email)
    return {
        "curl": (
            f"curl -u {email} {shlex.quote(server + '/v1/ingest')} \\\n"
            f"  -H 'Content-Type: application/json' --data-binary @- <<'END'\n{example(now_s)}\nEND"
        ),
        "collect": f"ringlog collect asterisk --username ringlog --to {to} --email {email}",
    }


def example(now_s: int) -> str:
    """A call of half a minute that failed, as a body of `/v1/ingest`."""
    steps = [
        (0, "info", "start", 'Executing application "first" version "1.0"'),
        (1, "prompt", "prompt", "Welcome. Please enter your number."),
        (9, "event", "number", "User input: 6 (dtmf)"),
        (10, "error", "prompt", "Missing prompt: prompts/thank-you"),
        (12, "event", "exit", "Disconnecting call"),
    ]
    start = now_s - 12
    entries = ",\n    ".join(
        json.dumps(entry(start + at, kind, module, line)) for at, kind, module, line in steps
    )
    row = {"session_id": f"first-{now_s}", "src": "2025550101", "dest": "100", "start": start, "end": now_s}
    named = json.dumps({**row, "application": "first", "version": "1.0"})
    return f'{{"calls": [{{{named[1:-1]},\n  "detail": [\n    {entries}\n  ]}}]}}'


def entry(timestamp: int, kind: str, module: str, line: str) -> dict[str, object]:
    data = {"module_type": module, "result_variable": module}
    return {"event": {"line": line, "data": data}, "class": kind, "timestamp": timestamp}
