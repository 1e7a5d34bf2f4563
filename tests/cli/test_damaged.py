"""A damaged store: every command names the file, and says what to do."""

import asyncio
import time
from pathlib import Path

import apsw
import pytest

from ringlog.config import Retention
from ringlog.model import MICROSECONDS
from ringlog.store.sqlite.store import SqliteStore
from tests.cli.conftest import Ringlog
from tests.store.records import DAY, batch, ended, entry

NOW = int(time.time()) * MICROSECONDS
PAGE = 4096
COMMANDS = ("backup DEST", "export", "show call-7", "calls", "calls --text line")
COPY = "stop the server and put this file of the last backup in its place"
RESTORE = "stop the server and restore the last backup as a whole, catalogue and days"


async def fill(folder: Path) -> None:
    """300 sealed calls of one Day, which takes many pages, and one whose entries are in the catalogue."""
    store = await SqliteStore.open(folder, append=True)
    one = (await store.account("ann@example.com")).id
    for number in range(300):
        name, at = f"call-{number}", NOW - DAY + number
        lines = [entry(name, seq=seq, time_us=at, line=f"line {number} {seq}") for seq in range(9)]
        await store.append(one, batch(*lines, ended(name, at)), Retention().horizon(NOW))
    await store.seal(Retention().horizon(NOW + DAY))
    await store.append(one, batch(entry("fresh", time_us=NOW)), Retention().horizon(NOW))
    await store.close()


@pytest.fixture
def folder(ringlog: Ringlog, tmp_path: Path) -> Path:
    """The store that `ringlog` works on."""
    del ringlog
    asyncio.run(fill(tmp_path / "store"))
    return tmp_path / "store"


def day_of(folder: Path) -> Path:
    (day,) = (folder / "days").glob("*.db")
    return day


def spoil(file: Path, page: int) -> None:
    with file.open("r+b") as opened:
        opened.seek((page - 1) * PAGE)
        opened.write(b"\xff" * PAGE)


def another_database(file: Path) -> None:
    file.unlink()
    with apsw.Connection(str(file)) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()


def said(ringlog: Ringlog, command: str, dest: Path) -> str:
    arguments = command.replace("DEST", str(dest)).split()
    return ringlog(*arguments)[2].removesuffix("\n")


@pytest.mark.parametrize("command", ["backup DEST", "export", "show call-7"])
@pytest.mark.parametrize("damage", ["middle", "another database"])
def test_a_damaged_day_is_named(
    ringlog: Ringlog, folder: Path, tmp_path: Path, command: str, damage: str
) -> None:
    day = day_of(folder)
    if damage == "middle":
        spoil(day, root(day, "frame"))
    else:
        another_database(day)
    assert said(ringlog, command, tmp_path / "dest") == f"ringlog: {day} cannot be read: {COPY}."
    assert not (tmp_path / "dest").exists()


@pytest.mark.parametrize("command", ["backup DEST", "export", "show call-7", "doctor"])
def test_a_newer_day_is_called_so(ringlog: Ringlog, folder: Path, tmp_path: Path, command: str) -> None:
    day = day_of(folder)
    with apsw.Connection(str(day)) as newer:
        newer.execute("ALTER TABLE frame RENAME COLUMN frame TO packed; PRAGMA user_version = 99")
    newer.close()
    code, out, err = ringlog(*command.replace("DEST", str(tmp_path / "dest")).split())
    sentence = f"{day} was made by a newer Ringlog: use that one.\n"
    assert code == 1
    assert (out if command == "doctor" else err.removeprefix("ringlog: ")) == sentence
    assert not (tmp_path / "dest").exists()


def test_a_search_says_that_a_damaged_day_could_not_be_searched(ringlog: Ringlog, folder: Path) -> None:
    spoil(day_of(folder), root(day_of(folder), "term_data"))
    code, out, err = ringlog("calls", "--text", "line")
    assert (code, err) == (0, "")
    assert "because they cannot be read" in out


@pytest.mark.parametrize("command", COMMANDS)
def test_a_catalogue_damaged_in_its_middle_is_named(
    ringlog: Ringlog, folder: Path, tmp_path: Path, command: str
) -> None:
    catalogue = folder / "catalogue.db"
    spoil(catalogue, root(catalogue, "call"))
    assert said(ringlog, command, tmp_path / "dest") == f"ringlog: {catalogue} cannot be read: {RESTORE}."
    assert not (tmp_path / "dest").exists()


def root(file: Path, table: str) -> int:
    """Its first page."""
    with apsw.Connection(str(file)) as connection:
        rows = list(connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)))
    connection.close()
    return rows[0][0]


def test_no_backup_is_made_of_pages_that_nothing_else_reads(
    ringlog: Ringlog, folder: Path, tmp_path: Path
) -> None:
    """Of an index that only the list of calls goes by."""
    catalogue = folder / "catalogue.db"
    spoil(catalogue, root(catalogue, "call_list"))
    dest = tmp_path / "dest"
    assert said(ringlog, "backup DEST", dest) == f"ringlog: {catalogue} cannot be read: {RESTORE}."
    assert not dest.exists()


@pytest.mark.parametrize("command", [*COMMANDS, "doctor", "serve", "account list", "expire"])
def test_a_catalogue_that_is_gone_is_missed(
    ringlog: Ringlog, folder: Path, tmp_path: Path, command: str
) -> None:
    catalogue = folder / "catalogue.db"
    catalogue.unlink()
    before = sorted(folder.rglob("*"))
    assert said(ringlog, command, tmp_path / "dest") == f"ringlog: {catalogue} is missing: {RESTORE}."
    assert not (tmp_path / "dest").exists()
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("command", ["show fresh", "export --session fresh"])
def test_entries_that_cannot_be_taken_apart_are_the_catalogues(
    ringlog: Ringlog, folder: Path, tmp_path: Path, command: str
) -> None:
    catalogue = folder / "catalogue.db"
    with apsw.Connection(str(catalogue)) as connection:
        connection.execute("UPDATE chunk SET meta = x'0101'")
    connection.close()
    assert said(ringlog, command, tmp_path) == f"ringlog: {catalogue} cannot be read: {RESTORE}."
