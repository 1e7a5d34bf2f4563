"""`kill -9` of a server that eight clients write to while it seals: what was answered 200 is there."""

import contextlib
import http.client
import json
import random
import time
from pathlib import Path
from threading import Thread

from tests.journeys.sealed import received_a_minute_ago
from tests.running import Server
from tests.web.records import Record, entry, row

ROUNDS = 20
CLIENTS = 8
PREFILLED = 100
"""Calls that wait for their sealing when a round begins."""
BATCH = 5
START = int(time.time()) - 3600


def batch(session_id: str, first: int) -> list[Record]:
    """An ended call's row and its next entries."""
    entries = [
        entry(session_id, str(seq), at=START, source="s", seq=seq) for seq in range(first, first + BATCH)
    ]
    return [row(session_id, START), *entries]


class Client(Thread):
    """Writes until its server is gone: into a call of its own, and late into one that is being sealed."""

    def __init__(self, server: Server, name: str, late: str) -> None:
        super().__init__(daemon=True)
        self.answered = 0
        self.lengths = {f"{name}": 0, late: BATCH}
        """Entries answered for, by call."""
        self._server = server

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=20)
        headers = {**self._server.authorization, "Content-Type": "application/x-ndjson"}
        # However the server goes down, the client only knows what was answered before.
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            while True:
                for session_id, length in self.lengths.items():
                    records = batch(session_id, length)
                    body = b"\n".join(json.dumps(one).encode() for one in records)
                    connection.request("POST", "/v1/ingest", body, headers)
                    answer = connection.getresponse()
                    answer.read()
                    assert answer.status == 200
                    self.lengths[session_id] = length + BATCH
                    self.answered += 1


def test_what_was_answered_survives_twenty_kills(tmp_path: Path) -> None:
    moments = random.Random(20)
    server = Server(tmp_path / "store")
    answered: dict[str, int] = {}
    for number in range(ROUNDS):
        prefilled = [f"prefilled-{number}-{one}" for one in range(PREFILLED)]
        received_a_minute_ago(server, [record for one in prefilled for record in batch(one, 0)])
        answered |= dict.fromkeys(prefilled, BATCH)
        with server:
            clients = [Client(server, f"call-{number}-{one}", prefilled[one * 9]) for one in range(CLIENTS)]
            for client in clients:
                client.start()
            enough, deadline = moments.randrange(1, 250), time.monotonic() + 20
            while sum(client.answered for client in clients) < enough:
                assert time.monotonic() < deadline
                time.sleep(0.001)
            server.kill()
            for client in clients:
                client.join(20)
                answered |= client.lengths
    assert any((server.folder / "days").iterdir())
    with server:
        logs = server.get(f"/api/all_logs/{START}/{START + 1}?limit=10000").json()["calls"]
    found = {one["session_id"]: [step["event"]["line"] for step in one["detail"]] for one in logs}
    assert len(found) == len(logs)
    for session_id, length in answered.items():
        lines = found.get(session_id, [])
        assert lines == [str(seq) for seq in range(len(lines))], session_id
        # One request may have been stored, but its answer not have left.
        assert len(lines) in {length, length + BATCH}, session_id
