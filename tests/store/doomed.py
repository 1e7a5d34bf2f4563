"""A process that dies at a named point: python -m store.doomed FOLDER POINT, in tests/."""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

from ringlog.model import Kind
from ringlog.store.base import Store
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon

SECRETS = (
    "secret session", "sealed secret", "late secret", "unsealed secret", "secret app", "1.0-secret",
    "sip:secret", "secret source",
)  # fmt: skip
"""What stands nowhere after `doomed_call` was deleted."""
KEPT = ("kept session", "kept line", "a common app")


def die_at(point: str, doom: str) -> None:
    if point == doom:
        os._exit(9)


async def doomed_call(store: Store, one: int, session_id: str = "secret session") -> None:
    """A call that stands in its Day, and in chunks behind that."""
    row = replace(ended(session_id), src="sip:secret", application="secret app", version="1.0-secret")
    await store.append(one, batch(entry(session_id, line="sealed secret", kind=Kind.ERROR), row), horizon())
    await store.seal(horizon(DAY))
    late = entry(session_id, "secret source", line="late secret", kind=Kind.ERROR)
    await store.append(one, batch(late), horizon())
    await store.seal(horizon(DAY))
    more = entry(session_id, "secret source", 1, line="unsealed secret", kind=Kind.ERROR)
    await store.append(one, batch(more), horizon())


async def kept_call(store: Store, one: int) -> None:
    row = replace(ended("kept session"), application="a common app", version="1.0")
    await store.append(one, batch(entry("kept session", line="kept line"), row), horizon())
    await store.seal(horizon(DAY))


async def sealed_and_expired(store: SqliteStore, one: int, doom: str) -> None:
    lines = [entry(seq=n, kind=Kind.ERROR, line=f"a line that goes {n}") for n in range(3)]
    await store.append(one, batch(*lines[:2], ended()), horizon())
    if doom.startswith("sealing"):
        await store.append(one, batch(lines[2]), horizon())
    await store.seal(horizon(DAY))
    await store.append(one, batch(entry("unsealed", kind=Kind.ERROR, line="a line that goes")), horizon())
    await store.expire(horizon(7 * DAY))


async def main(folder: Path, doom: str, what: str) -> None:
    store = await SqliteStore.open(folder, append=True, reached=lambda point: die_at(point, doom))
    one = (await store.add_account("a@example.com", NOW)).id
    if not what:
        await sealed_and_expired(store, one, doom)
        return
    await doomed_call(store, one)
    other = (await store.add_account("kept@example.com", NOW)).id
    await kept_call(store, other)
    if what == "call":
        await store.delete_call(one, "secret session", NOW)
    else:
        await store.delete_account("a@example.com")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], "".join(sys.argv[3:])))
