"""What SQLite leaves behind where rows moved from page to page, and that it does not come back."""

import random
from pathlib import Path

import apsw
import pytest

from ringlog.store.sqlite.disk.catalogue import Connection, connect_to_write
from ringlog.store.sqlite.dropping import residue

ROWS = 4000


def moved(connection: Connection) -> None:
    """Rows in no order of their keys, a fifth of them deleted again."""
    chance = random.Random(7)
    connection.run("CREATE TABLE kept (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, text TEXT NOT NULL)")
    with connection:
        for n, row in enumerate(chance.sample(range(2**40), ROWS)):
            text = "stays" if n % 5 else "goes"
            connection.run("INSERT INTO kept VALUES (?, 1, ?)", (row, text * chance.randint(1, 200)))
    connection.run("DELETE FROM kept WHERE text LIKE 'goes%'")


def left(path: Path) -> bool:
    return b"goes" in path.read_bytes() + path.with_name(path.name + "-wal").read_bytes()


@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_nothing_is_left_and_a_connection_that_remembers_brings_nothing_back(
    tmp_path: Path, page_size: int
) -> None:
    path = tmp_path / "x.db"
    apsw.Connection(str(path)).execute(f"PRAGMA page_size = {page_size}; PRAGMA auto_vacuum = 2; VACUUM")
    warm = connect_to_write(path)
    moved(warm)
    warm.run("PRAGMA wal_checkpoint(TRUNCATE)")
    assert left(path), "SQLite left nothing: this test shows nothing"
    warm.rows("SELECT sum(length(text)) FROM kept")
    residue.wipe(path)
    assert not left(path)
    warm.run("UPDATE kept SET n = 2")
    warm.run("PRAGMA wal_checkpoint(TRUNCATE)")
    assert not left(path)
    assert warm.rows("PRAGMA integrity_check") == [("ok",)]
    assert warm.rows("SELECT count(*) FROM kept") == [(ROWS * 4 // 5,)]
    warm.close()
