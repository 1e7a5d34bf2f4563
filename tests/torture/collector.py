"""A collector that is killed at random while a PBX speaks, and started again at once.

Of every round: each call that anybody can have heard is there and has an end; nothing is told twice; a log
that lacks something says so; and all that any run had accepted (it lay in its spool) is on the server.
"""

import json
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from ringlog.collect.recording import read_recording
from ringlog.model import CallRow, Entry
from tests.load.processes import PRIVATE, replay
from tests.running import ENVIRONMENT, RINGLOG, Server
from tests.torture.outcome import Effort, Outcome
from tests.wire.asterisk.transcripts import RECORDINGS, Said, of_stream

STREAM, LAST = "asterisk-2", "1795428799.30"
PATH = RECORDINGS / STREAM / "ami.txt"
RECORDING = read_recording(PATH)
PATIENCE_S = 120
MOST_SPEED = 8.0
AFTER_S = 1.5
"""A collector listens for so long at most before it is killed."""
UNSURE_S = 1.5
"""Times move by whole seconds, and a call that began just before a log-in may be heard of just after."""


@dataclass
class Pass:
    """What happened while the recording was played once."""

    deaf: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """From a kill to the next log-in, by the wall clock."""
    accepted: dict[tuple[str, str, int], Any] = field(default_factory=dict[tuple[str, str, int], Any])
    """What lay in the spool when a collector was killed: its event, by call, source and number."""
    kills: int = 0
    speed: float = 1

    def said_s(self, recorded_s: float, by_s: int) -> float:
        """The wall clock when something recorded at that time was played (up to a second later)."""
        last_s = RECORDING.last_us / 1e6
        return last_s + by_s - (last_s - recorded_s) / self.speed


def run(effort: Effort) -> Outcome:
    began, random = time.monotonic(), Random(effort.seed)
    with tempfile.TemporaryDirectory(prefix="ringlog-torture-") as folder:
        failures, figures = played(Path(folder), effort.rounds, random)
    took = time.monotonic() - began
    return Outcome("collector", effort.rounds, "kills", took, effort.seed, failures, figures)


def played(folder: Path, kills: int, random: Random) -> tuple[list[str], str]:
    passed = Pass(speed=speed(kills))
    with Server(folder / "store") as server, replay(PATH, "--speed", str(passed.speed)) as (_, port):
        while passed.kills < kills and not over(server):
            with Running(server, port, folder) as collecting:
                collecting.wait_until_it_listens(passed)
                time.sleep(random.random() * AFTER_S)
                collecting.kill(passed)
        with Running(server, port, folder) as collecting:
            collecting.wait_until_it_listens(passed)
            server.wait_for(f"/v1/calls/{LAST}", lambda body: body.get("call", {}).get("end"), PATIENCE_S)
            server.wait_for("/v1/calls?limit=1000", lambda body: all(c["end"] for c in body["calls"]), 30)
            collecting.stop()
        records = exported(server, folder)
    failures = [] if passed.kills == kills else [f"{passed.kills} kills only: the pass was over"]
    return judged(passed, records, failures)


def speed(kills: int) -> float:
    """So that the recording lasts as long as the kills take."""
    lasts_s = (RECORDING.last_us - RECORDING.first_us) / 1e6
    return round(min(MOST_SPEED, lasts_s / (kills * (AFTER_S + 2) * 1.3)), 3)


def over(server: Server) -> bool:
    return server.get(f"/v1/calls/{LAST}").status == 200


class Running:
    """A collector in a process of its own."""

    def __init__(self, server: Server, port: int, folder: Path) -> None:
        self._spool = folder / "spool"
        self._began = time.time()
        command = [*RINGLOG, "collect", "asterisk", "--port", str(port), "--username", "torture"]
        command += ["--to", server.url, "--email", server.email, "--private", PRIVATE]
        self._process = subprocess.Popen(
            [*command, "--spool", str(self._spool)],
            stderr=subprocess.PIPE,
            text=True,
            env={**ENVIRONMENT, "RINGLOG_KEY": server.key, "RINGLOG_ASTERISK_SECRET": "s"},
        )

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.kill()

    def wait_until_it_listens(self, passed: Pass) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            if "Collecting from" in line:
                break
        began = passed.deaf.pop()[0] if passed.deaf else 0.0
        passed.deaf.append((began, time.time()))

    def kill(self, passed: Pass) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        passed.kills += 1
        passed.deaf.append((time.time(), float("inf")))
        for file in self._spool.rglob("0*.ndjson"):
            # The last line may be cut off: its record was not accepted.
            for line in file.read_bytes().split(b"\n")[:-1]:
                record = json.loads(line)
                if "event" in record:
                    passed.accepted[identity(record)] = record["event"]

    def stop(self) -> None:
        """In good order: what it has goes to the server first."""
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(60) == 0


