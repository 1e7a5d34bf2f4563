"""Many calls at once through a real collector into a real server: `make test-load`.

    python -m tests.load [natural] [fast] [profile] [away] [--copies N] [--minutes M]

natural   the second recording at its own speed: nothing missing or mixed, memory, how soon entries are read
fast      the same as fast as it goes: events a second
profile   where the collector's time goes then
away      the server hangs, then is gone, M minutes together: the PBX is read on, the spool fills to its cap
"""

import argparse
import io
import pstats
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ringlog.collect.recording import read_recording
from ringlog.model import CallRow
from tests.load.lags import Sampler, behind_s, quantiles, ruled_waits
from tests.load.processes import collector, cpu_s, memory, replay, waiting_bytes
from tests.load.truth import Log, Truth, differences, exported, losses
from tests.running import ENVIRONMENT, RINGLOG, Server
from tests.wire.asterisk.transcripts import RECORDINGS, of_stream

STREAM = "asterisk-2"
PATH = RECORDINGS / STREAM / "ami.txt"
RECORDING = read_recording(PATH)
MESSAGES = sum(len(connection.messages) for connection in RECORDING.connections)
LASTS_S = (RECORDING.last_us - RECORDING.first_us) / 1e6
SOON_S = 2
SAMPLES = 6
"""Copies whose entries are asked for while they run."""


