"""The Sender against a foreign server that answers as a test wants, and against kills of its own process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ringlog.cli.collect import left_behind
from ringlog.client import Sender
from ringlog.client.sender import MEANS
from ringlog.errors import BadInput, ConfigurationFault
from ringlog.model import MASK, CallRow, CallType, Entry, Kind

from .foreign import Foreign, Said, listening

T = 1_795_424_527_000_000


def entry(n: int, session_id: str = "1795424527.0", kind: Kind = Kind.INFO, **data: object) -> Entry:
    return Entry(session_id, kind, f"line {n}", {"module_type": "m", "result_variable": "r", **data}, T + n)


def sender(foreign: Foreign, tmp_path: Path, **options: object) -> Sender:
    warn: list[str] = []
    made = Sender(
        foreign.url,
        "a@b.example",
        "k3y",
        name="asterisk@pbx1",
        spool=tmp_path,
        means=MEANS._replace(warn=warn.append, random=lambda: 0.0),
        **options,
    )
    made.warned = warn
    return made


def lines(foreign: Foreign) -> list[str]:
    return [record["event"]["line"] for record in foreign.taken if "event" in record]


def test_records_arrive_numbered_per_call_under_one_source(tmp_path: Path) -> None:
    with listening(Foreign()) as foreign, sender(foreign, tmp_path) as ours:
        ours.call(CallRow("a", src="2025550101", type=CallType.INBOUND, start_s=T // 10**6))
        for n in range(3):
            ours.entry(entry(n, "a"))
        ours.entry(entry(9, "b"))
        assert ours.flush(5)
    row, *entries = foreign.taken
    assert row == {"session_id": "a", "src": "2025550101", "type": "inbound", "start": T // 10**6}
    assert [(e["session_id"], e["seq"]) for e in entries] == [("a", 0), ("a", 1), ("a", 2), ("b", 0)]
    assert {e["source"] for e in entries} == {ours.source}
    assert ours.source.startswith("asterisk@pbx1/")
    assert entries[1] == {
        "session_id": "a",
        "event": {"line": "line 1", "data": {"module_type": "m", "result_variable": "r"}},
        "class": "info",
        "timestamp": T // 10**6,
        "source": ours.source,
        "seq": 1,
        "time_us": T + 1,
    }
    assert foreign.asked[0].target == "/v1/ingest"


def test_each_run_draws_a_source_of_its_own(tmp_path: Path) -> None:
    with listening(Foreign()) as foreign:
        with sender(foreign, tmp_path) as first:
            pass
        with sender(foreign, tmp_path) as second:
            pass
    assert first.source != second.source


def test_what_is_private_is_masked_before_it_is_spooled(tmp_path: Path) -> None:
    away = Foreign()
    away.port = 1
    ours = sender(away, tmp_path)
    secret = Entry(
        "a", Kind.EVENT, "User input: 4821 (dtmf)", {**entry(0).data, "digits": "4821"}, T, private=True
    )
    ours.entry(secret)
    ours.close(0.2)
    spooled = b"".join(path.read_bytes() for path in ours.folder.iterdir() if path.is_file())
    assert b"4821" not in spooled
    record = json.loads(next(ours.folder.glob("*.ndjson")).read_text())
    assert record["private"] is True
    assert record["event"]["line"] == f"User input: {MASK}"


def test_a_server_that_was_away_gets_everything_in_order_and_once(tmp_path: Path) -> None:
    foreign = Foreign()
    with listening(foreign):
        pass
    with sender(foreign, tmp_path) as ours:
        for n in range(250):
            ours.entry(entry(n))
        assert not ours.flush(0.3)
        with listening(foreign):
            assert ours.flush(5)
    assert lines(foreign) == [f"line {n}" for n in range(250)]
    assert len(ours.warned) == 2  # once that it is away, once that it is back


@pytest.mark.parametrize("status", [401, 413, 503])
def test_one_that_knocks_says_what_is_wrong_before_there_is_anything_to_send(
    tmp_path: Path, status: int
) -> None:
    answers = iter([status])
    foreign = Foreign(lambda asked: Said(next(answers, 200)))
    with listening(foreign), sender(foreign, tmp_path, knocks=True) as ours:
        until(lambda: ours.warned)
        assert ours.trouble
        ours.entry(entry(0))
        assert ours.flush(5)
        assert not ours.trouble
    said = "refuses this email and key (401: 401 Unauthorized). " if status == 401 else str(status)
    assert said in ours.warned[0]
    assert ours.warned[1:] == [f"{foreign.url} takes records again."]
    assert foreign.asked[0].records == []
    assert lines(foreign) == ["line 0"]


def test_one_that_knocks_goes_on_until_somebody_answers(tmp_path: Path) -> None:
    away = Foreign()
    with listening(away):
        pass
    with sender(away, tmp_path, knocks=True) as ours:
        until(lambda: ours.warned)
        with listening(away):
            until(lambda: not ours.trouble)
    assert [asked.records for asked in away.asked] == [[]]


def test_at_the_end_a_refused_key_is_told_from_a_server_that_is_not_there(tmp_path: Path) -> None:
    with listening(Foreign(lambda asked: Said(401))) as foreign, sender(foreign, tmp_path) as ours:
        ours.entry(entry(0))
        assert not ours.close(0.3)
    waits = f"What the server does not have yet waits in {ours.folder}."
    assert left_behind(ours) == (f"{foreign.url} refuses this email and key (401: 401 Unauthorized). {waits}")
    with sender(foreign, tmp_path) as ours:
        assert not ours.close(0.3)
    assert left_behind(ours) == f"Cannot reach {foreign.url}: connection refused. {waits}"


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_connection_that_breaks_in_mid_request_costs_nothing(tmp_path: Path) -> None:
    broken = iter([True, False, True])

    def script(asked: object) -> Said:
        return Said(0) if next(broken, False) else Said(200)

    with listening(Foreign(script)) as foreign, sender(foreign, tmp_path) as ours:
        ours.entry(entry(0))
        assert ours.flush(5)
        ours.entry(entry(1))
        assert ours.flush(5)
    assert lines(foreign) == ["line 0", "line 1"]


def test_an_earlier_runs_records_go_first_under_their_own_source(tmp_path: Path) -> None:
    foreign = Foreign()
    with listening(foreign):
        pass
    first = sender(foreign, tmp_path)
    first.entry(entry(0))
    first.entry(entry(1))
    assert not first.close(0.1)
    with listening(foreign), sender(foreign, tmp_path) as second:
        second.entry(entry(2))
        assert second.flush(5)
    assert lines(foreign) == ["line 0", "line 1", "line 2"]
    assert [(r["source"], r["seq"]) for r in foreign.taken] == [
        (first.source, 0),
        (first.source, 1),
        (second.source, 0),
    ]


KILLED = """
import sys
from ringlog.client import Sender
from ringlog.model import CallRow, Entry, Kind
from pathlib import Path
ours = Sender(sys.argv[1], "a@b.example", "k3y", name="asterisk@pbx1", spool=Path(sys.argv[2]))
ours.call(CallRow("c", start_s=1795424527))
n = 0
data = {"module_type": "m", "result_variable": ""}
while True:
    ours.entry(Entry("c", Kind.INFO, f"line {n}", data, 1795424527000000 + n))
    n += 1
    if n % 100 == 0:
        print(n, flush=True)
