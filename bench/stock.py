"""Built stores: generated calls, appended and sealed in process, kept for later runs.

A stock is named for all that makes its bytes: the generator, the shapes, the schema, the codec, what is
indexed and counted. Servers get a copy, so that it stays as it was built.
"""

import asyncio
import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import calls, shapes
from bench.calls import BASE_S, DAY_S, Traffic
from bench.machine import ON_SERVER_CORE
from ringlog import terms, walk
from ringlog.accounts import Accounts
from ringlog.config import Retention
from ringlog.store.sqlite.day import codec, compression, full_text, step_counts
from ringlog.store.sqlite.disk import catalogue
from ringlog.store.sqlite.index import call_index
from ringlog.store.sqlite.store import SqliteStore
from ringlog.wire.records import parse

EMAIL = "bench@example.com"
BUILT_US = (BASE_S + 30 * DAY_S) * 1_000_000
"""The building's clock."""
PORTION = 20_000
"""Calls between two sealings, so that the catalogue does not grow for what it gives back anyway."""
KEEP = Retention(0, 0)


def version() -> str:
    """Of what a stock's bytes depend on."""
    modules = (calls, shapes, codec, compression, call_index, full_text, step_counts, terms, walk)
    schema = (Path(catalogue.__file__).parents[1] / "schema").glob("*/*.sql")
    digest = hashlib.sha256()
    for path in [*(module.__file__ for module in modules), *sorted(schema)]:
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()[:12]


def stock(data: Path, traffic: Traffic) -> Path:
    """The folder of that stock, built if it is not there yet; its developer key lies beside the store."""
    folder = data / f"stock-{version()}-{traffic.calls}x{traffic.entries}"
    if not (folder / "key").exists():
        shutil.rmtree(folder, ignore_errors=True)
        begun = time.monotonic()
        arguments = [str(folder), str(traffic.calls), str(traffic.entries)]
        subprocess.run([*ON_SERVER_CORE, sys.executable, "-m", "bench.stock", *arguments], check=True)
        sys.stderr.write(f"built {folder.name} in {time.monotonic() - begun:.0f} s\n")
    return folder


@contextmanager
def copied(folder: Path) -> Generator[Path]:
    """A copy beside it, gone afterwards."""
    with TemporaryDirectory(dir=folder.parent, prefix="run-") as work:
        copy = Path(work) / "store"
        subprocess.run(["cp", "-r", "--reflink=auto", str(folder), str(copy)], check=True)
        yield copy


async def build(folder: Path, traffic: Traffic, *, seal: bool = True) -> None:
    """Writes `key` last: a stock without one is not whole."""
    store = await SqliteStore.open(folder, append=True)
    account, key = await Accounts(store, lambda: BUILT_US).add(EMAIL)
    horizon, later = KEEP.horizon(BUILT_US), KEEP.horizon(BUILT_US + 3600 * 1_000_000)
    try:
        for first in range(0, traffic.calls, PORTION):
            numbers = range(first, min(first + PORTION, traffic.calls))
            for body in traffic.bodies(5000, numbers):
                batch = parse(body, "application/x-ndjson", None, BUILT_US)
                await store.append(account.id, batch, horizon)
            if seal:
                await store.seal(later)
    finally:
        await store.close()
    (folder / "key").write_text(key)


if __name__ == "__main__":
    asyncio.run(build(Path(sys.argv[1]), Traffic(int(sys.argv[2]), int(sys.argv[3]))))
