"""Bytes per entry of a sealed store after a clean stop: by file, table, index and column."""

from collections.abc import Iterator
from pathlib import Path

from bench.calls import Traffic
from bench.figures import Figure
from bench.settings import Settings
from bench.stock import stock
from ringlog.store.sqlite import catalogue
from ringlog.store.sqlite.catalogue import Connection

INTEGER = "CASE WHEN {0} IN (0, 1) THEN 0 WHEN abs({0}) < 128 THEN 1 WHEN abs({0}) < 32768 THEN 2 "
INTEGER += "WHEN abs({0}) < 8388608 THEN 3 WHEN abs({0}) < 2147483648 THEN 4 "
INTEGER += "WHEN abs({0}) < 140737488355328 THEN 6 ELSE 8 END"


def run(settings: Settings) -> Iterator[Figure]:
    traffic = Traffic(settings.calls)
    folder = stock(settings.data, traffic)
    entries = traffic.calls * traffic.entries
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in {"key", "lock"}]
    full_text = sum(size for path in files for name, size in objects(path).items() if "term" in name)
    everything = sum(path.stat().st_size for path in files)
    days = sum(path.stat().st_size for path in files if path.parent.name == "days")
    of = f"of {entries:,} entries"
    yield Figure("size-days", "B/entry", [(days - full_text) / entries], note=of)
    yield Figure("size-without-index", "B/entry", [(everything - full_text) / entries], note=of)
    yield Figure("size-all", "B/entry", [everything / entries], note=_taken_apart(folder, entries))


def objects(path: Path) -> dict[str, int]:
    """Bytes of each table and index of a database."""
    if path.suffix != ".db":
        return {}
    connection = catalogue.connect(path)
    try:
        return dict(connection.rows("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))  # type: ignore[arg-type]
    finally:
        connection.close()


def _taken_apart(folder: Path, entries: int) -> str:
    """Each table and index, then each column of the call index, in bytes per entry."""
    total: dict[str, int] = {}
    for path in folder.rglob("*.db"):
        for name, size in objects(path).items():
            total[name] = total.get(name, 0) + size
    largest = sorted(total.items(), key=lambda one: -one[1])
    parts = [f"{name} {size / entries:.2f}" for name, size in largest if size / entries >= 0.01]
    connection = catalogue.connect(folder / "catalogue.db")
    columns = sorted(_columns(connection).items(), key=lambda one: -one[1])
    connection.close()
    return f"{', '.join(parts)}; call by column: " + ", ".join(
        f"{name} {size / entries:.2f}" for name, size in columns if size
    )


def _columns(connection: Connection) -> dict[str, int]:
    """Of the call index, without headers; the id is the row's key."""
    names = [row[1] for row in connection.rows("PRAGMA table_info(call)") if row[1] != "id"]
    sizes = [
        f"sum(CASE typeof({name}) WHEN 'integer' THEN {INTEGER.format(name)} WHEN 'null' THEN 0 "
        f"ELSE length(CAST({name} AS BLOB)) END)"
        for name in names
    ]
    return dict(zip(names, connection.rows(f"SELECT {', '.join(sizes)} FROM call")[0], strict=True))