"""


@pytest.mark.parametrize("away", [True, False])
def test_nothing_accepted_is_lost_when_the_senders_process_is_killed(tmp_path: Path, *, away: bool) -> None:
    foreign = Foreign()
    with listening(foreign):
        if away:
            foreign.script = lambda asked: Said(503)
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, foreign.url, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        with process.stdout as said:
            for line in said:
                accepted = int(line)
                if accepted >= 2000:
                    break
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        foreign.script = lambda asked: Said(200)
        with sender(foreign, tmp_path) as ours:
            assert list(ours.in_progress) == ["c"]
            assert ours.flush(20)
    seqs = list(dict.fromkeys(r["seq"] for r in foreign.taken if "event" in r))
    assert seqs == list(range(len(seqs)))
    assert len(seqs) >= accepted
    assert sum("event" not in r for r in foreign.taken) >= 1


def test_a_forked_process_is_a_source_of_its_own_and_the_next_run_delivers_what_it_left(
    tmp_path: Path,
) -> None:
    foreign = Foreign()
    with listening(foreign):
        pass
    process = subprocess.run(
        [sys.executable, "-c", FORKS, foreign.url, str(tmp_path)], capture_output=True, text=True, check=True
    )
    parent, child = sorted(process.stdout.split(), key=lambda said: said.startswith("child"))
    with listening(foreign), sender(foreign, tmp_path) as ours:
        assert ours.flush(5)
    told = [(r["event"]["line"], r["source"], r["seq"]) for r in foreign.taken]
    assert told == [
        ("before", parent.partition(":")[2], 0),
        ("parent", parent.partition(":")[2], 1),
        ("child", child.partition(":")[2], 0),
    ]
    assert not list(ours.folder.glob("fork-*"))


FORKS = """
import os, sys
from ringlog.client import Sender
from ringlog.model import Entry, Kind
from pathlib import Path
def say(line):
    ours.entry(Entry("c", Kind.INFO, line, {"module_type": "m", "result_variable": ""}, 1795424527000000))
