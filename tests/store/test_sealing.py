"""The process that seals: with the one that appends, in its absence, and when either is killed."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import apsw
import pytest

from ringlog.errors import StoreDamaged, StoreFault
from ringlog.model import Backlog, Kind, StoredEntry
from ringlog.store.sqlite.calls.tails import Tails
from ringlog.store.sqlite.day.codec import Chunk, Run, join_frame, pack_chunk, pack_frame
from ringlog.store.sqlite.day.days import Days
from ringlog.store.sqlite.disk import catalogue
from ringlog.store.sqlite.disk.catalogue import connect
from ringlog.store.sqlite.sealing import sealing, waiting
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon

DEADLINE_S = 30


def sealers(folder: Path) -> list[int]:
    """Processes that seal this store."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended meanwhile
        if b"ringlog.store.sqlite.sealing.sealer" in command and str(folder).encode() in command:
            found.append(int(process.name))
    return found


def open_files(process: int) -> list[str]:
    return [str(one.readlink()) for one in Path(f"/proc/{process}/fd").iterdir()]


def frames(folder: Path) -> int:
    total = 0
    for path in (folder / "days").glob("*.db"):
        connection = apsw.Connection(str(path))
        total += connection.execute("SELECT count(*) FROM frame").get
        connection.close()
    return total


def tell(
    folder: Path,
    story: Callable[[SqliteStore, int], Awaitable[None]],
    reached: Callable[[str], None] = lambda point: None,
) -> None:
    async def told() -> None:
        store = await SqliteStore.open(folder, append=True, reached=reached)
        try:
            await story(store, (await store.add_account("a@example.com", NOW)).id)
        finally:
            await store.close()

    asyncio.run(told())


def test_the_sealer_stands_apart_and_ends_with_the_store(tmp_path: Path) -> None:
    async def story(store: SqliteStore, one: int) -> None:
        await store.append(one, batch(entry(), ended()), horizon())
        assert sealers(tmp_path) == []
        assert await store.seal(horizon(DAY)) == 1
        (sealer,) = sealers(tmp_path)
        assert os.getpgid(sealer) != os.getpgid(0)
        assert os.getpriority(os.PRIO_PROCESS, sealer) > os.getpriority(os.PRIO_PROCESS, 0)
        opened = open_files(sealer)
        assert str(tmp_path / "lock") not in opened
        # A Day that is held open would outlive its expiry.
        assert not [name for name in opened if "/days/" in name]
        os.kill(sealer, signal.SIGINT)
        await store.append(one, batch(entry(seq=1)), horizon())
        assert await store.seal(horizon(DAY)) == 1
        assert sealers(tmp_path) == [sealer]

    tell(tmp_path, story)
    assert sealers(tmp_path) == []


def test_a_killed_sealer_is_started_again(tmp_path: Path) -> None:
    async def story(store: SqliteStore, one: int) -> None:
        await store.append(one, batch(entry(), ended()), horizon())
        await store.seal(horizon(DAY))
        os.kill(sealers(tmp_path)[0], signal.SIGKILL)
        await store.append(one, batch(entry(seq=1)), horizon())
        with pytest.raises(StoreFault, match=r"^The process that seals ended \(exit code -9\)\.$"):
            await store.seal(horizon(DAY))
        assert await store.seal(horizon(DAY)) == 1
        assert [e.seq for e in (await store.read(one, "x", horizon())).entries] == [0, 1]

    tell(tmp_path, story)


