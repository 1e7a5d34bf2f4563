"""Many copies of a recording at once, into a real server: the small sister of `make test-load`."""

import signal
import time
from pathlib import Path

from tests.load.__main__ import PATH, RECORDING, STREAM, calls, finished, moved_by
from tests.load.processes import collector, replay, waiting_bytes
from tests.load.truth import Truth, differences, losses
from tests.running import Server

COPIES = 5
AT_ONCE = ("--speed", "0", "--end-ago", "60", "--copies", str(COPIES))
PATIENCE_S = 60
STILL_S = 1.5
"""So long nothing is read and nothing is spooled: the recording is over."""


def test_no_call_of_five_copies_at_once_is_missing_or_mixed(tmp_path: Path) -> None:
    with (
        Server(tmp_path / "store") as server,
        replay(PATH, *AT_ONCE) as (_, port),
        collector(server, port, tmp_path),
    ):
        truth = Truth(STREAM, RECORDING, COPIES, moved_by(server))
        finished(server, truth)
        assert not differences(truth, calls(server, tmp_path))


def test_while_a_server_hangs_the_pbx_is_read_and_only_debug_entries_leave_a_full_spool(
    tmp_path: Path,
) -> None:
    with (
        Server(tmp_path / "store") as server,
        replay(PATH, *AT_ONCE) as (_, port),
    ):
        assert server.process
        server.process.send_signal(signal.SIGSTOP)
        with collector(server, port, tmp_path, "--spool-cap", "1"):
            wait_until_read(port, tmp_path)
            assert 0.9 < spooled_mib(tmp_path) < 1.1
            server.process.send_signal(signal.SIGCONT)
            truth = Truth(STREAM, RECORDING, COPIES, moved_by(server))
            finished(server, truth)
            wait_until_delivered(tmp_path)
            lost = losses(truth, calls(server, tmp_path))
    assert not lost.wrong
    assert (lost.other, lost.counted) == (0, lost.debug)
    assert lost.debug > 100
    assert (tmp_path / "collector.log").read_text().count("is full (1048576 bytes)") == 1


def wait_until_read(port: int, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    still, before = time.monotonic(), -1.0
    while time.monotonic() < still + STILL_S:
        now = spooled_mib(folder)
        if waiting_bytes(port) or now != before or "full" not in (folder / "collector.log").read_text():
            still, before = time.monotonic(), now
        assert time.monotonic() < deadline, f"{now} MiB are spooled"
        time.sleep(0.05)


def wait_until_delivered(folder: Path) -> None:
    """The calls' logs are there long before what is said about what they lack."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        delivered = [path.read_text().split() for path in folder.glob("spool/*/delivered")]
        last = max(folder.glob("spool/*/0*.ndjson"))
        if delivered == [[str(int(last.stem)), str(last.stat().st_size)]]:
            return
        assert time.monotonic() < deadline, delivered
        time.sleep(0.05)


def spooled_mib(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.glob("spool/*/0*.ndjson")) / 2**20
