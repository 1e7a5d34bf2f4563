"""A collector that is killed at random while a PBX speaks, and started again at once.

Of every round: each call that anybody can have heard is there and has an end; nothing is told twice; a log
that lacks something says so; and all that any run had accepted (it lay in its spool) is on the server.
"""

import contextlib
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

STREAM = "asterisk-2"
PATH = RECORDINGS / STREAM / "ami.txt"
PATIENCE_S = 30
AFTER_S = 1.5
"""A collector listens for so long at most before it is killed."""
UNSURE_S = 1.5
"""Times move by whole seconds, and a call that began just before a log-in may be heard of just after."""
BANNER = b"Asterisk Call Manager/"


class Material:
    """What is played, always at natural speed: a log-in goes by the wall clock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        recording = read_recording(path)
        self.lasts_s = (recording.last_us - recording.first_us) / 1e6
        first_us = recording.first_us
        self.whole = {one: log for one, log in of_stream(STREAM).items() if begun_us(log) >= first_us}
        """The logs that a collector tells which nobody kills."""


def begun_us(log: Sequence[Said]) -> int:
    return min(item.time_us for item in log if isinstance(item, Entry))


def last_run(folder: Path) -> Material:
    """Of the recording, what the engine says after its last restart: 31 calls in a quarter of a minute."""
    path = folder / "last-run.txt"
    path.write_bytes(BANNER + PATH.read_bytes().rpartition(BANNER)[2])
    return Material(path)


@dataclass
class Pass:
    """What happened while the recording was played once."""

    deaf: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """From a kill to the next log-in, by the wall clock."""
    accepted: dict[tuple[str, str, int], Any] = field(default_factory=dict[tuple[str, str, int], Any])
    """What lay in the spool when a collector was killed: its event, by call, source and number."""
    kills: int = 0

    def lasted_s(self) -> float:
        """How long it plays by now: the replay began with the first log-in."""
        return time.time() - self.deaf[0][1] if self.deaf else 0


@dataclass
class Sum:
    """Of several passes."""

    kills: int = 0
    there: int = 0
    unheard: int = 0
    incomplete: int = 0
    accepted: int = 0
    deaf_s: float = 0
    failures: list[str] = field(default_factory=list[str])

    def __str__(self) -> str:
        return (
            f"{self.there} calls there, {self.incomplete} of them say that they lack something; "
            f"{self.unheard} began and ended while no collector ran ({self.deaf_s:.0f} s together); "
            f"{self.accepted:,} entries lay in the spool at a kill"
        )


def run(effort: Effort) -> Outcome:
    """Plays the whole recording, as often as it takes for all kills."""
    began, random, so_far = time.monotonic(), Random(effort.seed), Sum()
    while so_far.kills < effort.rounds and not so_far.failures:
        one_pass(Material(PATH), effort.rounds - so_far.kills, random, so_far)
    took = time.monotonic() - began
    return Outcome("collector", so_far.kills, "kills", took, effort.seed, so_far.failures, str(so_far))


def one_pass(material: Material, kills: int, random: Random, so_far: Sum) -> None:
    with tempfile.TemporaryDirectory(prefix="ringlog-torture-") as folder:
        passed, records = played(material, Path(folder), kills, random)
    judge(material, passed, records, so_far)


def played(
    material: Material, folder: Path, kills: int, random: Random
) -> tuple[Pass, Sequence[Mapping[str, Any]]]:
    """Plays it once; what the server has then."""
    passed = Pass()
    with Server(folder / "store") as server, replay(material.path) as (_, port):
        while passed.kills < kills and passed.lasted_s() < material.lasts_s:
            with Running(server, port, folder) as collecting:
                collecting.wait_until_it_listens(passed)
                time.sleep(random.random() * AFTER_S)
                collecting.kill(passed)
        with Running(server, port, folder) as collecting:
            collecting.wait_until_it_listens(passed)
            while passed.lasted_s() < material.lasts_s + UNSURE_S:
                time.sleep(0.1)
            # A call that never ends is a failure to report with the others.
            with contextlib.suppress(AssertionError):
                server.wait_for("/v1/calls?limit=1000", all_ended, PATIENCE_S)
            collecting.stop()
        return passed, exported(server, folder)


def all_ended(body: Any) -> bool:
    return all(call["end"] for call in body["calls"])


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


def judge(material: Material, passed: Pass, records: Sequence[Mapping[str, Any]], so_far: Sum) -> None:
    rows = {record["session_id"]: record for record in records if "event" not in record}
    entries: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        if "event" in record:
            entries.setdefault(record["session_id"], []).append(record)
    by_s = moved_by(rows, material.whole)
    so_far.failures += missing(material, rows, by_s, passed) + lost(passed, records)
    for session_id in rows.keys() & material.whole.keys():
        said = entries.get(session_id, [])
        found = troubles(said, material.whole[session_id], by_s)
        so_far.failures += [f"{session_id}: {trouble}" for trouble in found]
        so_far.incomplete += gap(said)
    so_far.kills += passed.kills
    so_far.there += len(rows)
    so_far.unheard += len(material.whole.keys() - rows.keys())
    so_far.accepted += len(passed.accepted)
    so_far.deaf_s += sum(until - since for since, until in passed.deaf if since)


def missing(material: Material, rows: Mapping[str, Any], by_s: int, passed: Pass) -> list[str]:
    """Calls that somebody must have heard, calls that nobody made, and calls without an end."""
    absent = [one for one in material.whole if one not in rows]
    heard = [one for one in absent if not unheard(material.whole[one], by_s, passed.deaf)]
    return [
        *(f"{one} is missing" for one in heard),
        *(f"{one} is no call of the recording" for one in rows if one not in material.whole),
        *(f"{one} has no end" for one, row in rows.items() if row.get("end") is None),
    ]


def lost(passed: Pass, records: Sequence[Mapping[str, Any]]) -> list[str]:
    there = {identity(record): record["event"] for record in records if "event" in record}
    accepted = passed.accepted.items()
    return [f"{key} was accepted and is lost" for key, what in accepted if there.get(key) != what]


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


def unheard(log: Sequence[Said], by_s: int, deaf: Sequence[tuple[float, float]]) -> bool:
    """It began and ended while no collector listened."""
    times = [item.time_us / 1e6 + by_s for item in log if isinstance(item, Entry)]
    return any(since - UNSURE_S <= times[0] and times[-1] <= until + UNSURE_S for since, until in deaf)
