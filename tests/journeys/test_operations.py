"""What an operator does with a store, by the command line."""

import time
from pathlib import Path

from tests.journeys.sealed import day_file, received_a_minute_ago, seal
from tests.running import Server, ringlog
from tests.web.records import entry, row

START = int(time.time()) - 3600


def filled(folder: Path) -> Server:
    server = Server(folder)
    records = [row("x", START), *(entry("x", str(seq), at=START, source="s", seq=seq) for seq in range(9))]
    received_a_minute_ago(server, records)
    assert seal(server) == 1
    return server


def test_the_doctor_says_so_with_its_exit_code(tmp_path: Path) -> None:
    with filled(tmp_path / "store") as server:
        well = ringlog("doctor", "--store", server.store)
        assert (well.returncode, well.stderr) == (0, "")
        assert well.stdout == "All is well: 1 calls with details, in 1 days.\n"
        server.terminate()
        day = day_file(server, START)
        day.write_bytes(b"garbage" * 1000)
        ill = ringlog("doctor", "--store", server.store)
        assert (ill.returncode, ill.stderr) == (1, "")
        assert ill.stdout.startswith(f"{day} cannot be read: ")
