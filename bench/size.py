"""Bytes per entry of a sealed store after a clean stop: by file, table, index and column."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.calls import Traffic
from bench.figures import Figure
from bench.settings import Settings
from bench.stock import stock
from ringlog.store.sqlite.disk import catalogue
from ringlog.store.sqlite.disk.catalogue import Connection

# Of a value as SQLite stores it, without its byte in the row's head.
BYTES = "CASE typeof({0}) WHEN 'null' THEN 0 WHEN 'real' THEN 8 WHEN 'integer' THEN CASE "
BYTES += "WHEN {0} IN (0, 1) THEN 0 WHEN abs({0}) < 128 THEN 1 WHEN abs({0}) < 32768 THEN 2 "
BYTES += "WHEN abs({0}) < 8388608 THEN 3 WHEN abs({0}) < 2147483648 THEN 4 "
BYTES += "WHEN abs({0}) < 140737488355328 THEN 6 ELSE 8 END ELSE length(CAST({0} AS BLOB)) END"
HEADS = "heads, keys and room"

FULL_TEXT = "term"
"""What the tables of the full-text index begin with."""


def run(settings: Settings) -> Iterator[Figure]:
    traffic = Traffic(settings.calls)
    folder = stock(settings.data, traffic)
    entries = traffic.calls * traffic.entries
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in {"key", "lock"}]
    found = taken_apart([path for path in files if path.suffix == ".db"])
    full_text = sum(sum(found[name].values()) for name in found if name.startswith(FULL_TEXT))
    everything = sum(path.stat().st_size for path in files)
    days = sum(path.stat().st_size for path in files if path.parent.name == "days")
    of = f"of {entries:,} entries"
    yield Figure("size-days", "B/entry", [(days - full_text) / entries], note=of)
    yield Figure("size-without-index", "B/entry", [(everything - full_text) / entries], note=of)
    yield Figure("size-all", "B/entry", [everything / entries], note="\n".join([of, *told(found, entries)]))


Parts = dict[str, Counter[str]]
"""Bytes of each column, by table and index."""


def told(found: Parts, entries: int) -> Iterator[str]:
    """A line for each table and index, in bytes per entry, the largest first."""
    for name, columns in sorted(found.items(), key=lambda one: -sum(one[1].values())):
        if (whole := sum(columns.values()) / entries) >= 0.01:
            shares = [f"{column} {size / entries:.2f}" for column, size in columns.most_common()]
            yield f"      {name} {whole:.2f}: {', '.join(one for one in shares if not one.endswith(' 0.00'))}"


def taken_apart(paths: list[Path]) -> Parts:
    """Of all these databases together."""
    found: Parts = {}
    for path in paths:
        connection = catalogue.connect(path)
        for name, columns in _objects(connection).items():
            found.setdefault(name, Counter()).update(columns)
        connection.close()
    return found


def _objects(connection: Connection) -> Parts:
    """Each table and index; what is in no column is the heads of rows and pages, keys, and room."""
    found: Parts = {}
    tables = dict(connection.rows("SELECT name, tbl_name FROM sqlite_schema"))  # type: ignore[arg-type] - rows are tuples of any length
    sizes = connection.rows("SELECT name, sum(pgsize) FROM dbstat GROUP BY name")
    for name, size in sizes:
        columns = _columns(connection, name, tables.get(name, name))
        found[name] = Counter({**columns, HEADS: size - sum(columns.values())})
    return found


def _columns(connection: Connection, name: str, table: str) -> dict[str, int]:
    """Bytes of an index's columns or of a table's; a table's rowid is a key and no column."""
    if name == table:
        names = _stored(connection.rows(f"PRAGMA table_info({name})"))
    else:
        names = [row[2] or "rowid" for row in connection.rows(f"PRAGMA index_xinfo({name})")]
    if not names:
        return {}
    sums = ", ".join(f"ifnull(sum({BYTES.format(name)}), 0)" for name in names)
    return dict(zip(names, connection.rows(f"SELECT {sums} FROM {table}")[0], strict=True))


def _stored(info: list[tuple[object, ...]]) -> list[str]:
    keys = [row for row in info if row[5]]
    rowid = keys[0][1] if len(keys) == 1 and keys[0][2] == "INTEGER" else None
    return [str(row[1]) for row in info if row[1] != rowid]