def identity(record: Mapping[str, Any]) -> tuple[str, str, int]:
    return record["session_id"], record["source"], record["seq"]


def exported(server: Server, folder: Path) -> list[dict[str, Any]]:
    with (folder / "export.ndjson").open("w+b") as file:
        command = [*RINGLOG, "export", "--store", server.store]
        subprocess.run(command, stdout=file, check=True, env=ENVIRONMENT)
        file.seek(0)
        return [json.loads(line) for line in file]


# -- what must hold ----------------------------------------------------------------------------------


def judged(passed: Pass, records: Sequence[Mapping[str, Any]], failures: list[str]) -> tuple[list[str], str]:
    whole = of_stream(STREAM)
    rows = {record["session_id"]: record for record in records if "event" not in record}
    entries: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        if "event" in record:
            entries.setdefault(record["session_id"], []).append(record)
    by_s = moved_by(rows, whole)
    heard = {session_id: log for session_id, log in whole.items() if not unheard(log, by_s, passed)}
    failures += [f"{one} is missing" for one in heard if one not in rows]
    failures += [f"{one} is no call of the recording" for one in rows if one not in whole]
    failures += [f"{one} has no end" for one, row in rows.items() if row.get("end") is None]
    there = {identity(record): record["event"] for record in records if "event" in record}
    failures += [
        f"{key} was accepted and is lost" for key, what in passed.accepted.items() if there.get(key) != what
    ]
    incomplete = 0
    for session_id in rows.keys() & whole.keys():
        said = entries.get(session_id, [])
        incomplete += gap(said)
        failures += [f"{session_id}: {trouble}" for trouble in troubles(said, whole[session_id], by_s)]
    missed_s = sum(until - since for since, until in passed.deaf if since)
    figures = (
        f"{len(rows)} of {len(whole)} calls there, {len(whole) - len(heard)} fell whole into a time without "
        f"collector ({missed_s:.0f} s together), {incomplete} say that they lack something; "
        f"{len(passed.accepted):,} entries were in the spool at a kill, none of them lost"
    )
    return failures, figures


def troubles(said: Sequence[Mapping[str, Any]], whole: Sequence[Said], by_s: int) -> list[str]:
    """What is told twice, and what lacks without a word."""
    told = Counter((record["event"]["line"], record["time_us"] - by_s * 1_000_000) for record in said)
    wanted = Counter((item.line, item.time_us) for item in whole if isinstance(item, Entry))
    twice = [f"{line!r} is told {n} times" for (line, us), n in told.items() if n > max(1, wanted[line, us])]
    ends = sum(record["event"]["line"] == "Disconnecting call" for record in said)
    if not gap(said) and told != wanted:
        lacks = [line for line, _ in (wanted - told)] or [line for line, _ in (told - wanted)]
        return [*twice, f"differs without saying so: {lacks[:3]}"]
    return twice if ends < 2 else [*twice, f"it ends {ends} times"]


def gap(said: Sequence[Mapping[str, Any]]) -> bool:
    return any(record["event"]["line"].startswith("Log incomplete") for record in said)


def moved_by(rows: Mapping[str, Mapping[str, Any]], whole: Mapping[str, Sequence[Said]]) -> int:
    """How many seconds later than recorded the calls were played; joined ones may seem later."""
    begun = {one: next(i.start_s for i in log if isinstance(i, CallRow)) or 0 for one, log in whole.items()}
    moves = Counter(row["start"] - begun[one] for one, row in rows.items() if one in begun)
    return moves.most_common(1)[0][0]


def unheard(log: Sequence[Said], by_s: int, passed: Pass) -> bool:
    """It began and ended while no collector listened."""
    times = [passed.said_s(item.time_us / 1e6, by_s) for item in log if isinstance(item, Entry)]
    return any(since - UNSURE_S <= times[0] and times[-1] <= until + UNSURE_S for since, until in passed.deaf)
