"""Writes the call of the golden page: a menu, a PIN, a loop of 30 rounds, a talk, a tour of failures."""

import json
import time
from collections.abc import Iterator

START_US = 1795424645_140_000
SOURCE = "asterisk@pbx1/7f3a9c"
SESSION = "1795424645.40"
AGO_S = int(time.time()) - 3600 - START_US // 1_000_000
"""Moves it to an hour ago."""

DIAL = {"leg": "PJSIP/agent"}
STEPS = [
    (506, "info", "start", 'Executing application "email test" version "0.2"', {}),
    (976, "prompt", "playback", "prompts/email-intro", {}),
    (3000, "prompt", "read", "prompts/email-menu", {"waits": 5}),
    (3, "event", "read", "User input: * (dtmf)", {}),
    (2800, "prompt", "read", "prompts/enter-pin", {}),
    (2, "event", "read", "User input: ••••", {"private": True}),
    (887, "prompt", "playback", "prompts/pin-ok", {}),
]
ROUND = [
    (1, "debug", "set", "N = {n}", {}),
    (725, "prompt", "read", "beep", {}),
    (0, "event", "read", "No input within 0.3 s", {}),
]
REST = [
    (1, "debug", "set", "N = 30", {}),
    (615, "prompt", "read", "beep", {}),
    (2, "event", "read", "User input: 9 (dtmf)", {}),
    (3, "event", "dial", "Dialling PJSIP/agent, up to 10 s", {**DIAL, "state": "dialling"}),
    (911, "event", "dial", "Ringing", {**DIAL, "state": "ringing"}),
    (13100, "event", "dial", "Answered after 0.9 s", {**DIAL, "state": "answered"}),
    (13, "event", "dial", "Hung up after 13.1 s of talk (by far end, 16)", {**DIAL, "state": "ended"}),
    (19, "error", "playback", "Missing prompt: prompts/does-not-exist", {"result_variable": "ivr,200,4"}),
    (4, "error", "dial", "PJSIP/busy is busy", {"leg": "PJSIP/busy", "state": "ended"}),
    (1800, "prompt", "playback", "all-circuits-busy-now", {}),
    (0, "event", "exit", "Disconnecting call", {"result_variable": "hangup", "cause": 34,
                                               "by": "application",
                                               "cause_text": "Circuit/channel congestion"}),
]  # fmt: skip


def steps() -> Iterator[tuple[int, str, str, str, dict[str, object]]]:
    yield from STEPS
    for n in range(1, 30):
        for gap_ms, kind, module, line, data in ROUND:
            yield gap_ms, kind, module, line.format(n=n), data
    yield from REST


def ndjson(shift_s: int = 0) -> bytes:
    """The call as records of ingest, its times moved by `shift_s` seconds."""
    at_us = START_US + shift_s * 1_000_000
    row = {
        "session_id": SESSION,
        "src": "2025550129",
        "dest": "100",
        "type": "inbound",
        "start": at_us // 1_000_000,
        "application": "email test",
        "version": "0.2",
    }
    entries: list[dict[str, object]] = []
    for seq, (gap_ms, kind, module, line, data) in enumerate(steps()):
        event = {"line": line, "data": {"module_type": module, "result_variable": "start", **data}}
        entries.append({"session_id": SESSION, "source": SOURCE, "seq": seq, "time_us": at_us, "event": event,
                        "class": kind, "timestamp": at_us // 1_000_000})  # fmt: skip
        at_us += gap_ms * 1000
    records = [{**row, "end": at_us // 1_000_000}, *entries]
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)