ours = Sender(sys.argv[1], "a@b.example", "k3y", name="asterisk@pbx1", spool=Path(sys.argv[2]))
say("before")
if pid := os.fork():
    os.waitpid(pid, 0)
    say("parent")
    print("parent:" + ours.source, flush=True)
else:
    say("child")
    print("child:" + ours.source, flush=True)
ours.close(0.1)
os._exit(0)
"""


def test_two_senders_may_not_share_a_spool(tmp_path: Path) -> None:
    with (
        listening(Foreign()) as foreign,
        sender(foreign, tmp_path),
        pytest.raises(ConfigurationFault, match="Another process uses the spool"),
    ):
        sender(foreign, tmp_path)


def test_calls_in_progress_are_remembered_until_a_row_ends_them(tmp_path: Path) -> None:
    with listening(Foreign()) as foreign:
        with sender(foreign, tmp_path) as ours:
            for session_id in ("ended", "running"):
                ours.call(CallRow(session_id, start_s=T // 10**6))
            ours.entry(entry(2_500_000, "running"))
            ours.call(CallRow("ended", end_s=T // 10**6 + 5))
        with sender(foreign, tmp_path) as next_run:
            assert next_run.in_progress == {"running": T + 2_500_000}


def test_what_cannot_be_a_record_is_refused_at_once(tmp_path: Path) -> None:
    with listening(Foreign()) as foreign, sender(foreign, tmp_path) as ours:
        with pytest.raises(BadInput, match="cannot be a session id"):
            ours.call(CallRow(".."))
        with pytest.raises(BadInput, match="JSON cannot carry"):
            ours.entry(entry(0, number=float("nan")))
        ours.entry(Entry("a", Kind.INFO, "lone \ud800", entry(0).data, T))
        assert ours.flush(5)
    assert lines(foreign) == ["lone ?"]


def test_what_lies_in_the_spool_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with listening(Foreign(lambda _: Said(503))) as foreign, sender(foreign, tmp_path) as ours:
            ours.call(CallRow("a", start_s=T // 10**6))
            ours.entry(entry(0, "a"))
            modes = {path.name: path.stat().st_mode & 0o777 for path in ours.folder.iterdir()}
            folder = ours.folder.stat().st_mode & 0o777
            ours.close(0)
    finally:
        os.umask(before)
    assert {"calls", "delivered"} < set(modes)
    assert (folder, set(modes.values())) == (0o700, {0o600})
