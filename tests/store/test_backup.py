"""Backups: whole, fitting together and stores themselves, whatever goes on beside them."""

import asyncio
import resource
import stat
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ringlog.errors import ConfigurationFault, NoSuchCall, StoreBusy, StoreDamaged, StoreFault, StoreFull
from ringlog.model import Appended, Expired, Kind
from ringlog.store.sqlite.backup import back_up
from ringlog.store.sqlite.disk import files
from ringlog.store.sqlite.doctor.doctor import Doctor
from ringlog.store.sqlite.store import SqliteStore

from .disk import disk, nothing
from .records import DAY, NOW, batch, ended, entry, horizon


def silent(done: int, total: int) -> None: ...


def findings(folder: Path) -> list[str]:
    return list(Doctor(folder, silent).findings())


async def filled(folder: Path) -> tuple[SqliteStore, int]:
    """A sealed call and one that runs."""
    store = await SqliteStore.open(folder, append=True)
    one = (await store.add_account("a@example.com", NOW)).id
    lines = [entry(seq=seq, time_us=NOW + seq) for seq in range(3)]
    await store.append(one, batch(*lines, ended()), horizon())
    await store.seal(horizon(DAY))
    await store.append(one, batch(entry("y")), horizon(DAY))
    return store, one


def lines(log: bytes) -> int:
    return log.count(b'"event"')


def test_what_goes_on_after_the_catalogue_was_copied_is_not_in_the_copy(tmp_path: Path) -> None:
    folder, copy = tmp_path / "store", tmp_path / "copy"
    late = entry(seq=3, kind=Kind.ERROR, line="late")

    async def story() -> None:
        store, one = await filled(folder)
        loop = asyncio.get_running_loop()
        told: list[int] = []

        async def go_on() -> None:
            """A late entry, the end of a call, a new call; all sealed."""
            await store.append(one, batch(late, ended("y"), entry("new"), ended("new")), horizon(DAY))
            assert await store.seal(horizon(2 * DAY)) == 3

        def progress(done: int, total: int) -> None:
            if not told:
                asyncio.run_coroutine_threadsafe(go_on(), loop).result(20)
            told.append(done)

        await asyncio.to_thread(back_up, folder, copy, progress)
        assert len(told) > 1
        await store.close()
        assert findings(folder) == findings(copy) == []
        store = await SqliteStore.open(copy, append=True)
        assert lines((await store.read(one, "x", horizon())).text) == 3
        assert (await store.call(one, "x", horizon())).first_error is None
        assert lines((await store.read(one, "y", horizon())).text) == 1
        with pytest.raises(NoSuchCall):
            await store.read(one, "new", horizon())
        assert await store.append(one, batch(late, entry("new")), horizon(DAY)) == Appended(2, 0)
        await store.seal(horizon(2 * DAY))
        await store.close()
        assert findings(copy) == []

    asyncio.run(story())


