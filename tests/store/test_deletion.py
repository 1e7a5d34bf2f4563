"""Deletion: afterwards the bytes are in no file of the store, whatever happened on the way."""

import asyncio
import random
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import apsw
import pytest

from ringlog.errors import BeyondRetention, NoSuchAccount, NoSuchCall, StoreBusy, StoreDamaged
from ringlog.model import CallQuery
from ringlog.store.sqlite.backup import back_up
from ringlog.store.sqlite.day.codec import Chunk, Frame
from ringlog.store.sqlite.day.days import Days
from ringlog.store.sqlite.disk import catalogue, files
from ringlog.store.sqlite.disk.writer import Writer
from ringlog.store.sqlite.doctor.doctor import Doctor
from ringlog.store.sqlite.dropping import residue
from ringlog.store.sqlite.dropping.deletion import Deletion
from ringlog.store.sqlite.index import tombstones
from ringlog.store.sqlite.sealing.sealing import Round, Sealing
from ringlog.store.sqlite.store import SqliteStore

from .doomed import KEPT, SECRETS, doomed_call, kept_call
from .records import DAY, NOW, batch, ended, entry, horizon


def found(folder: Path, *secrets: str) -> list[str]:
    """The secrets that stand in a file of the store, as they are or inside a chunk or frame."""
    texts = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    texts += unpacked(folder)
    return [secret for secret in secrets if any(secret.encode() in text for text in texts)]


def unpacked(folder: Path) -> Iterator[bytes]:
    for path in (folder / "days").glob("*.db"):
        connection = apsw.Connection(str(path))
        for (frame,) in connection.execute("SELECT frame FROM frame"):
            yield Frame(frame).text
        connection.close()
    connection = apsw.Connection(str(folder / "catalogue.db"))
    for row in connection.execute("SELECT source, min_seq, max_seq, meta, text FROM chunk"):
        yield b",".join(one.text for one in Chunk(*row).entries())
    connection.close()


def intact(folder: Path) -> bool:
    return all(
        apsw.Connection(str(path)).execute("PRAGMA integrity_check").get == "ok"
        for path in folder.rglob("*.db")
    )


async def told(folder: Path) -> tuple[SqliteStore, int]:
    store = await SqliteStore.open(folder, append=True)
    one = (await store.add_account("a@example.com", NOW)).id
    await doomed_call(store, one)
    await kept_call(store, one)
    return store, one


def test_nothing_of_a_deleted_call_is_in_any_file_while_the_store_is_open(tmp_path: Path) -> None:
    async def story() -> None:
        store, one = await told(tmp_path)
        assert set(found(tmp_path, *SECRETS, *KEPT)) == {*SECRETS, *KEPT}
        await store.delete_call(one, "secret session", NOW)
        assert found(tmp_path, *SECRETS, *KEPT) == list(KEPT)
        assert intact(tmp_path)
        await store.close()
        assert found(tmp_path, *SECRETS, *KEPT) == list(KEPT)

    asyncio.run(story())


def test_many_deletions_at_once_leave_all_other_calls(tmp_path: Path) -> None:
    chance = random.Random(11)
    ids = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(600)]

    async def story() -> None:
        store = await SqliteStore.open(tmp_path, append=True)
        one = (await store.add_account("a@example.com", NOW)).id
        for at in range(0, len(ids), 100):
            lot = [
                record
                for session_id in ids[at : at + 100]
                for record in (entry(session_id, line=session_id), ended(session_id, NOW - 700_000_000 * at))
            ]
            await store.append(one, batch(*lot), horizon())
            await store.seal(horizon(DAY))
        gone = chance.sample(ids, 80)
        await asyncio.gather(*(store.delete_call(one, session_id, NOW) for session_id in gone))
        pieces = [piece for session_id in gone for piece in (session_id[:13], session_id[14:])]
        assert not found(tmp_path, *pieces)
        page = await store.calls(one, CallQuery(count=True), horizon())
        assert page.total == len(ids) - len(gone)
        for session_id in set(ids) - set(gone):
            assert (await store.read(one, session_id, horizon())).entries
        await store.close()

    asyncio.run(story())
    assert intact(tmp_path)


POINTS = [
    "deletion: noted",
    "deletion: frames gone",
    "deletion: day overwritten",
    "deletion: label gone",
    "deletion: catalogue overwritten",
    "deletion: done",
]
ACCOUNT_POINTS = ["deletion: slice noted", "deletion: names gone", *POINTS]


