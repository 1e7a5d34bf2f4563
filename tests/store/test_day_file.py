"""A Day's frames and terms: what is found, what is forgotten without a trace, what older versions left."""

import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from ringlog.model import Kind, StoredEntry, entry_text
from ringlog.store.sqlite.day.codec import pack_frame
from ringlog.store.sqlite.day.day_file import DayFile, SealedCall
from ringlog.store.sqlite.day.days import Days
from ringlog.store.sqlite.disk import catalogue
from ringlog.terms import VERSION, terms
from ringlog.walk import RULES

DAY = 20_000
ACCOUNT = 7


def call(n: int, *lines: str) -> SealedCall:
    data = {"module_type": "say", "result_variable": ""}
    texts = [entry_text(Kind.EVENT, line, data, 0) for line in lines]
    frame = pack_frame([StoredEntry("s", seq, 0, seq, text) for seq, text in enumerate(texts)])
    return SealedCall(DAY << 32 | n, (ACCOUNT, 0), len(lines), (None, None), frame, b",".join(texts))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[catalogue.Connection]:
    """A catalogue that knows calls 0 to 999 of the Day."""
    connection = catalogue.connect_to_write(tmp_path / "catalogue.db", create=True)
    catalogue.migrate(connection, "catalogue")
    columns = {row[1]: 0 for row in connection.rows("PRAGMA table_info(call)") if row[3]}
    rows = [columns | {"id": DAY << 32 | n, "account_id": ACCOUNT, "session_id": n} for n in range(1000)]
    insert = f"INSERT INTO call ({', '.join(rows[0])}) VALUES ({', '.join('?' * len(rows[0]))})"
    with catalogue.writing(connection):
        connection.run_many(insert, [list(row.values()) for row in rows])
    yield connection
    connection.close()


@contextmanager
def opened(folder: Path, index: catalogue.Connection) -> Iterator[DayFile]:
    (folder / "days").mkdir(exist_ok=True)
    with DayFile.opened(Days(folder / "days"), DAY, index) as file, file.writing():
        yield file


def path(folder: Path) -> Path:
    return Days(folder / "days").path(DAY)


def found(folder: Path) -> dict[str, set[int]]:
    """Calls by term; the index itself is checked first."""
    connection = apsw.Connection(str(path(folder)))
    connection.execute("INSERT INTO term (term) VALUES ('integrity-check')")
    connection.execute("CREATE VIRTUAL TABLE temp.stored USING fts5vocab(main, term, instance)")
    calls: defaultdict[str, set[int]] = defaultdict(set)
    for term, n in connection.execute("SELECT term, doc FROM temp.stored"):
        calls[term].add(n)
    connection.close()
    return dict(calls)


def expected(*calls: SealedCall) -> dict[str, set[int]]:
    wanted: defaultdict[str, set[int]] = defaultdict(set)
    for one in calls:
        lines = b" ".join(part.split(b'"')[0] for part in one.text.split(b'"line":"')[1:])
        for term in {*terms(lines.decode()), f"a:{ACCOUNT}", "m:say", "c:event"}:
            wanted[term].add(one.call_id & (2**32 - 1))
    return dict(wanted)


def test_any_replacing_and_forgetting_leaves_the_terms_of_what_is_there(
    tmp_path: Path, index: catalogue.Connection
) -> None:
    chance = random.Random(1)
    there: dict[int, SealedCall] = {}
    for first in range(0, 500, 50):
        with opened(tmp_path, index) as file:
            fresh = [
                call(n, *(f"w{chance.randrange(999)} 東{n}" for _ in range(5)))
                for n in range(first, first + 50)
            ]
            file.add(fresh)
            there |= {one.call_id: one for one in fresh}
            for call_id in chance.sample(sorted(there), 30):
                if chance.random() < 0.5:
                    assert file.forget(call_id, ACCOUNT)
                    del there[call_id]
                else:
                    there[call_id] = call(call_id & 0xFFFF, f"again w{chance.randrange(999)}")
                    file.replace([there[call_id]])
    assert found(tmp_path) == expected(*there.values())


