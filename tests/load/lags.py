"""How long it takes from an event to the moment at which its entry can be read."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from ringlog.model import CallRow, Entry
from ringlog.wire.asterisk import Banner, Translator
from tests.load.truth import Log
from tests.running import Server
from tests.wire.asterisk.transcripts import RECORDINGS, STREAMS, messages

AFTER_S = 6
"""How long a call is asked for after its last entry is decided."""


class Lag(NamedTuple):
    """Of one entry, in seconds: from its time until it was read; how much of it the rulings make it wait."""

    whole: float
    ruled: float
    call: str
    """Its caller, the place dialled, and the entry's line."""


def ruled_waits(stream: str) -> Mapping[str, Sequence[float]]:
    """By session id, how long each entry is held back until it is decided, in the events' own time."""
    path, _, options = STREAMS[stream]
    translator, now_us = Translator(**options), 0
    waits: dict[str, list[float]] = {}

    def take(said: Sequence[Entry | CallRow], at_us: int) -> None:
        for item in said:
            if isinstance(item, Entry):
                waits.setdefault(item.session_id, []).append(max(0, at_us - item.time_us) / 1e6)

    for item in messages((RECORDINGS / path).read_bytes()):
        if isinstance(item, Banner):
            take(translator.connected(), now_us)
            continue
        now_us = max(now_us, int(item.get("Timestamp").replace(".", "") or 0))
        while (due_us := translator.due_us()) is not None and due_us < now_us:
            take(translator.tick(due_us), due_us)
        take(translator.feed(item), now_us)
    while (due_us := translator.due_us()) is not None:
        take(translator.tick(due_us), due_us)
    return waits


def behind_s(port: int, seconds: float = 3) -> float:
    """How far what a replay says lies before the moment it says it: its times move by whole seconds."""
    least = float("inf")
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"Action: Login\r\nUsername: probe\r\nSecret: x\r\n\r\n")
        end = time.time() + seconds
        while time.time() < end and (data := connection.recv(2**16)):
            now = time.time()
            stamps = [line[11:] for line in data.split(b"\r\n")[1:-1] if line.startswith(b"Timestamp: ")]
            least = min([least, *(now - float(stamp) for stamp in stamps)])
    return least


class Sampler(threading.Thread):
    """Asks for a few calls over and over while they run."""

    def __init__(self, server: Server, calls: Sequence[Log], ruled: Sequence[Sequence[float]]) -> None:
        super().__init__(daemon=True)
        self.lags: list[Lag] = []
        self.unread: int = 0
        self.pauses: list[float] = []
        """Seconds between two rounds of questions."""
        self._server = server
        self._open = list(zip(calls, ruled, strict=True))
        self._seen: dict[str, int] = {}
        self._began_us = time.time_ns() // 1000
        """Nobody asked for what was there before."""

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=30)
        before = time.time()
        while self._open:
            for call, ruled in list(self._open):
                if time.time() < call["start"] - 0.5:
                    continue
                self._ask(connection, call, ruled)
                seen = self._seen.get(call["session_id"], 0)
                over = time.time() > _decided(call, ruled) + AFTER_S
                if seen >= len(call["entries"]) or over:
                    self.unread += len(call["entries"]) - seen
                    self._open.remove((call, ruled))
            now = time.time()
            self.pauses.append(now - before)
            before = now
            time.sleep(0.02)

    def _ask(self, connection: http.client.HTTPConnection, call: Log, ruled: Sequence[float]) -> None:
        session_id = call["session_id"]
        connection.request("GET", f"/api/call/{quote(session_id)}", headers=self._server.authorization)
        answer = connection.getresponse()
        body: Any = json.loads(answer.read())
        if answer.status != 200:
            return
        now = time.time()
        first = self._seen.get(session_id, 0)
        for place in range(first, min(len(body), len(ruled))):
            if call["entries"][place][3] < self._began_us:
                continue
            told = f"{call['src']} → {call['dest']}: {call['entries'][place][1]}"
            self.lags.append(Lag(now - call["entries"][place][3] / 1e6, ruled[place], told))
        self._seen[session_id] = len(body)


def _decided(call: Log, ruled: Sequence[float]) -> float:
    """When the rulings let the last of its entries be told: UNIX seconds."""
    times = (time_us / 1e6 + wait for (*_, time_us), wait in zip(call["entries"], ruled, strict=True))
    return max(times, default=call["end"])


def quantiles(values: Sequence[float]) -> str:
    ranked = sorted(values)
    at = {name: ranked[min(len(ranked) - 1, int(len(ranked) * share))] for name, share in QUANTILES.items()}
    return ", ".join(f"{name} {value:.2f} s" for name, value in at.items())


QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
