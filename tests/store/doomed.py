"""A process that dies at a named point: python -m store.doomed FOLDER POINT, in tests/."""

import asyncio
import os
import sys
from pathlib import Path

from ringlog.model import Kind
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon


def die_at(point: str, doom: str) -> None:
    if point == doom:
        os._exit(9)


async def main(folder: Path, doom: str) -> None:
    store = await SqliteStore.open(folder, append=True, reached=lambda point: die_at(point, doom))
    one = (await store.add_account("a@example.com", NOW)).id
    lines = [entry(seq=n, kind=Kind.ERROR, line=f"a line that goes {n}") for n in range(3)]
    await store.append(one, batch(*lines[:2], ended()), horizon())
    if doom.startswith("sealing"):
        await store.append(one, batch(lines[2]), horizon())
    await store.seal(horizon(DAY))
    await store.append(one, batch(entry("unsealed", kind=Kind.ERROR, line="a line that goes")), horizon())
    await store.expire(horizon(7 * DAY))


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