def test_backups_beside_a_process_that_appends_and_seals(tmp_path: Path) -> None:
    """Each holds everything that was acknowledged before it began."""
    folder = tmp_path / "store"
    answered: list[dict[str, int]] = []
    command = [sys.executable, "-m", "store.appender", str(folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    ) as process:
        assert process.stdout
        known: dict[str, int] = {}
        for count, line in enumerate(process.stdout):
            session_id, seq = line.split()
            known[session_id] = int(seq)
            if count % 300 == 299 and len(answered) < 4:
                answered.append(dict(known))
                back_up(folder, tmp_path / f"copy-{len(answered)}", silent)
                if len(answered) == 4:
                    process.kill()

    async def whole(copy: Path, calls: dict[str, int]) -> None:
        store = await SqliteStore.open(copy, append=True)
        one = (await store.account("a@example.com")).id
        for session_id, seq in calls.items():
            seqs = [e.seq for e in (await store.read(one, session_id, horizon())).entries]
            assert seqs == list(range(len(seqs)))
            assert len(seqs) > seq
        await store.close()

    for number, calls in enumerate(answered, 1):
        copy = tmp_path / f"copy-{number}"
        assert findings(copy) == []
        asyncio.run(whole(copy, calls))
    assert len(answered) == 4


def test_nothing_is_dropped_while_a_backup_is_made(tmp_path: Path) -> None:
    async def story() -> None:
        store, one = await filled(tmp_path)
        with files.backing_up(tmp_path), files.backing_up(tmp_path):
            with pytest.raises(StoreBusy, match="backup"):
                await store.expire(horizon(7 * DAY))
            assert (await store.read(one, "x", horizon())).text
        assert await store.expire(horizon(7 * DAY)) == Expired(1, 0)
        await store.close()

    asyncio.run(story())


def test_a_day_that_a_killed_server_was_dropping_is_gone_in_the_copy(tmp_path: Path) -> None:
    folder, copy = tmp_path / "store", tmp_path / "copy"
    command = [sys.executable, "-m", "store.doomed", str(folder), "expiry: unlinked"]
    assert subprocess.run(command, check=False, cwd=Path(__file__).parents[1]).returncode == 9
    back_up(folder, copy, silent)
    assert len(findings(folder)) == 1
    assert findings(copy) == []


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    asyncio.run(closed(tmp_path / "store"))
    back_up(tmp_path / "store", tmp_path / "copy", silent)
    for path in (tmp_path / "copy", *(tmp_path / "copy").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


async def closed(folder: Path) -> None:
    await (await filled(folder))[0].close()


def test_what_cannot_be_made_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    folder, copy = tmp_path / "store", tmp_path / "copy"
    asyncio.run(closed(folder))
    copy.mkdir()
    (copy / "mine").touch()
    with pytest.raises(ConfigurationFault, match=r"copy exists: a backup makes a folder of its own\.$"):
        back_up(folder, copy, silent)
    (copy / "mine").unlink()
    (tmp_path / "copy.part").mkdir()
    with pytest.raises(ConfigurationFault, match=r"copy\.part is what a backup that was cut off has left"):
        back_up(folder, copy, silent)
    (tmp_path / "copy.part").rmdir()
    with pytest.raises(ConfigurationFault, match="inside the store"):
        back_up(folder, folder / "copy", silent)
    (day,) = (folder / "days").glob("*.db")
    whole = day.read_bytes()
    for break_it in (lambda: day.write_bytes(b"garbage" * 1000), day.unlink):
        break_it()
        with pytest.raises(StoreDamaged, match=rf"{day.name} .* backup in its place"):
            back_up(folder, copy, silent)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "store"]
        assert not list(copy.iterdir())
    day.write_bytes(whole)
    back_up(folder, copy, silent)
    assert findings(copy) == []


def test_why_there_is_no_backup_names_the_place(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    asyncio.run(closed(folder))
    (tmp_path / "file").touch()
    for copy, why in (
        (tmp_path / "file" / "copy", "File exists"),
        (tmp_path / ("x" * 300), "File name too long"),
        (tmp_path / ("x" * 252), "File name too long"),  # only with `.part` behind it
    ):
        with pytest.raises(ConfigurationFault, match=rf"^The folder {copy} cannot be made: {why}\.$"):
            back_up(folder, copy, silent)
    copy = tmp_path / "copy"
    with disk() as made:
        made.full = lambda name: "copy.part" in name
        with pytest.raises(StoreFull, match=rf"^{copy} finds no room: the disk is full\.$"):
            back_up(folder, copy, silent)
        made.full, made.broken = nothing, made.full
        with pytest.raises(StoreFault, match=r"copy\.part/catalogue\.db cannot be written: the disk refuses"):
            back_up(folder, copy, silent)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "store"]


@contextmanager
def no_room() -> Generator[None]:
    """No file of this process can grow: the first that would is one that SQLite makes beside the store."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_of_the_store_is_not_that_of_the_copy(tmp_path: Path) -> None:
    folder, copy = tmp_path / "store", tmp_path / "copy"
    asyncio.run(closed(folder))
    with no_room(), pytest.raises(StoreFault) as error:
        back_up(folder, copy, silent)
    full = f"The disk of {folder}/catalogue.db is full: to be read, a store needs a little room beside it."
    assert error.value.message == full
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    back_up(folder, copy, silent)
    assert findings(copy) == []


def test_what_keeps_it_from_the_store_is_named(tmp_path: Path) -> None:
    asyncio.run(closed(tmp_path / "store"))
    lock = tmp_path / "store" / "backup.lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()
    with pytest.raises(StoreFault, match=rf"^{lock}: Is a directory\.$"):
        back_up(tmp_path / "store", tmp_path / "copy", silent)