@pytest.mark.parametrize("replaced", [False, True])
def test_what_is_forgotten_leaves_no_trace(
    tmp_path: Path, index: catalogue.Connection, *, replaced: bool
) -> None:
    # Terms are stored without the letters they share with the one before: nothing else begins like these.
    secrets = ["zyxomma", "qwertzu", "ŝekreta", "+44 (7946) 81305"]
    traces = [b"yxomma", b"wertzu", b"ekreta", b"4681305"]
    with opened(tmp_path, index) as file:
        file.add([call(n, f"line {n}", *(secrets if n == 500 else [])) for n in range(1000)])
    assert all(trace in path(tmp_path).read_bytes() for trace in traces)
    with opened(tmp_path, index) as file:
        if replaced:
            file.replace([call(500, "line 500")])
        else:
            file.forget(DAY << 32 | 500, ACCOUNT)
    left = b"".join(one.read_bytes() for one in (tmp_path / "days").iterdir())
    assert not [trace for trace in traces if trace in left]
    assert found(tmp_path) == expected(*(call(n, f"line {n}") for n in range(1000) if replaced or n != 500))


def test_forgetting_what_was_never_there(tmp_path: Path, index: catalogue.Connection) -> None:
    with opened(tmp_path, index) as file:
        assert not file.forget(DAY << 32, ACCOUNT)


def test_a_damaged_frame_is_forgotten_with_its_terms(tmp_path: Path, index: catalogue.Connection) -> None:
    with opened(tmp_path, index) as file:
        file.add([call(1, "one"), call(2, "two"), call(3, "zyxomma")])
    damage(tmp_path, "UPDATE frame SET frame = substr(frame, 1, 20) WHERE call_id & 3 = 3")
    with opened(tmp_path, index) as file:
        assert file.forget(DAY << 32 | 3, ACCOUNT)
    assert found(tmp_path) == expected(call(1, "one"), call(2, "two"))
    assert b"yxomma" not in path(tmp_path).read_bytes()


def damage(folder: Path, statement: str) -> None:
    connection = apsw.Connection(str(path(folder)))
    connection.execute(statement)
    connection.close()


def test_a_day_of_the_first_version_is_indexed_when_it_is_next_written(
    tmp_path: Path, index: catalogue.Connection
) -> None:
    path(tmp_path).parent.mkdir()
    old = catalogue.connect_to_write(path(tmp_path), create=True)
    old.run(catalogue.migrations("day")[0])
    old.run("PRAGMA user_version = 1")
    calls = [call(n, f"an old line {n}") for n in range(600)]
    for one in calls:
        old.run("INSERT INTO frame VALUES (?, ?, NULL, NULL, ?)", (one.call_id, one.arrival, one.frame))
    old.close()
    with opened(tmp_path, index) as file:
        file.add([call(600, "a new line")])
        assert file.versions() == (VERSION, RULES)
    assert found(tmp_path) == expected(*calls, call(600, "a new line"))


def test_terms_of_another_version_are_made_anew(tmp_path: Path, index: catalogue.Connection) -> None:
    with opened(tmp_path, index) as file:
        file.add([call(1, "one"), call(2, "two")])
    damage(tmp_path, "UPDATE term_version SET version = 'another'")
    damage(tmp_path, "INSERT INTO term (rowid, words, facets) VALUES (1, 'stale', 'a:7')")
    with opened(tmp_path, index) as file:
        assert file.forget(DAY << 32 | 2, ACCOUNT)
    assert found(tmp_path) == expected(call(1, "one"))


def test_a_call_that_the_index_no_longer_knows_has_no_terms(
    tmp_path: Path, index: catalogue.Connection
) -> None:
    with opened(tmp_path, index) as file:
        file.add([call(1, "one"), call(1001, "orphan")])
        file.make_anew()
    assert found(tmp_path) == expected(call(1, "one"))