@pytest.mark.parametrize(
    ("what", "point"),
    [
        *(("call", point) for point in POINTS),
        *(("account", point) for point in ACCOUNT_POINTS if "label" not in point),
    ],
)
def test_a_kill_inside_a_deletion_is_finished_by_the_next_start(
    tmp_path: Path, what: str, point: str
) -> None:
    command = [sys.executable, "-m", "store.doomed", str(tmp_path), point, what]
    killed = subprocess.run(command, check=False, cwd=Path(__file__).parents[1])
    assert killed.returncode == 9

    async def story() -> None:
        store = await SqliteStore.open(tmp_path, append=True)
        kept = (await store.account("kept@example.com")).id
        assert (await store.read(kept, "kept session", horizon())).entries
        if what == "account":
            assert [account.email for account in await store.accounts()] == ["kept@example.com"]
        else:
            one = (await store.account("a@example.com")).id
            with pytest.raises(NoSuchCall):
                await store.read(one, "secret session", horizon())
            with pytest.raises(BeyondRetention, match="was deleted"):
                await store.append(one, batch(entry("secret session")), horizon())
        await store.close()

    asyncio.run(story())
    gone = [*SECRETS, *(["a@example.com"] if what == "account" else [])]
    assert found(tmp_path, *gone, *KEPT) == list(KEPT)


def test_a_sealing_in_flight_brings_nothing_back(tmp_path: Path) -> None:
    """The whole deletion happens between the moment the frame is built and the moment it would be written."""
    path = tmp_path / "catalogue.db"

    async def prepared() -> int:
        store = await SqliteStore.open(tmp_path, append=True)
        one = (await store.add_account("a@example.com", NOW)).id
        await store.append(one, batch(entry(line="a secret"), ended(), entry("y"), ended("y")), horizon())
        await store.close()
        return one

    one = asyncio.run(prepared())
    connect, days = partial(catalogue.connect, path), Days(tmp_path / "days")
    writer = Writer(partial(catalogue.connect_to_write, path))
    deletion = Deletion(connect, days, writer, lambda point: None)
    one_round = Round(horizon(DAY))

    def delete(point: str) -> None:
        if point == "sealing: frames built":
            writer.run_here(lambda connection: tombstones.bury(connection, one, "x", 0))
            deletion.finish()

    sealing = Sealing(tmp_path, days, writer, delete)
    while sealing.step(one_round):
        pass
    sealing.close()
    writer.close()
    days.close()
    assert found(tmp_path, "a secret", "y") == ["y"]
    ((frames,),) = apsw.Connection(str(next((tmp_path / "days").glob("*.db")))).execute(
        "SELECT count(*) FROM frame"
    )
    assert frames == 1


def test_it_waits_for_a_reader_that_holds_the_log(tmp_path: Path) -> None:
    async def story() -> None:
        store, one = await told(tmp_path)
        reader = apsw.Connection(str(tmp_path / "catalogue.db"))
        reader.execute("BEGIN; SELECT count(*) FROM call").fetchall()
        deleting = asyncio.create_task(store.delete_call(one, "secret session", NOW))
        while (await store.calls(one, CallQuery(count=True), horizon())).total == 2:
            assert not deleting.done()
        await store.append(one, batch(entry("kept session", seq=1)), horizon())
        with pytest.raises(StoreBusy, match="can no longer be read"):
            await asyncio.to_thread(residue.wipe, tmp_path / "catalogue.db", 0)
        assert not deleting.done()
        reader.execute("COMMIT")
        await deleting
        assert not found(tmp_path, *SECRETS)
        reader.close()
        await store.close()

    asyncio.run(story())


def test_a_damaged_day_fails_its_own_deletions_only_and_they_are_tried_again(tmp_path: Path) -> None:
    async def story() -> None:
        store, one = await told(tmp_path)
        await store.append(one, batch(entry("old"), ended("old", NOW - DAY)), horizon())
        await store.seal(horizon(DAY))
        await store.close()
        old = min((tmp_path / "days").glob("*.db"))
        whole = old.read_bytes()
        old.write_bytes(b"not a database" * 1000)
        store = await SqliteStore.open(tmp_path, append=True)
        with pytest.raises(StoreDamaged):
            await store.delete_call(one, "old", NOW)
        await store.delete_call(one, "secret session", NOW)
        with pytest.raises(StoreDamaged):
            await store.expire(horizon())
        old.write_bytes(whole)
        await store.expire(horizon())
        assert not found(tmp_path, *SECRETS)
        assert apsw.Connection(str(old)).execute("SELECT count(*) FROM frame").get == 0
        await store.close()

    asyncio.run(story())