def say(sentence: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {sentence}", flush=True)  # noqa: T201 - what a load test is for


def natural(folder: Path, copies: int) -> bool:
    say(f"{copies} copies at natural speed, {LASTS_S:.0f} s")
    with (
        Server(folder / "store") as server,
        replay(PATH, "--copies", str(copies)) as (_, port),
        collector(server, port, folder) as process,
    ):
        by_s = moved_by(server)
        start = memory(process.pid).now
        behind = behind_s(port)
        truth = Truth(STREAM, RECORDING, copies, by_s)
        sampler = sampled(server, truth, copies)
        sampler.start()
        peak_queue = watched(process.pid, port, lambda: not sampler.is_alive())
        finished(server, truth)
        time.sleep(5)
        used, rss = cpu_s(process.pid), memory(process.pid)
        said = check(server, folder, truth)
    lags = sampler.lags
    say(f"entry readable after its event, of {len(lags)} sampled (every {quantiles(sampler.pauses)}):")
    say(f"  all in all:                 {quantiles([lag.whole - behind for lag in lags])}")
    say(f"  but for the rulings' waits: {quantiles([lag.whole - behind - lag.ruled for lag in lags])}")
    late = [lag for lag in lags if lag.whole - behind - lag.ruled > SOON_S]
    say(f"  later than {SOON_S} s: {len(late)} {sorted({lag.call for lag in late})[:12]}")
    say(f"  never read: {sampler.unread}")
    say(f"collector: {start:.0f} MiB at the start, {rss.peak:.0f} at most, {rss.now:.0f} afterwards")
    say(f"collector's seconds of computing: {described(used)}; most bytes unread by it: {peak_queue}")
    return said and not sampler.unread


def sampled(server: Server, truth: Truth, copies: int) -> Sampler:
    logs = list(truth.logs())
    of_one = len(logs) // copies
    chosen = sorted({round(k * (copies - 1) / (SAMPLES - 1)) for k in range(SAMPLES)})
    ruled = ruled_waits(STREAM)
    waits = [ruled[session_id] for session_id in of_stream(STREAM)]
    calls = [call for k in chosen for call in logs[k * of_one : (k + 1) * of_one]]
    return Sampler(server, calls, waits * len(chosen))


def fast(folder: Path, copies: int) -> bool:
    say(f"{copies} copies as fast as it goes")
    began = time.monotonic()
    with (
        Server(folder / "store") as server,
        replay(PATH, "--copies", str(copies), "--speed", "0", "--end-ago", "60") as (source, port),
        collector(server, port, folder) as process,
    ):
        by_s = moved_by(server)
        began = time.monotonic()
        truth = Truth(STREAM, RECORDING, copies, by_s)
        finished(server, truth)
        took = time.monotonic() - began
        used, rss = cpu_s(process.pid), memory(process.pid)
        others = sum(cpu_s(source).values()), sum(cpu_s(server.process.pid if server.process else 0).values())
        said = check(server, folder, truth)
    events = MESSAGES * copies
    say(f"{events} events in {took:.1f} s: {events / took:.0f} a second, to the last entry readable")
    say(f"seconds of computing: collector {described(used)}; replay {others[0]:.1f}; server {others[1]:.1f}")
    say(f"collector's memory: {rss.peak:.0f} MiB at most, {rss.now:.0f} afterwards")
    return said


def profile(folder: Path, copies: int) -> bool:
    """Where the collector's main thread spends its time, by file."""
    file = folder / "profile"
    with (
        Server(folder / "store") as server,
        replay(PATH, "--copies", str(copies), "--speed", "0", "--end-ago", "60") as (_, port),
        collector(server, port, folder, python=("-m", "cProfile", "-o", str(file))),
    ):
        finished(server, Truth(STREAM, RECORDING, copies, moved_by(server)))
    stats = pstats.Stats(str(file), stream=io.StringIO()).stats  # type: ignore[attr-defined] - not in the stubs
    spent: dict[str, float] = {}
    for (path, _, name), (_, _, own, _, _) in stats.items():
        where = path.rpartition("ringlog/")[2] if "/ringlog/" in path else f"{Path(path).name} {name}"
        if "select.epoll" not in name:
            spent[where] = spent.get(where, 0.0) + own
    whole = sum(spent.values())
    for where, own in sorted(spent.items(), key=lambda item: -item[1])[:25]:
        say(f"  {own / whole:6.1%}  {where}")
    return True


def away(folder: Path, copies: int, minutes: float, cap_mib: int) -> bool:
    """The server hangs while half of it is played, then is gone.

    At natural speed: an engine whose events come slower than their own times say would be told otherwise.
    """
    seconds = minutes * 60
    say(f"{copies} copies, the server hangs, then is gone, {minutes:g} min in all; --spool-cap {cap_mib}")
    with (
        Server(folder / "store") as server,
        replay(PATH, "--copies", str(copies)) as (_, port),
        collector(server, port, folder, "--spool-cap", str(cap_mib)) as process,
    ):
        by_s = moved_by(server)
        began = time.monotonic()
        assert server.process
        server.process.send_signal(signal.SIGSTOP)
        hanging = threading.Timer(LASTS_S / 2, server.kill)
        hanging.start()
        watched(process.pid, port, lambda: time.monotonic() > began + seconds + 10, folder)
        before = memory(process.pid)
        server.start()
        began = time.monotonic()
        truth = Truth(STREAM, RECORDING, copies, by_s)
        finished(server, truth)
        say(f"the server is back and has everything {time.monotonic() - began:.0f} s later")
        say(f"collector: {before.peak:.0f} MiB at most, {memory(process.pid).now:.0f} afterwards")
        lost = losses(truth, calls(server, folder))
    say(f"left out: {lost.debug} debug entries, {lost.other} others; the logs count {lost.counted}")
    say(f"{len(lost.wrong)} calls are wrong {lost.wrong[:3]}")
    say((folder / "collector.log").read_text())
    return not lost.wrong


# -- what all of them do -----------------------------------------------------------------------------


def moved_by(server: Server) -> int:
    """Waits for the first call, and tells how many seconds later than recorded it began."""
    body = server.wait_for("/v1/calls?limit=1", lambda body: body["calls"], 60)
    row = body["calls"][0]
    epoch, _, counter = row["session_id"].partition(".")
    return int(epoch) - began_s()[row["src"][:10], int(counter) % 100]


def began_s() -> Mapping[tuple[str, int], int]:
    """When each recorded call began, by its caller's number and the number in its id."""
    found: dict[tuple[str, int], int] = {}
    for session_id, said in of_stream(STREAM).items():
        epoch, _, counter = session_id.partition(".")
        sources = [item.src for item in said if isinstance(item, CallRow) and item.src]
        if counter and sources:
            found[sources[0], int(counter)] = int(epoch)
    return found


def finished(server: Server, truth: Truth) -> None:
    """Waits until the last call of the last copy is there with its end."""
    *_, last = truth.logs()
    assert last["session_id"].endswith("30")
    server.wait_for(f"/v1/calls/{last['session_id']}", lambda body: body.get("call", {}).get("end"), 900)


def check(server: Server, folder: Path, truth: Truth) -> bool:
    found = calls(server, folder)
    wrong = differences(truth, found)
    say(f"{len(found)} calls compared: {len(wrong)} missing or told otherwise {wrong[:3]}")
    return not wrong


def calls(server: Server, folder: Path) -> dict[str, Log]:
    file = folder / "calls.ndjson"
    with file.open("wb") as target:
        command = [*RINGLOG, "export", "--store", server.store]
        subprocess.run(command, stdout=target, check=True, env=ENVIRONMENT)
    return exported(file)


def watched(pid: int, port: int, over: Callable[[], bool], folder: Path | None = None) -> int:
    """Looks at the collector until it is `over`; returns the most bytes that waited for it to read."""
    most, unread_s, longest_s, step = 0, 0.0, 0.0, 0
    while not over():
        waiting = waiting_bytes(port)
        most = max(most, waiting)
        unread_s = unread_s + 0.1 if waiting else 0.0
        longest_s = max(longest_s, unread_s)
        if folder and not step % 600:
            spooled = sum(file.stat().st_size for file in folder.glob("spool/*/0*.ndjson")) / 2**20
            say(f"  spool {spooled:.1f} MiB, collector {memory(pid).now:.0f} MiB, unread {waiting} bytes")
        step += 1
        time.sleep(0.1)
    say(f"  most bytes waiting to be read: {most}; longest time in which some were: {longest_s:.1f} s")
    return most


def described(used: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in used.items())


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ringlog-load-") as path:
        yield Path(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["natural", "fast", "profile", "away"])
    parser.add_argument("--copies", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--cap", type=int, default=32)
    chosen = parser.parse_args()
    good = True
    for what in chosen.what:
        with folder() as place:
            if what == "natural":
                good &= natural(place, chosen.copies)
            elif what == "fast":
                good &= fast(place, chosen.copies)
            elif what == "profile":
                good &= profile(place, max(2, chosen.copies // 10))
            else:
                good &= away(place, chosen.copies, chosen.minutes, chosen.cap)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
