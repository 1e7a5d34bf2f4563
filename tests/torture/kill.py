"""`kill -9` of a server at a random moment, again and again, while it does all that it can do at once.

Eight clients write, each into a call of its own and late into one that is being sealed; another deletes; a
backup is made beside it, and is killed in some rounds as well; what clients stored before is sealed, and Days
of last week expire. After every kill: each acknowledged entry is there exactly once and in order, deleted
calls stay deleted, old ones are whole or gone, `ringlog doctor` finds nothing, and a backup is a whole store.
"""

import contextlib
import http.client
import json
import shutil
import subprocess
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Thread

from ringlog.config import Retention
from ringlog.errors import DetailsGone, NoSuchCall
from ringlog.model import DAY_S, MICROSECONDS
from ringlog.store.sqlite.doctor.doctor import Doctor
from ringlog.store.sqlite.store import SqliteStore
from tests.journeys.sealed import MINUTE_US, at, in_store, received
from tests.running import ENVIRONMENT, RINGLOG, Server, basic, ringlog
from tests.torture.outcome import Effort, Outcome
from tests.web.records import Record, entry, row

ROUNDS_A_STORE = 25
KILLS_A_ROUND = 20
"""Of `--rounds`."""
CLIENTS = 8
PREFILLED = 40
"""Calls that wait for their sealing when a round begins."""
OLD = 4
"""Calls whose Day is due then; in every second round half of them are sealed."""
VICTIMS = 10
"""Of the prefilled calls, those that a client deletes."""
BACKED_UP, KILLED_TOO = 0.3, 0.3
"""How probable it is that a backup is made (nothing is dropped meanwhile), and that it is killed as well."""
BATCH = 5
DEADLINE_S = 30
FOR_EVER = Retention(0, 0)
START = int(time.time())
AGO_S = 3600


@dataclass
class Sum:
    """What was asked of servers until now, and what they answered for."""

    asked: dict[str, int] = field(default_factory=dict[str, int])
    """Entries by call."""
    answered: dict[str, int] = field(default_factory=dict[str, int])
    deleting: set[str] = field(default_factory=set[str])
    deleted: set[str] = field(default_factory=set[str])
    expired: set[str] = field(default_factory=set[str])
    backups: int = 0
    killed_backups: int = 0
    kills: int = 0

    def add(self, other: "Sum") -> None:
        self.asked |= other.asked
        self.answered |= other.answered
        self.deleted |= other.deleted
        self.expired |= other.expired
        self.backups += other.backups
        self.killed_backups += other.killed_backups
        self.kills += other.kills

    def __str__(self) -> str:
        return (
            f"{sum(self.answered.values()):,} entries of {len(self.answered):,} calls answered for, "
            f"{len(self.deleted):,} calls deleted, {len(self.expired):,} expired, "
            f"{self.backups} backups made beside and {self.killed_backups} killed"
        )


def run(effort: Effort) -> Outcome:
    began, wanted, so_far = time.monotonic(), effort.rounds * KILLS_A_ROUND, Sum()
    failures: list[str] = []
    while so_far.kills < wanted and not failures:
        seed = f"{effort.seed}:{so_far.kills}"
        failures += one_store(min(ROUNDS_A_STORE, wanted - so_far.kills), seed, so_far)
    took = time.monotonic() - began
    return Outcome("kill", so_far.kills, "kills", took, effort.seed, failures, str(so_far))


def one_store(rounds: int, seed: str, so_far: Sum) -> Iterator[str]:
    """Kills the servers of one store. What was wrong after a kill, if anything: the store is kept then."""
    folder, its = Path(tempfile.mkdtemp(prefix="ringlog-kill-")), Sum()
    try:
        life = Life(folder, Random(seed), its, so_far.kills)
        for _ in range(rounds):
            life.one_round()
    except Exception:  # whatever it raises is a finding
        yield f"{folder}, seed {seed}, kill {its.kills}: {traceback.format_exc()}"
    else:
        shutil.rmtree(folder)
    so_far.add(its)


