"""A spool that is full: `debug` entries give way first, also those that wait already, and all is counted."""

import json
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ringlog.client import Sender
from ringlog.client.cap import is_debug
from ringlog.client.line import entry_line
from ringlog.client.progress import Progress
from ringlog.client.sender import MEANS
from ringlog.client.spool import Spool
from ringlog.model import CallRow, Entry, Kind

from .foreign import Foreign, listening

T = 1_795_424_527_000_000
DATA = {"module_type": "m", "result_variable": "r", "said": {"class": "debug"}}
CAP = 64_000


def entry(n: int, kind: Kind, session_id: str = "c") -> Entry:
    return Entry(session_id, kind, f"{kind} {n}", DATA, T + n)


def away() -> Foreign:
    foreign = Foreign()
    with listening(foreign):
        pass
    return foreign


def sender(foreign: Foreign, folder: Path, warned: list[str]) -> Sender:
    means = MEANS._replace(warn=warned.append, random=lambda: 0.0)
    return Sender(foreign.url, "a@b.example", "k3y", name="pbx", spool=folder, spool_cap=CAP, means=means)


def told(records: list[Any], kind: Kind) -> list[str]:
    return [record["event"]["line"] for record in records if record.get("class") == kind]


def left_out(records: list[Any]) -> int:
    return sum(record["event"]["data"].get("left_out", 0) for record in records if "event" in record)


def spooled_bytes(ours: Sender) -> int:
    return sum(path.stat().st_size for path in ours.folder.glob("0*.ndjson"))


@pytest.mark.parametrize("debug_first", [True, False])
def test_no_other_entry_is_lost_while_debug_entries_can_give_way(
    tmp_path: Path, *, debug_first: bool
) -> None:
    foreign, warned = away(), list[str]()
    debug, info = [[entry(n, kind) for n in range(220)] for kind in (Kind.DEBUG, Kind.INFO)]
    given = debug + info if debug_first else [one for pair in zip(debug, info, strict=True) for one in pair]
    with sender(foreign, tmp_path, warned) as ours:
        for one in given:
            ours.entry(one)
            assert spooled_bytes(ours) < CAP + 1000
        with listening(foreign):
            assert ours.flush(5)
            ours.entry(entry(999, Kind.INFO))
            assert ours.flush(5)
    assert told(foreign.taken, Kind.INFO) == [f"info {n}" for n in [*range(220), 999]]
    kept = told(foreign.taken, Kind.DEBUG)
    assert len(kept) < 220
    assert left_out(foreign.taken) == 220 - len(kept)
    assert told(foreign.taken, Kind.ERROR) == [
        f"Log incomplete: {220 - len(kept)} entries left out, the spool was full"
    ]
    assert sum("is full" in said for said in warned) == 1


def test_what_was_left_out_is_said_though_no_call_goes_on(tmp_path: Path) -> None:
    foreign = away()
    with sender(foreign, tmp_path, []) as ours:
        for n in range(220):
            ours.entry(entry(n, Kind.DEBUG))
        for n in range(220):
            ours.entry(entry(n, Kind.INFO, "other"))
        with listening(foreign):
            deadline = time.monotonic() + 5
            while not left_out(foreign.taken):
                assert ours.flush(5)
                assert time.monotonic() < deadline
        assert left_out(foreign.taken) == 220 - len(told(foreign.taken, Kind.DEBUG))


