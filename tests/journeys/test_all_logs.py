"""`all_logs` is streamed: memory stays flat, and an answer that breaks off is never taken for whole."""

import contextlib
import http.client
from pathlib import Path

import pytest

from tests.journeys.sealed import day_file, seal
from tests.running import Server
from tests.web.records import NOW, entry, row

MIB = 2**20
CALLS = 40
START = NOW - 1000


def peak_bytes(server: Server) -> int:
    """The most memory the server's process ever had."""
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def read_logs(server: Server, accept: str, limit: int) -> int:
    """Reads so many calls' logs, a piece at a time; returns the answer's size in bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with contextlib.closing(connection):
        headers = {**server.authorization, "Accept": accept}
        connection.request("GET", f"/api/all_logs/{START}/{START + 1}?limit={limit}", headers=headers)
        answer = connection.getresponse()
        assert answer.getheader("content-length") is None
        return sum(map(len, iter(lambda: answer.read(MIB), b"")))


def test_memory_does_not_grow_with_the_answer(tmp_path: Path) -> None:
    with Server(tmp_path / "store") as server:
        for number in range(CALLS):
            lines = [entry(f"{number}", "x" * 60_000, at=START, source="s", seq=seq) for seq in range(17)]
            assert server.ingest([row(f"{number}", START), *lines]).status == 200
        # A process of its own for the answers, so that no memory of the writing hides what they take.
        assert server.terminate() == 0
        server.start()
        for accept in ("application/json", "application/xml"):
            small = read_logs(server, accept, CALLS // 8)
            before = peak_bytes(server)
            assert read_logs(server, accept, CALLS) - small > 30 * MIB
            assert peak_bytes(server) - before < 10 * MIB


def test_a_cut_answer_is_not_taken_for_whole(tmp_path: Path) -> None:
    older = START - 2 * 86_400
    with Server(tmp_path / "store") as server:
        for session_id, start in (*((f"{number}", START) for number in range(5)), ("damaged", older)):
            big = entry(session_id, "x" * 40_000, at=start, source="s", seq=0)
            server.ingest([row(session_id, start), big])
        assert server.terminate() == 0
        assert seal(server) == 6
        day = day_file(server, older)
        for beside in ("-wal", "-shm"):
            day.with_name(day.name + beside).unlink(missing_ok=True)
        day.write_bytes(b"no database " * 1000)
        server.start()
        for accept in ("application/json", "application/xml"):
            with pytest.raises(http.client.IncompleteRead) as cut:
                server.get(f"/api/all_logs/{older}/{START + 1}", Accept=accept)
            assert b"x" * 40_000 in cut.value.partial
            assert b"total_calls" not in cut.value.partial
        assert server.get(f"/api/all_logs/{older}/{older + 1}").status == 500
        assert len(server.get(f"/api/all_logs/{START}/{START + 1}").json()["calls"]) == 5
        assert f'event="an answer was cut" why="{day} cannot be read: ' in server.log.read_text()