class Life:
    """Of one store."""

    def __init__(self, folder: Path, random: Random, its: Sum, first: int) -> None:
        self._first = first
        self._random = random
        self._its = its
        self._server = Server(folder / "store")
        made = ringlog(
            "key", "add", Server.email, "--scope", "admin", "--json", "--store", self._server.store
        )
        self._admin = json.loads(made.stdout)["developer_key"]

    def one_round(self) -> None:
        its, number = self._its, self._first + self._its.kills
        prefilled = self._prefill(number)
        before = deepcopy(its)
        with self._server as server:
            clients = [Client(server, f"call-{number}-{one}", prefilled[one], its) for one in range(CLIENTS)]
            deleter = Deleter(server, self._admin, prefilled[-VICTIMS:], its)
            backup = Backup(server, number) if self._random.random() < BACKED_UP else None
            for thread in (*clients, deleter):
                thread.start()
            self._wait(clients)
            server.kill()
            whole = backup and backup.end(killed=self._random.random() < KILLED_TOO)
            for thread in (*clients, deleter):
                thread.join(DEADLINE_S)
        its.kills += 1
        its.expired |= in_store(self._server.folder, lambda store, one: self._look(store, one, its))
        well(self._server.folder)
        its.backups += whole is True
        its.killed_backups += whole is False
        if backup and whole:
            self._look_at_copy(backup.target, before)

    def _prefill(self, number: int) -> Sequence[str]:
        """Calls of a minute ago, and of a day that is over; their session ids."""
        its = self._its
        prefilled = [f"prefilled-{number}-{one}" for one in range(PREFILLED)]
        old = [f"old-{number}-{one}" for one in range(OLD)]
        ago_s = (6 + number % ROUNDS_A_STORE) * DAY_S

        async def work(store: SqliteStore, one: int) -> None:
            await received(
                store, one, -MINUTE_US, [record for call in prefilled for record in batch(call, 0)]
            )
            for calls in (old[: OLD // 2], old[OLD // 2 :]):
                await received(store, one, -ago_s * MICROSECONDS, records_of(calls, ago_s))
                if number % 2 and calls[0] == old[0]:
                    await at(store, -ago_s * MICROSECONDS + MINUTE_US).seal()

        in_store(self._server.folder, work)
        for calls in (prefilled, old):
            its.asked |= dict.fromkeys(calls, BATCH)
            its.answered |= dict.fromkeys(calls, BATCH)
        return prefilled

    def _wait(self, clients: Sequence["Client"]) -> None:
        """Until clients were answered so often, and in some rounds for up to a second more."""
        enough, deadline = self._random.randrange(1, 250), time.monotonic() + DEADLINE_S
        while sum(client.count for client in clients) < enough:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        time.sleep(self._random.choice((0, 0, self._random.random())))

    async def _look(self, store: SqliteStore, one: int, least: Sum) -> set[str]:
        """Holds a store against what was answered for at least; which calls are gone by age."""
        gone = set[str]()
        for session_id, count in least.answered.items():
            try:
                entries = (await store.read(one, session_id, FOR_EVER.horizon(0))).entries
            except NoSuchCall:
                assert session_id in self._its.deleting, f"{session_id} is lost"
                continue
            except DetailsGone:
                assert session_id.startswith("old-"), f"{session_id} expired"
                gone.add(session_id)
                continue
            assert session_id not in least.deleted, f"{session_id} was deleted and is there"
            assert session_id not in least.expired, f"{session_id} expired and is there"
            seqs, most = [one.seq for one in entries], self._its.asked[session_id]
            assert seqs == list(range(len(seqs))), f"{session_id} has {seqs}"
            assert count <= len(seqs) <= most, f"{session_id}: {count} to {most}, {len(seqs)} found"
        return gone

    def _look_at_copy(self, folder: Path, least: Sum) -> None:
        """`least` is of the moment before the backup began."""
        in_store(folder, lambda store, one: self._look(store, one, least))
        well(folder)
        shutil.rmtree(folder)


def well(folder: Path) -> None:
    assert (said := list(Doctor(folder, lambda done, total: None).findings())) == [], said


def batch(session_id: str, first: int, ago_s: int = AGO_S) -> list[Record]:
    """An ended call's row and its next entries."""
    start = START - ago_s
    entries = [
        entry(session_id, str(seq), at=start, source="s", seq=seq) for seq in range(first, first + BATCH)
    ]
    return [row(session_id, start), *entries]


def records_of(session_ids: Sequence[str], ago_s: int = AGO_S) -> list[Record]:
    return [record for one in session_ids for record in batch(one, 0, ago_s)]


class Client(Thread):
    """Writes until its server is gone."""

    def __init__(self, server: Server, name: str, late: str, its: Sum) -> None:
        super().__init__(daemon=True)
        self.count = 0
        self._calls = (name, late)
        self._server = server
        self._its = its

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=DEADLINE_S)
        headers = {**self._server.authorization, "Content-Type": "application/x-ndjson"}
        # However the server goes down, the client only knows what was answered before.
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            while True:
                for session_id in self._calls:
                    first = self._its.asked.get(session_id, 0)
                    body = b"\n".join(json.dumps(one).encode() for one in batch(session_id, first))
                    self._its.asked[session_id] = first + BATCH
                    connection.request("POST", "/v1/ingest", body, headers)
                    answer = connection.getresponse()
                    answer.read()
                    assert answer.status == 200
                    self._its.answered[session_id] = first + BATCH
                    self.count += 1


class Deleter(Thread):
    """Deletes calls one after another; while a backup is made, it has to ask again."""

    def __init__(self, server: Server, key: str, victims: Sequence[str], its: Sum) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._key = key
        self._victims = victims
        self._its = its

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=DEADLINE_S)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            for victim in self._victims:
                self._its.deleting.add(victim)
                status = 503
                while status == 503:
                    headers = basic(self._server.email, self._key)
                    connection.request("DELETE", f"/v1/calls/{victim}", headers=headers)
                    answer = connection.getresponse()
                    answer.read()
                    status = answer.status
                assert status == 204
                self._its.deleted.add(victim)


class Backup:
    """`ringlog backup` in a process of its own."""

    def __init__(self, server: Server, number: int) -> None:
        self.target = server.folder.with_name(f"backup-{number}")
        self._process = subprocess.Popen(
            [*RINGLOG, "backup", str(self.target), "--store", server.store],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )

    def end(self, *, killed: bool) -> bool:
        """Whether it came to its end."""
        if killed:
            self._process.kill()
        _, said = self._process.communicate(timeout=DEADLINE_S)
        assert killed or self._process.returncode == 0, said
        whole = self._process.returncode == 0
        part = self.target.with_name(f"{self.target.name}.part")
        assert not (whole and part.exists())
        shutil.rmtree(part, ignore_errors=True)
        if not whole:
            # Its name is given last: a kill may come between that and the end.
            shutil.rmtree(self.target, ignore_errors=True)
        return whole