def test_beyond_the_cap_everything_is_left_out_and_counted_call_by_call(tmp_path: Path) -> None:
    foreign, warned = away(), list[str]()
    with sender(foreign, tmp_path, warned) as ours:
        for n in range(800):
            ours.entry(entry(n, Kind.DEBUG if n % 4 else Kind.INFO, "ab"[n % 2]))
        for n in range(800, 1600):
            ours.entry(entry(n, Kind.INFO, "ab"[n % 2]))
        ours.call(CallRow("a", end_s=T // 10**6 + 5))
        with listening(foreign):
            assert ours.flush(5)
            ours.entry(entry(1600, Kind.INFO, "a"))
            assert ours.flush(5)
    entries = [record for record in foreign.taken if "event" in record]
    for session_id in "ab":
        of_call = [record for record in entries if record["session_id"] == session_id]
        kept = [record for record in of_call if record["class"] != "error"]
        wanted = 801 if session_id == "a" else 800
        assert left_out(of_call) == wanted - len(kept)
        assert len(kept) < wanted
        assert [one["seq"] for one in of_call] == sorted({one["seq"] for one in of_call})
    # What debug entries remain lie in the segment that was read and in the one that was written.
    assert len(told(entries, Kind.DEBUG)) * len(entry_line(entry(0, Kind.DEBUG), "pbx/000000", 0)) < CAP / 8
    assert len(told(entries, Kind.INFO)) > 230


def test_a_gap_is_told_by_the_next_run_where_this_one_ends_with_the_server_away(tmp_path: Path) -> None:
    foreign, warned = away(), list[str]()
    ours = sender(foreign, tmp_path, warned)
    for n in range(1000):
        ours.entry(entry(n, Kind.INFO))
    assert not ours.close(0.1)
    with listening(foreign), sender(foreign, tmp_path, warned) as following:
        assert following.flush(5)
    assert left_out(foreign.taken) == 1000 - len(told(foreign.taken, Kind.INFO)) > 0


def test_what_a_full_disk_did_not_take_is_warned_of_once_and_told_in_the_calls_log(tmp_path: Path) -> None:
    foreign, warned = away(), list[str]()
    with sender(foreign, tmp_path, warned) as ours:
        with files_of_at_most(3000):
            for n in range(50):
                ours.entry(entry(n, Kind.INFO))
            assert spooled_bytes(ours) <= 3000
        ours.entry(entry(50, Kind.INFO))
        with listening(foreign):
            assert ours.flush(5)
    kept = told(foreign.taken, Kind.INFO)
    assert kept == [f"info {n}" for n in [*range(len(kept) - 1), 50]]
    assert left_out(foreign.taken) == 51 - len(kept) > 0
    of_disk = [said for said in warned if "written" in said]
    assert len(of_disk) == 2
    assert of_disk[1].endswith(f"can be written again; {51 - len(kept)} entries lost so far.")
    assert warned[-1].endswith(f"was full: {51 - len(kept)} entries lost, said in the logs of their calls.")


def test_a_full_disk_keeps_the_calls_themselves_and_takes_more_as_soon_as_something_is_delivered(
    tmp_path: Path,
) -> None:
    foreign, warned = away(), list[str]()
    with sender(foreign, tmp_path, warned) as ours, files_of_at_most(3000):
        for n in range(30):
            ours.call(CallRow(f"c{n}", start_s=T // 10**6))
            ours.entry(entry(n, Kind.INFO, f"c{n}"))
            ours.call(CallRow(f"c{n}", end_s=T // 10**6 + 1))
        with listening(foreign):
            deadline = time.monotonic() + 5
            while ours.in_progress or not ours.flush(5):
                assert time.monotonic() < deadline
            ours.entry(entry(30, Kind.INFO))
            assert ours.flush(5)
    kept = told(foreign.taken, Kind.INFO)
    assert kept == [f"info {n}" for n in [*range(len(kept) - 1), 30]]
    lost = [record["session_id"] for record in foreign.taken if record.get("class") == Kind.ERROR]
    assert lost == [f"c{n}" for n in range(len(kept) - 1, 30)]
    assert {record["session_id"] for record in foreign.taken if "end" in record} == {
        f"c{n}" for n in range(30)
    }


def test_a_run_that_ends_on_a_full_disk_says_what_was_lost_and_leaves_its_last_words(tmp_path: Path) -> None:
    foreign, warned = away(), list[str]()
    with files_of_at_most(3000):
        with sender(foreign, tmp_path, warned) as ours:
            for n in range(30):
                ours.call(CallRow("c", start_s=T // 10**6))
                ours.entry(entry(n, Kind.INFO))
            ours.call(CallRow("c", end_s=T // 10**6 + 1))
            assert not ours.close(0.1)
        with listening(foreign), sender(foreign, tmp_path, []) as following:
            assert not following.in_progress
            assert following.flush(5)
    lost = 30 - len(told(foreign.taken, Kind.INFO))
    assert warned[-1].endswith(f"was full: {lost} entries lost, said in the logs of their calls.")
    assert left_out(foreign.taken) == lost > 0
    assert any("end" in record for record in foreign.taken)


def test_a_call_that_a_disk_has_no_word_for_stays_in_progress_for_the_next_run(tmp_path: Path) -> None:
    foreign, warned = away(), list[str]()
    with sender(foreign, tmp_path, warned) as ours:
        ours.call(CallRow("c", start_s=T // 10**6))
        with files_of_at_most(0):
            ours.entry(entry(0, Kind.INFO))
            ours.call(CallRow("c", end_s=T // 10**6 + 1))
            assert not ours.close(0.1)
    assert warned[-1].endswith("was full: 1 entry lost, 1 call left in progress for the next run.")
    with sender(foreign, tmp_path, []) as following:
        assert list(following.in_progress) == ["c"]
        following.close(0.1)


def test_what_is_delivered_is_not_sent_again_where_that_cannot_be_noted(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(entry_line(entry(0, Kind.INFO), "pbx/0a", 0))
    (line,) = spool.read(10, 10**6)
    with files_of_at_most(0), pytest.raises(OSError, match="too large"):
        spool.settle(line.end)
    assert not spool.waiting_bytes
    assert not spool.read(10, 10**6)
    spool.close()


def test_a_run_that_begins_on_a_full_disk_delivers_what_an_earlier_one_left(tmp_path: Path) -> None:
    foreign = away()
    with sender(foreign, tmp_path, []) as ours:
        ours.call(CallRow("c", start_s=T // 10**6))
        ours.entry(entry(0, Kind.INFO))
        assert not ours.close(0.1)
    with files_of_at_most(0), listening(foreign), sender(foreign, tmp_path, []) as following:
        assert list(following.in_progress) == ["c"]
        assert following.flush(5)
    assert told(foreign.taken, Kind.INFO) == ["info 0"]


def test_calls_that_ended_are_forgotten_though_there_is_only_room_for_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "calls.new").mkdir()
    run = Progress(tmp_path / "calls")
    run.begins("1.1", T)
    with files_of_at_most((tmp_path / "calls").stat().st_size):
        run.ends("1.1")
        run.close()
    following = Progress(tmp_path / "calls")
    assert following.calls == {}
    following.close()


def test_a_call_that_a_full_disk_cut_off_garbles_no_other(tmp_path: Path) -> None:
    killed = Progress(tmp_path / "calls")
    killed.begins("1.1", T)
    with files_of_at_most((tmp_path / "calls").stat().st_size + 5):
        killed.begins("2.1", T)
    killed.begins("3.1", T)
    following = Progress(tmp_path / "calls")
    assert list(following.calls) == ["1.1", "3.1"]
    for run in (killed, following):
        run.close()


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As a full disk: a write beyond `size` bytes is cut short, the next one fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def spool_of_segments(folder: Path) -> Spool:
    """One line in a segment: info, debug, debug, info, and so on."""
    spool = Spool(folder, segment_bytes=1)
    for n in range(6):
        spool.append(entry_line(entry(n, Kind.DEBUG if n % 3 else Kind.INFO), "pbx/0a", n))
    return spool


def test_thinning_leaves_alone_what_is_being_read_or_written(tmp_path: Path) -> None:
    spool = spool_of_segments(tmp_path)
    held = spool.read(10, 10**6)  # segment 1
    spool.settle(held[-1].end)
    held = spool.read(10, 10**6)  # segment 2, a debug entry
    thinned: list[bytes] = []
    while (gone := spool.thin(is_debug)) is not None:
        thinned += gone
    assert [json.loads(line)["seq"] for line in thinned] == [2, 4]
    seqs: list[int] = []
    while held:
        seqs += [json.loads(line.data)["seq"] for line in held]
        spool.settle(held[-1].end)
        held = spool.read(10, 10**6)
    assert seqs == [1, 3, 5]
    assert not spool.waiting_bytes
    spool.close()
    assert not list(tmp_path.glob("0*.ndjson"))


def test_a_thinned_spool_reads_the_same_after_a_kill(tmp_path: Path) -> None:
    spool = spool_of_segments(tmp_path)
    assert spool.thin(is_debug) == []
    assert spool.thin(is_debug)
    waiting = spool.waiting_bytes
    spool.abandon()
    again = Spool(tmp_path)
    assert again.waiting_bytes == waiting
    seqs: list[int] = []
    while lines := again.read(10, 10**6):
        seqs += [json.loads(line.data)["seq"] for line in lines]
        again.settle(lines[-1].end)
    assert seqs == [0, 2, 3, 4, 5]
    again.close()
    assert not list(tmp_path.glob("*.new"))


@pytest.mark.parametrize(
    "line",
    [b'\0\0"class":"debug"\0\n', b'["class":"debug"\n', b'[{"class":"debug"}]\n', b'{"class":"info"}\n'],
)
def test_what_a_power_failure_garbled_is_left_for_the_server_to_refuse(line: bytes) -> None:
    assert not is_debug(line)


def test_a_disk_that_takes_no_shorter_segment_keeps_the_longer(tmp_path: Path) -> None:
    spool = spool_of_segments(tmp_path)
    (tmp_path / "00000002.new").mkdir()
    waiting = spool.waiting_bytes
    assert spool.thin(is_debug) == []
    assert spool.thin(is_debug) == []
    assert spool.waiting_bytes == waiting
    spool.close()
