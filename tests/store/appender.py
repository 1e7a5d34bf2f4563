"""A process that appends from eight clients and seals, until it is killed: python -m store.appender FOLDER.

Each line it prints, `SESSION_ID SEQ`, is an entry whose append returned.
"""

import asyncio
import itertools
import sys
import uuid
from pathlib import Path

from ringlog.errors import AccountExists
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon


async def client(store: SqliteStore, one: int) -> None:
    while True:
        session_id = uuid.uuid4().hex
        await store.append(one, batch(ended(session_id)), horizon())
        for seq in range(10):
            await store.append(one, batch(entry(session_id, seq=seq)), horizon())
            sys.stdout.write(f"{session_id} {seq}\n")
            sys.stdout.flush()


async def seal(store: SqliteStore) -> None:
    for _ in itertools.count():
        await store.seal(horizon(DAY))


async def main(folder: Path) -> None:
    store = await SqliteStore.open(folder, append=True)
    try:
        one = (await store.add_account("a@example.com", NOW)).id
    except AccountExists:
        one = (await store.account("a@example.com")).id
    await asyncio.gather(seal(store), *(client(store, one) for _ in range(8)))


asyncio.run(main(Path(sys.argv[1])))