@pytest.mark.parametrize(("point", "written"), [("frames built", 0), ("frames committed", 3)])
def test_a_sealer_killed_in_the_middle(tmp_path: Path, point: str, written: int) -> None:
    killed: list[int] = []

    def reached(at: str) -> None:
        if at == f"sealing: {point}" and not killed:
            killed.extend(sealers(tmp_path))
            os.kill(killed[0], signal.SIGKILL)

    async def story(store: SqliteStore, one: int) -> None:
        for name in "xyz":
            await store.append(one, batch(entry(name), entry(name, seq=1), ended(name)), horizon())
        with pytest.raises(StoreFault):
            await store.seal(horizon(DAY))
        assert frames(tmp_path) == written
        await store.seal(horizon(DAY))
        for name in "xyz":
            assert [e.seq for e in (await store.read(one, name, horizon())).entries] == [0, 1]
        assert await store.seal(horizon(DAY)) == 0

    tell(tmp_path, story, reached)
    assert killed
    assert frames(tmp_path) == 3


def test_the_sealer_dies_with_the_one_that_appends(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "store.doomed", str(tmp_path), "sealing: frames built"]
    assert subprocess.run(command, check=False, cwd=Path(__file__).parents[1]).returncode == 9
    until = time.monotonic() + DEADLINE_S
    while sealers(tmp_path) and time.monotonic() < until:
        time.sleep(0.01)
    assert sealers(tmp_path) == []
    assert frames(tmp_path) == 0


def test_what_is_deleted_while_it_is_sealed_does_not_reach_its_day(tmp_path: Path) -> None:
    def reached(at: str) -> None:
        if at == "sealing: frames built":
            connection = apsw.Connection(str(tmp_path / "catalogue.db"))
            connection.execute("DELETE FROM call WHERE session_id = 'gone'")
            connection.close()

    async def story(store: SqliteStore, one: int) -> None:
        for name in ("gone", "kept"):
            await store.append(one, batch(entry(name), ended(name)), horizon())
        await store.seal(horizon(DAY))
        assert (await store.read(one, "kept", horizon())).entries

    tell(tmp_path, story, reached)
    assert frames(tmp_path) == 1


def test_what_arrives_while_a_frame_is_built_is_not_in_it(tmp_path: Path) -> None:
    """A backup takes the arrival beside a frame for that of its last entry."""

    async def story() -> None:
        store = await SqliteStore.open(tmp_path, append=True)
        one = (await store.add_account("a@example.com", NOW)).id
        await store.append(one, batch(entry(), ended()), horizon())
        later = horizon(DAY)
        with contextlib.closing(connect(tmp_path / "catalogue.db")) as connection:
            calls = waiting.group(connection, -1, later.quiet_before_us, later.idle_before_us)
            await store.append(one, batch(entry(seq=1)), horizon())
            ((chunk,),) = waiting.chunks(connection, calls).values()
        assert [one.arrival for one in chunk.entries()] == [calls[0].arrival]
        await store.close()

    asyncio.run(story())


def test_the_backlog_counts_what_is_finished_and_drains(tmp_path: Path) -> None:
    watched: list[tuple[SqliteStore, asyncio.AbstractEventLoop]] = []
    seen: list[Backlog] = []

    def reached(at: str) -> None:
        if at == "sealing: frames built":
            for store, loop in watched:
                seen.append(asyncio.run_coroutine_threadsafe(store.health(), loop).result().unsealed)

    async def story(store: SqliteStore, one: int) -> None:
        for n in range(3):
            await store.append(one, batch(entry(f"c{n}"), entry(f"c{n}", seq=1), ended(f"c{n}")), horizon())
        await store.append(one, batch(entry("running")), horizon())
        watched.append((store, asyncio.get_running_loop()))
        assert await store.seal(horizon(60 * 1_000_000)) == 3
        assert seen == [Backlog(3, 6)]
        assert (await store.health()).unsealed == Backlog()

    tell(tmp_path, story, reached)


