"""Searching while calls come, are sealed and go, in Days that are not as they should be, and in no time."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import apsw
import pytest

from ringlog.call_log import CallLog
from ringlog.config import Retention
from ringlog.model import CallPage, CallQuery, Place
from ringlog.store.sqlite.calls.searching import SEALED_S, UNSEALED_S
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon
from .searched import all_of, found, ids, say, tell

# -- what happens meanwhile ------------------------------------------------------------------------------


def test_pages_stand_still_while_calls_come_and_are_sealed(tmp_path: Path) -> None:
    async def story(store: SqliteStore, one: int) -> None:
        for n in range(10):
            await say(store, one, f"c{n}", at=NOW - n % 2 * DAY)
        names: list[str] = []
        after: Place | None = None
        for turn in range(5):
            page = await store.calls(one, CallQuery(text="hello", limit=2, after=after), horizon(DAY))
            names += ids(page)
            after = page.next
            assert (after is None) == (turn == 4)
            if turn % 2:
                await store.seal(horizon(DAY))
            await say(store, one, f"new {turn}")
        assert names == ["c8", "c6", "c4", "c2", "c0", "c9", "c7", "c5", "c3", "c1"]

    tell(tmp_path, story)


def test_a_call_being_sealed_is_found_once(tmp_path: Path) -> None:
    at: dict[str, list[list[str]]] = {}

    def reached(point: str) -> None:
        if point.startswith("sealing"):
            pages = [found(tmp_path, 1, CallQuery(text=text, limit=50)) for text in ("hello", "hello more")]
            at.setdefault(point, []).extend(sorted(ids(page)) for page in pages)

    async def story(store: SqliteStore, one: int) -> None:
        await say(store, one, "a", "b", "c")
        await store.seal(horizon(DAY))
        await store.append(one, batch(entry("b", seq=1, line="more")), horizon())
        await say(store, one, "d")
        await store.seal(horizon(DAY))

    tell(tmp_path, story, reached=reached)
    assert {"sealing: frames built", "sealing: frames committed", "sealing: chunks dropped"} <= at.keys()
    for point in ("sealing: frames built", "sealing: frames committed", "sealing: chunks dropped"):
        assert at[point] == [["a", "b", "c"], [], ["a", "b", "c", "d"], ["b"]]


def test_what_a_private_entry_hid_is_never_found(tmp_path: Path) -> None:
    async def story(store: SqliteStore, one: int) -> None:
        log = CallLog(store, Retention(), lambda: NOW + DAY)
        secret = entry(line="User input: 4711 swordfish")._replace(private=True)
        await log.append(one, batch(secret, ended()))
        for _ in (0, 1):
            for text in ("4711", "swordfish", '"input: 4711"'):
                assert not (await log.calls(one, CallQuery(text=text))).calls
            (call,) = (await log.calls(one, CallQuery(text="user input"))).calls
            assert call.found == "User input: ••••"
            await log.seal()

    tell(tmp_path, story)


def test_what_was_deleted_or_is_too_old_is_not_found(tmp_path: Path) -> None:
    async def story(store: SqliteStore, one: int) -> None:
        async def names(days: int = 1) -> list[str]:
            return ids(await store.calls(one, CallQuery(text="hello"), horizon(days * DAY)))

        for sealing in (True, False):
            await say(store, one, f"x{sealing}", f"y{sealing}")
            if sealing:
                await store.seal(horizon(DAY))
        assert await names() == ["yFalse", "xFalse", "yTrue", "xTrue"]
        await store.delete_call(one, "yTrue", NOW)
        await store.delete_call(one, "yFalse", NOW)
        assert await names() == ["xFalse", "xTrue"]
        assert await names(6) == []
        await store.expire(horizon(6 * DAY))
        assert await names() == []

    tell(tmp_path, story)


# -- Days that are not as they should be -----------------------------------------------------------------

OLDER = {
    "another version": "UPDATE term_version SET version = '0'; INSERT INTO term (term) VALUES ('delete-all')",
    "no terms made": "DELETE FROM term_version",
    "no index": "DROP TABLE term; DROP TABLE term_version; PRAGMA user_version = 1",
}


@pytest.mark.parametrize("change", OLDER.values(), ids=OLDER)
def test_a_day_without_terms_of_this_version_is_searched_call_by_call(tmp_path: Path, change: str) -> None:
    async def story(store: SqliteStore, one: int) -> None:
        two = (await store.add_account("b@example.com", NOW)).id
        for n in range(200):
            await say(store, one if n % 2 else two, f"c{n}", at=NOW - n % 4 * DAY, line=f"hello w{n % 6}")
        await store.seal(horizon(DAY))

    tell(tmp_path, story)
    for path in list((tmp_path / "days").glob("*.db"))[:3]:
        connection = apsw.Connection(str(path))
        connection.execute(change)
        connection.close()
    ticks = iter(range(10**6))

    def search(clock: Callable[[], float], after: Place | None) -> CallPage:
        return found(tmp_path, 1, CallQuery(text="W3 hello", limit=7, after=after), clock)

    for clock in (lambda: 0, lambda: next(ticks) / 10):
        names = all_of(partial(search, clock))
        assert sorted(names) == sorted(f"c{n}" for n in range(200) if n % 2 and n % 6 == 3)


@pytest.mark.parametrize("damage", ["lost", "garbage", "frames"])
def test_a_broken_day_hides_no_other(tmp_path: Path, damage: str) -> None:
    async def story(store: SqliteStore, one: int) -> None:
        await say(store, one, "old", at=NOW - DAY)
        await say(store, one, "new")
        await store.seal(horizon(DAY))

    tell(tmp_path, story)
    broken = max((tmp_path / "days").glob("*.db"))
    if damage == "frames":
        connection = apsw.Connection(str(broken))
        connection.execute("UPDATE frame SET frame = x'00'")
        connection.close()
    else:
        for path in (tmp_path / "days").glob(f"{broken.name}*"):
            path.unlink()
        if damage == "garbage":
            broken.write_bytes(b"no database " * 1000)
    page = found(tmp_path, 1, CallQuery(text="hello"))
    assert (ids(page), page.complete) == (["old"], False)


# -- time ------------------------------------------------------------------------------------------------


def test_unsealed_calls_take_no_more_than_their_time_and_sealed_ones_are_found_all_the_same(
    tmp_path: Path,
) -> None:
    async def story(store: SqliteStore, one: int) -> None:
        await say(store, one, *(f"s{n}" for n in range(10)), at=NOW - DAY)
        await store.seal(horizon(DAY))
        await say(store, one, *(f"u{n}" for n in range(10)))

    tell(tmp_path, story)
    ticks = iter(range(1000))
    page = found(tmp_path, 1, CallQuery(text="hello"), lambda: next(ticks) * UNSEALED_S / 3.5)
    assert ids(page)[:4] == ["u9", "u8", "u7", "u6"]
    assert ids(page)[4:7] == ["s9", "s8", "s7"]
    assert not page.complete
    assert found(tmp_path, 1, CallQuery(text="hello")).complete


def test_pages_cut_by_time_join_to_the_whole(tmp_path: Path) -> None:
    async def story(store: SqliteStore, one: int) -> None:
        for n in range(60):
            await say(
                store, one, f"c{n}", at=NOW - n % 3 * DAY, line="hello there" if n % 5 else "there, hello"
            )
        await store.seal(horizon(DAY))
        # Not sealed, and older than all that a page has time for.
        await say(store, one, "old", at=NOW - 3 * DAY, line="hello there")

    tell(tmp_path, story)
    ticks = iter(range(10**6))
    pages: list[CallPage] = []

    def search(after: Place | None) -> CallPage:
        query = CallQuery(text='"hello there"', limit=10, after=after)
        pages.append(found(tmp_path, 1, query, lambda: next(ticks) * SEALED_S / 7.5))
        return pages[-1]

    names = all_of(search)
    assert names[-1] == "old"
    assert sorted(names) == sorted(["old", *(f"c{n}" for n in range(60) if n % 5)])
    assert all(len(page.calls) <= 8 for page in pages)
    assert all(page.complete for page in pages)
