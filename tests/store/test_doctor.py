"""`doctor`: every kind of damage is found and named, and nothing is found where all is well."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from ringlog.errors import ConfigurationFault, StoreDamaged
from ringlog.model import Kind
from ringlog.store.sqlite.doctor.doctor import Doctor
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon

Damage = Callable[[Path, Path], None]
"""Given the store's folder and its Day's file."""


async def _fill(folder: Path) -> None:
    """A sealed call, one sealed with a late entry, one that runs."""
    store = await SqliteStore.open(folder, append=True)
    one = (await store.add_account("a@example.com", NOW)).id
    for name in ("sealed", "late"):
        lines = [entry(name, seq=seq, kind=Kind.ERROR, time_us=NOW + seq) for seq in range(3)]
        await store.append(one, batch(*lines, ended(name)), horizon())
    await store.seal(horizon(DAY))
    await store.append(one, batch(entry("late", seq=3), entry("runs")), horizon(DAY))
    await store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    asyncio.run(_fill(tmp_path / "store"))
    return tmp_path / "store"


def findings(folder: Path) -> list[str]:
    return list(Doctor(folder, lambda done, total: None).findings())


def run(file: Path, statement: str) -> None:
    connection = apsw.Connection(str(file))
    connection.execute(statement)
    connection.close()


def in_catalogue(statement: str) -> Damage:
    return lambda folder, day: run(folder / "catalogue.db", statement)


def in_day(statement: str) -> Damage:
    return lambda folder, day: run(day, statement)


def flipped(file: Path, page: int) -> None:
    """A page of the file is zeros."""
    with file.open("r+b") as opened:
        opened.seek(4096 * (page - 1))
        opened.write(bytes(4096))


SEALED = "(SELECT id FROM call WHERE session_id = 'sealed')"
RESTORE = "stop the server and put this file of the last backup in its place."
TAKE_OUT = "INSERT INTO term (term, rowid, words, facets)"
PUT_IN = "INSERT INTO term (rowid, words, facets)"
N = "(SELECT min(call_id) & 0xffffffff FROM frame)"
WORDS, FACETS = "'s 0 1 2'", "'a:1 c:error m:m'"
UNINDEXED = "DAY: its full-text index is not that of its calls."
DAMAGES: dict[str, tuple[Damage, list[str]]] = {
    "a row of an index is gone": (
        in_catalogue("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'call_list'"),
        ["CATALOGUE is damaged, says SQLite: Page "],
    ),
    "garbage": (lambda _, day: void(day.write_bytes(b"garbage" * 999)), [f"DAY cannot be read: {RESTORE}"]),
    "missing": (lambda _, day: day.unlink(), [f"DAY is missing: {RESTORE}"]),
    "a page of the Day": (lambda _, day: flipped(day, 3), ["DAY is damaged, says SQLite: ", "DAY cannot be"]),
    "no frame": (
        in_day("DELETE FROM frame WHERE call_id = (SELECT min(call_id) FROM frame)"),
        [
            UNINDEXED,
            "DAY: its counts of where callers leave are not those of its calls.",
            "DAY: sealed entries of call 'sealed' are missing.",
        ],
    ),
    "an old frame": (
        in_day("UPDATE frame SET arrival = 1 WHERE call_id = (SELECT min(call_id) FROM frame)"),
        ["DAY: sealed entries of call 'sealed' are missing."],
    ),
    "a cut frame": (
        in_day(
            "UPDATE frame SET frame = substr(frame, 1, 9) WHERE call_id = (SELECT min(call_id) FROM frame)"
        ),
        ["DAY: entries of call 'sealed' cannot be read."],
    ),
    "a cut chunk": (
        in_catalogue("UPDATE chunk SET text = substr(text, 1, 9) WHERE id = (SELECT max(id) FROM chunk)"),
        ["CATALOGUE: entries of call 'runs' cannot be read."],
    ),
    "a frame of nobody": (
        in_catalogue("DELETE FROM call WHERE session_id = 'sealed'"),
        ["DAY: it holds 1 call that the catalogue does not know."],
    ),
    "chunks of nobody": (
        in_catalogue("DELETE FROM call WHERE session_id = 'runs'"),
        ["CATALOGUE: 1 group of entries of no call."],
    ),
    "chunks gone": (
        in_catalogue("DELETE FROM chunk WHERE call_id = (SELECT id FROM call WHERE session_id = 'late')"),
        [
            "CATALOGUE: call 'late' should have 4 entries and has 3.",
            "CATALOGUE: call 'late' should have 447 bytes of entries and has 336.",
        ],
    ),
    "errors": (
        in_catalogue("UPDATE call SET errors = 2 WHERE session_id = 'sealed'"),
        ["CATALOGUE: call 'sealed' should have 2 errors and has 3."],
    ),
    "times": (
        in_catalogue("UPDATE call SET last_after_us = last_after_us + 1 WHERE session_id = 'runs'"),
        ["CATALOGUE: call 'runs' names another time of its last entry than that has."],
    ),
    "arrivals": (
        in_catalogue("UPDATE call SET skipped = -1 WHERE session_id = 'runs'"),
        ["CATALOGUE: call 'runs' has an entry whose arrival number is still to come."],
    ),
    "steps": (
        in_day("UPDATE steps SET reached = reached + 1"),
        ["DAY: its counts of where callers leave are not those of its calls."],
    ),
    "moves": (
        in_day("INSERT INTO moves VALUES (1, 0, 'one', 'other', 1)"),
        ["DAY: its counts of where callers leave are not those of its calls."],
    ),
    "no index": (in_day("INSERT INTO term (term) VALUES ('delete-all')"), [UNINDEXED]),
    "a call that is not in the index": (
        in_day(f"{TAKE_OUT} VALUES ('delete', {N}, {WORDS}, {FACETS})"),
        [UNINDEXED],
    ),
    "a word that is not in the index": (in_day(f"{TAKE_OUT} VALUES ('delete', {N}, 's', '')"), [UNINDEXED]),
    "a call in the index that is not there": (in_day(f"{PUT_IN} VALUES (99, 's', 'a:1')"), [UNINDEXED]),
    "a newer Day": (in_day("PRAGMA user_version = 99"), ["DAY was made by a newer Ringlog: use that one."]),
    "a newer Day of other tables": (
        in_day("ALTER TABLE frame RENAME TO f; DROP TABLE steps; PRAGMA user_version = 99"),
        ["DAY was made by a newer Ringlog: use that one."],
    ),
    "an id that no date has": (
        in_day("UPDATE frame SET call_id = 1 << 62 WHERE call_id = (SELECT max(call_id) FROM frame)"),
        [UNINDEXED, "DAY: sealed entries of call 'late' are missing."],
    ),
    "no Day": (
        in_catalogue("DELETE FROM day"),
        ["CATALOGUE: 3 calls of Days that it does not know.", "DAY is the file of no Day that"],
    ),
    "leftovers": (
        lambda folder, day: void((folder / "core").touch(), (folder / "days" / "1999-01-01.db").touch()),
        ["FOLDER/core is none of Ringlog's files.", "FOLDER/days/1999-01-01.db is the file of no Day that"],
    ),
    "marked": (
        in_catalogue("UPDATE day SET state = 1"),
        ["DAY was being dropped when the server ended: its next start finishes that."],
    ),
    "a garbage catalogue": (
        lambda folder, _: void((folder / "catalogue.db").write_bytes(b"garbage" * 999)),
        ["CATALOGUE cannot be read: stop the server and restore the last backup as a whole"],
    ),
}


def void(*_: object) -> None: ...


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named(folder: Path, damage: str) -> None:
    (day,) = (folder / "days").glob("*.db")
    break_it, expected = DAMAGES[damage]
    break_it(folder, day)
    said = "\n".join(findings(folder))
    for word, name in {"CATALOGUE": folder / "catalogue.db", "DAY": day, "FOLDER": folder}.items():
        said = said.replace(str(name), word)
    found = said.splitlines()
    assert len(found) == len(expected), found
    for sentence, start in zip(found, expected, strict=True):
        assert sentence.startswith(start), sentence


def test_all_is_well_and_stays_as_it_is(folder: Path) -> None:
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    patient = Doctor(folder, lambda done, total: None)
    assert list(patient.findings()) == []
    assert (patient.calls, patient.days) == (3, 1)
    after = {file: file.read_bytes() for file in folder.rglob("*.db")}
    assert after == {file: data for file, data in before.items() if file in after}


def test_stores_of_other_versions_and_none(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationFault, match="no store"):
        findings(tmp_path)
    for version, error, sentence in (
        (99, ConfigurationFault, rf"^{folder}/catalogue\.db was made by a newer Ringlog: use that one\.$"),
        (1, ConfigurationFault, "older Ringlog: let this one serve it"),
        (0, StoreDamaged, "cannot be read: stop the server and restore"),
    ):
        run(folder / "catalogue.db", f"PRAGMA user_version = {version}")
        with pytest.raises(error, match=sentence):
            findings(folder)


def test_nothing_is_wrong_beside_a_process_that_appends_and_seals_nor_after_its_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "store.appender", str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    ) as process:
        assert process.stdout
        for count, _ in enumerate(process.stdout):
            if count % 200 == 199:
                assert findings(tmp_path) == []
            if count == 2000:
                process.kill()
    assert any((tmp_path / "days").iterdir())
    assert findings(tmp_path) == []