@pytest.mark.parametrize("whole", [False, True])
def test_a_day_put_back_from_a_backup_brings_no_deleted_call_back(tmp_path: Path, whole: bool) -> None:
    """Nor one of an account that is gone as a whole; and a backup made of it before the start has neither."""
    folder, copy, later = tmp_path / "store", tmp_path / "copy", tmp_path / "later"

    async def story() -> None:
        store, one = await told(folder)
        await store.seal(horizon(DAY))
        await asyncio.to_thread(back_up, folder, copy, lambda done, total: None)
        if whole:
            await store.delete_account("a@example.com")
        else:
            await store.delete_call(one, "secret session", NOW)
        await store.close()
        for day in (folder / "days").glob("*.db"):
            shutil.copy(copy / "days" / day.name, day)
        assert found(folder, *SECRETS)
        await asyncio.to_thread(back_up, folder, later, lambda done, total: None)
        assert not found(later, *SECRETS)
        store = await SqliteStore.open(folder, append=True)
        await store.close()
        assert not found(folder, *SECRETS)
        assert bool(found(folder, *KEPT)) is not whole

    asyncio.run(story())
    assert not list(Doctor(folder, lambda done, total: None).findings())


def test_what_was_deleted_is_forgotten_with_its_day(tmp_path: Path) -> None:
    async def story() -> int:
        store, one = await told(tmp_path)
        await store.seal(horizon(DAY))
        await store.delete_call(one, "secret session", NOW)
        cleared = apsw.Connection(str(tmp_path / "catalogue.db")).execute("SELECT count(*) FROM cleared")
        assert cleared.get == 1
        await store.expire(horizon(9 * DAY))
        await store.close()
        return apsw.Connection(str(tmp_path / "catalogue.db")).execute("SELECT count(*) FROM cleared").get

    assert asyncio.run(story()) == 0


def test_while_a_backup_is_made_a_deletion_is_refused_whole(tmp_path: Path) -> None:
    async def story() -> None:
        store, one = await told(tmp_path)
        with files.backing_up(tmp_path):
            for deletion in (
                store.delete_call(one, "secret session", NOW),
                store.delete_account("a@example.com"),
            ):
                with pytest.raises(StoreBusy, match="backup is being made"):
                    await deletion
            assert (await store.read(one, "secret session", horizon())).entries
            assert (await store.account("a@example.com")).active
        await store.delete_account("a@example.com")
        await store.close()

    asyncio.run(story())


def test_a_label_goes_with_the_last_call_that_has_it(tmp_path: Path) -> None:
    async def story() -> None:
        store, one = await told(tmp_path)
        await doomed_call(store, one, "another session")
        await store.delete_call(one, "secret session", NOW)
        assert (await store.call(one, "another session", horizon())).application == "secret app"
        await store.delete_call(one, "another session", NOW)
        assert not found(tmp_path, "secret app", "1.0-secret")
        await doomed_call(store, one, "a third session")
        assert (await store.call(one, "a third session", horizon())).version == "1.0-secret"
        await store.close()

    asyncio.run(story())


def test_an_account_goes_with_its_calls_and_its_email_is_free(tmp_path: Path) -> None:
    async def story() -> None:
        store, one = await told(tmp_path)
        other = (await store.add_account("b@example.com", NOW)).id
        await store.append(
            other, batch(entry("secret session", line="theirs"), ended("secret session")), horizon()
        )
        for n in range(0, 1200, 400):
            await store.append(one, batch(*(ended(f"c{n + m}") for m in range(400))), horizon())
        await store.delete_call(one, "kept session", NOW)
        await store.delete_account("A@example.com")
        with pytest.raises(NoSuchAccount):
            await store.append(one, batch(entry()), horizon())
        connection = apsw.Connection(str(tmp_path / "catalogue.db"))
        for table in ("call", "chunk", "label", "tombstone", "deletion", "leaving", "developer_key"):
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()
            assert len(rows) == (1 if table in {"call", "chunk"} else 0), table
        connection.close()
        assert found(tmp_path, *(one for one in SECRETS if one != "secret session"), "a@example.com") == []
        assert (await store.add_account("a@example.com", NOW)).id > other
        await store.close()

    asyncio.run(story())
