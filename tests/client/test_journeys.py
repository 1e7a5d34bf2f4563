"""A Sender and a real server, each killed in mid-work: nothing accepted is lost, nothing is stored twice."""

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ringlog.client import Sender
from ringlog.client.sender import MEANS
from ringlog.model import CallRow, Entry, Kind
from tests.running import ENVIRONMENT, Server

DATA = {"module_type": "m", "result_variable": ""}
CALLS = 50
ENTRIES = 2000
KILLS = 10


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "store"
    folder.mkdir()
    with Server(folder) as one:
        yield one


def sender(server: Server, folder: Path, warned: list[str]) -> Sender:
    means = MEANS._replace(warn=warned.append, random=lambda: 0.0)
    return Sender(server.url, server.email, server.key, name="pbx", spool=folder, means=means)


def now_us() -> int:
    return time.time_ns() // 1000


def stored(server: Server, session_id: str) -> list[Any]:
    """What the contract's endpoint shows of a call."""
    answer = server.get(f"/api/call/{session_id}")
    assert answer.status == 200, answer.body
    return answer.json()


def told(server: Server, session_id: str) -> list[str]:
    return [entry["event"]["line"] for entry in stored(server, session_id)]


def test_a_server_killed_while_a_sender_writes_has_everything_once_and_in_order(
    server: Server, tmp_path: Path
) -> None:
    warned: list[str] = []
    begun_us = now_us()
    with sender(server, tmp_path / "spool", warned) as ours:
        for call in range(CALLS):
            ours.call(CallRow(f"call-{call}", src="2025550101", start_s=begun_us // 1_000_000))
        for n in range(ENTRIES):
            ours.entry(Entry(f"call-{n % CALLS}", Kind.INFO, f"line {n}", DATA, begun_us + n))
            if n % 400 == 200:
                ours.flush(0.02)  # so that a request is on its way
                server.kill()
            if n % 400 == 350:
                server.start()
        for call in range(CALLS):
            ours.call(CallRow(f"call-{call}", end_s=begun_us // 1_000_000 + 1))
        assert ours.flush(30), warned
    for call in range(CALLS):
        assert told(server, f"call-{call}") == [f"line {n}" for n in range(call, ENTRIES, CALLS)]
    server.kill()
    server.start()
    assert told(server, "call-7") == [f"line {n}" for n in range(7, ENTRIES, CALLS)]
    assert not list(ours.folder.glob("refused-*"))


def test_a_spool_put_back_as_it_was_before_its_delivery_changes_nothing(
    server: Server, tmp_path: Path
) -> None:
    """As a power failure may leave it: the server has the records, the spool does not know."""
    server.kill()
    ours = sender(server, tmp_path / "spool", [])
    ours.call(CallRow("c", start_s=now_us() // 1_000_000))
    for n in range(300):
        ours.entry(Entry("c", Kind.INFO, f"line {n}", DATA, now_us()))
    assert not ours.close(0.1)
    shutil.copytree(ours.folder, tmp_path / "before")
    server.start()
    for _ in range(2):
        with sender(server, tmp_path / "spool", []) as following:
            assert following.flush(10)
        assert told(server, "c") == [f"line {n}" for n in range(300)]
        shutil.rmtree(ours.folder)
        shutil.copytree(tmp_path / "before", ours.folder)


def accepted_before_kill(server: Server, spool: Path, run: int, enough: int) -> int:
    """How many lines a writer's process had accepted when it was killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.client.writer", server.url, server.key, str(spool), str(run)],
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout
    with process, process.stdout as said:
        accepted = next(number for number in map(int, said) if number >= enough)
        process.kill()
    return accepted


def test_a_sender_killed_ten_times_delivers_what_each_run_accepted_once_and_in_order(
    server: Server, tmp_path: Path
) -> None:
    dice = random.Random(10)
    accepted = []
    for run in range(KILLS):
        away = run % 3 == 1
        if away:
            server.kill()
        accepted.append(accepted_before_kill(server, tmp_path / "spool", run, dice.randint(10, 1200)))
        if away:
            server.start()
    with sender(server, tmp_path / "spool", []) as ours:
        assert list(ours.in_progress) == ["c"]
        ours.call(CallRow("c", end_s=now_us() // 1_000_000))
        assert ours.flush(30)
    lines = told(server, "c")
    place = 0
    for run, number in enumerate(accepted):
        of_run = [line for line in lines if line.startswith(f"run {run} ")]
        assert of_run == [f"run {run} line {n}" for n in range(len(of_run))]
        assert len(of_run) >= number
        assert lines[place : place + len(of_run)] == of_run
        place += len(of_run)
    assert place == len(lines)
    assert arrivals_in_order(server, lines)


def arrivals_in_order(server: Server, lines: list[str]) -> bool:
    """Whether the server received the entries in the order they were accepted."""
    found: list[str] = []
    query = ""
    while True:
        page = server.get(f"/v1/calls/c{query}").json()
        found += [entry["event"]["line"] for entry in page["entries"]]
        if page["next"] is None:
            break
        query = f"?after={page['next']}"
    return found == lines


def test_no_digit_of_a_private_entry_leaves_the_process(server: Server, tmp_path: Path) -> None:
    secret = "7391846205"
    warned: list[str] = []
    server.kill()
    ours = sender(server, tmp_path / "spool", warned)
    data = {**DATA, "digits": secret, "nested": {"again": [secret]}}
    ours.call(CallRow("c", start_s=now_us() // 1_000_000))
    ours.entry(Entry("c", Kind.EVENT, f"User input: {secret} (dtmf)", data, now_us(), private=True))
    ours.entry(Entry("c", Kind.EVENT, secret, data, now_us(), private=True))
    # Beyond retention: refused for good, so parked.
    ours.entry(Entry("old", Kind.EVENT, f"User input: {secret}", data, 1_600_000_000_000_000, private=True))
    assert not ours.close(0.1)
    in_files = spooled(ours.folder)
    assert in_files.count(b'"private":true') == 6  # each in its record and in its data
    server.start()
    with sender(server, tmp_path / "spool", warned) as following:
        assert following.flush(10), warned
    parked = following.folder / "refused-410.ndjson"
    assert parked.read_bytes().count(b"\n") == 1
    in_files += spooled(following.folder)
    assert secret not in in_files.decode()
    assert secret not in "".join(warned)
    assert told(server, "c") == ["User input: ••••", "••••"]
    assert stored(server, "c")[0]["event"]["data"] == {**DATA, "private": True}


def spooled(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_memory_stays_small_while_the_server_is_away(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.client.writer", "http://127.0.0.1:1", "k3y", str(tmp_path), "hold"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=ENVIRONMENT,
        cwd=Path(__file__).parents[2],
    )
    on_disk = sum(path.stat().st_size for path in tmp_path.rglob("0*.ndjson"))
    assert on_disk > 40_000_000
    assert int(done.stdout) * 1024 < 16 * 2**20
