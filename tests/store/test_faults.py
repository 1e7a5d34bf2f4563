"""A full disk and one that fails, at each of the store's writes: nothing is lost, and it goes on."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path

import apsw
import pytest

from ringlog.accounts import Accounts
from ringlog.errors import StoreFault, StoreFull
from ringlog.model import Appended, Expired
from ringlog.store.sqlite.disk.catalogue import Connection, connect_to_write
from ringlog.store.sqlite.disk.faults import Seam
from ringlog.store.sqlite.doctor.doctor import Doctor
from ringlog.store.sqlite.sealing.sealer import Sealer
from ringlog.store.sqlite.sealing.steps import Step
from ringlog.store.sqlite.store import SqliteStore

from .disk import Disk, catalogue, days, disk, nothing
from .records import DAY, NOW, batch, ended, entry, horizon

Story = Callable[[SqliteStore, int, Disk], Awaitable[None]]


def tell(folder: Path, story: Story) -> None:
    """Of a store with a sealed call, `x`, and an ended one that is not, `y`; all is well afterwards."""

    async def told() -> None:
        with disk() as made:
            store = await SqliteStore.open(folder, append=True)
            one = (await store.add_account("a@example.com", NOW)).id
            await store.append(one, batch(entry(), ended()), horizon())
            await store.seal(horizon(DAY))
            await store.append(one, batch(entry("y"), ended("y")), horizon())
            assert await seqs(store, one, "y") == [0]
            await story(store, one, made)
            await store.close()

    asyncio.run(told())
    assert list(Doctor(folder, lambda done, total: None).findings()) == []


async def seqs(store: SqliteStore, one: int, session_id: str) -> list[int]:
    return [e.seq for e in (await store.read(one, session_id, horizon())).entries]


FAULTS = ["full", "broken"]
"""Attributes of Disk."""
ERRORS = {"full": (StoreFull, r"^The disk is full\.$"), "broken": (StoreFault, r"^The store failed\.$")}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_append_is_refused_and_the_next_one_works(tmp_path: Path, fault: str) -> None:
    error, sentence = ERRORS[fault]

    async def story(store: SqliteStore, one: int, made: Disk) -> None:
        opened = made.opened.count(str(tmp_path / "catalogue.db"))
        setattr(made, fault, catalogue)
        refused = batch(entry("y", seq=1), entry("z"))
        for _ in range(3):
            with pytest.raises(error, match=sentence):
                await store.append(one, refused, horizon())
            assert await seqs(store, one, "x") == [0]
            assert (await seqs(store, one, "y"))[:1] == [0]
        setattr(made, fault, nothing)
        assert sum(await store.append(one, refused, horizon())) == 2
        assert await store.append(one, refused, horizon()) == Appended(0, 2)
        assert await seqs(store, one, "y") == [0, 1]
        # Nothing is assumed of a connection that failed.
        assert made.opened.count(str(tmp_path / "catalogue.db")) > opened

    tell(tmp_path, story)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_sealing_whose_chunks_cannot_be_dropped_is_tried_again(tmp_path: Path, fault: str) -> None:
    error, sentence = ERRORS[fault]

    async def story(store: SqliteStore, one: int, made: Disk) -> None:
        await store.append(one, batch(entry(seq=1)), horizon())
        setattr(made, fault, catalogue)
        for _ in range(2):
            with pytest.raises(error, match=sentence):
                await store.seal(horizon(DAY))
            # What waits is counted also where nothing can be written any more.
            assert (await store.health()).unsealed.calls == 2
            assert await seqs(store, one, "x") == [0, 1]
            assert await seqs(store, one, "y") == [0]
        setattr(made, fault, nothing)
        assert await store.seal(horizon(2 * DAY)) == 2
        assert await seqs(store, one, "x") == [0, 1]

    tell(tmp_path, story)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_day_that_cannot_be_written_keeps_its_calls_unsealed(tmp_path: Path, fault: str) -> None:
    """The sealer's steps are taken here, where the disk can be made to fail."""

    async def story(store: SqliteStore, one: int, made: Disk) -> None:
        await store.append(one, batch(entry(seq=1)), horizon())
        later = horizon(DAY)
        step = Step(-1, later.quiet_before_us, later.idle_before_us)
        setattr(made, fault, days)
        for _ in range(2):
            assert [report.failed for report in Sealer(tmp_path).step(step)][-1] == ERRORS[fault][0].__name__
            assert await seqs(store, one, "x") == [0, 1]
        assert await store.append(one, batch(entry("y", seq=1)), horizon()) == Appended(1, 0)
        setattr(made, fault, nothing)
        assert await store.seal(horizon(2 * DAY)) == 2
        assert await seqs(store, one, "x") == [0, 1]
        assert await seqs(store, one, "y") == [0, 1]

    tell(tmp_path, story)


def test_expiry_makes_room_on_a_full_disk(tmp_path: Path) -> None:
    async def story(store: SqliteStore, one: int, made: Disk) -> None:
        made.full = lambda name: catalogue(name) and any((tmp_path / "days").iterdir())
        late = horizon(7 * DAY)
        with pytest.raises(StoreFull):
            await store.append(one, batch(entry("z", time_us=NOW + 7 * DAY)), late)
        assert await store.expire(late) == Expired(1, 0)
        assert await store.append(one, batch(entry("z", time_us=NOW + 7 * DAY)), late) == Appended(1, 0)

    tell(tmp_path, story)


@pytest.mark.parametrize("fault", FAULTS)
def test_expiry_that_fails_is_finished_later(tmp_path: Path, fault: str) -> None:
    async def story(store: SqliteStore, one: int, made: Disk) -> None:
        setattr(made, fault, catalogue)
        with pytest.raises(ERRORS[fault][0]):
            await store.expire(horizon(7 * DAY))
        setattr(made, fault, nothing)
        assert (await store.expire(horizon(7 * DAY))).days == 1

    tell(tmp_path, story)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_key_whose_use_cannot_be_noted_still_reads(tmp_path: Path, fault: str) -> None:
    async def story(store: SqliteStore, one: int, made: Disk) -> None:
        accounts = Accounts(store, lambda: NOW)
        key = await accounts.add_key("a@example.com")
        setattr(made, fault, catalogue)
        assert await accounts.authenticate(b"Basic " + b64encode(f"a@example.com:{key}".encode()))
        setattr(made, fault, nothing)

    tell(tmp_path, story)


def test_a_file_that_may_only_be_read_is_called_that(tmp_path: Path) -> None:
    """So SQLite refuses a log beside a file whose folder belongs to somebody else."""
    file = tmp_path / "catalogue.db"
    connect_to_write(file, create=True).close()
    said = f"^{file} cannot be read: SQLite reads it and writes beside it, which this user may not"
    with pytest.raises(StoreFault, match=said), Seam(file):
        Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY).run("CREATE TABLE x (y)")