def test_a_round_and_the_end_give_pages_back_for_a_while_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million calls that waited leave gigabytes free, which SQLite gives back at a millisecond a page."""
    free: list[int] = []

    def count() -> None:
        with contextlib.closing(connect(tmp_path / "catalogue.db")) as connection:
            free.append(connection.rows("PRAGMA freelist_count")[0][0])

    async def story(store: SqliteStore, one: int) -> None:
        for n in range(20):
            entries = [entry(f"c{n}", seq=seq, line="a long line " * 500) for seq in range(10)]
            await store.append(one, batch(*entries, ended(f"c{n}")), horizon())
        for _ in range(3):
            await store.seal(horizon(60 * 1_000_000))
            count()

    monkeypatch.setattr(sealing, "GIVE_BACK_S", 0)
    monkeypatch.setattr(catalogue, "VACUUM_S", 0)
    tell(tmp_path, story)
    count()
    step = catalogue.VACUUM_STEP
    assert free == [free[0], free[0] - step, free[0] - 2 * step, free[0] - 3 * step]
    monkeypatch.undo()

    async def later() -> None:
        store = await SqliteStore.open(tmp_path, append=True)
        await store.seal(horizon(60 * 1_000_000))
        count()
        await store.close()

    asyncio.run(later())
    assert free[-1] == 0


def test_calls_of_many_days_beside_a_damaged_one(tmp_path: Path) -> None:
    days = 4

    async def story(store: SqliteStore, one: int) -> None:
        for n in range(days):
            start = NOW + n * DAY
            for name in (f"a{n}", f"b{n}"):
                await store.append(
                    one, batch(entry(name, time_us=start), ended(name, start)), horizon(n * DAY)
                )
        (tmp_path / "days" / "2026-11-19.db").write_bytes(b"not a database" * 1000)
        with pytest.raises(StoreDamaged):
            await store.seal(horizon(days * DAY))
        assert (await store.health()).unsealed.calls == 2
        (tmp_path / "days" / "2026-11-19.db").unlink()
        assert await store.seal(horizon(days * DAY)) == 2
        assert await store.seal(horizon(days * DAY)) == 0

    tell(tmp_path, story)
    assert frames(tmp_path) == 2 * days


def run_of(entries: list[StoredEntry]) -> Chunk:
    (source, *_), seqs, times_us, arrivals, texts = zip(*entries, strict=True)
    return pack_chunk(Run(source, seqs, times_us, arrivals, texts))


@pytest.mark.parametrize("sizes", [[5], [1, 1, 1], [2, 300, 1]])
def test_joined_chunks_give_the_very_frame_of_their_entries(sizes: list[int]) -> None:
    entries = [
        StoredEntry("quelle/ü", n * 3, NOW + (-1) ** n * n, n + 1, entry(seq=n, kind=Kind.DEBUG).text)
        for n in range(sum(sizes))
    ]
    left = list(entries)
    chunks = [run_of([left.pop(0) for _ in range(size)]) for size in sizes]
    assert join_frame(chunks) == (pack_frame(entries), b",".join(one.text for one in entries))


def test_a_tail_is_the_same_at_every_point_of_a_sealing(tmp_path: Path) -> None:
    told: list[tuple[str, int, list[int]]] = []

    def reached(point: str) -> None:
        connection, days = connect(tmp_path / "catalogue.db"), Days(tmp_path / "days")
        for after in range(6):
            tail = Tails(connection, days, horizon()).behind(1, "x", after)
            told.append((point, after, [entry.arrival for entry in tail.entries]))
        days.close()
        connection.close()

    async def story(store: SqliteStore, one: int) -> None:
        await store.append(one, batch(ended(), entry(seq=1), entry(source="b")), horizon())
        await store.append(one, batch(entry(seq=2)), horizon())
        assert await store.seal(horizon(DAY)) == 1
        told.clear()
        await store.append(one, batch(entry(seq=0), entry(seq=3)), horizon())
        assert await store.seal(horizon(DAY)) == 1

    tell(tmp_path, story, reached)
    assert {point for point, *_ in told} >= {
        "sealing: frames built", "sealing: frames committed", "sealing: chunks dropped"
    }  # fmt: skip
    assert [point for point, after, arrivals in told if arrivals != list(range(after + 1, 6))] == []
