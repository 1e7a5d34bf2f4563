"""Many copies of a recording at once, into a real server: the small sister of `make test-load`."""

from pathlib import Path

from ringlog.collect.recording import read_recording
from tests.load.processes import collector, replay
from tests.load.truth import Truth, differences, exported
from tests.running import Server, ringlog
from tests.wire.asterisk.transcripts import RECORDINGS

STREAM = "asterisk-2"
CALLS = 85
FIRST = 1795428590
COPIES = 5


def test_no_call_of_five_copies_at_once_is_missing_or_mixed(tmp_path: Path) -> None:
    path = RECORDINGS / STREAM / "ami.txt"
    wanted = CALLS * COPIES
    with (
        Server(tmp_path / "store") as server,
        replay(path, "--speed", "0", "--end-ago", "60", "--copies", str(COPIES)) as (_, port),
        collector(server, port, tmp_path),
    ):
        server.wait_for(
            "/v1/calls?limit=1000",
            lambda body: len(body["calls"]) == wanted and all(call["end"] for call in body["calls"]),
            60,
        )
        file = tmp_path / "calls.ndjson"
        file.write_text(ringlog("export", "--store", server.store).stdout, encoding="utf-8")
    found = exported(file)
    by_s = min(call["start"] for call in found.values()) - FIRST
    assert not differences(Truth(STREAM, read_recording(path), COPIES, by_s), found)
