"""A process that may open few more files: python -m store.crowded FOLDER FREE [FIRST], in tests/.

Reads the call FIRST while it may still open any. Then it prints, as JSON, what a read and a list of calls
fail with, which Days are said to be broken, and what the read fails with when the limit is lifted again.
"""

import asyncio
import json
import os
import resource
import sys
from collections.abc import Awaitable, Generator
from contextlib import contextmanager
from pathlib import Path

from ringlog.errors import StoreFault
from ringlog.model import CallQuery
from ringlog.store.sqlite.store import SqliteStore

from .records import horizon


@contextmanager
def may_open(free: int) -> Generator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_ = [os.dup(0) for _ in range(free + 1)]
    for descriptor in next_:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_[-1], hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def fault(work: Awaitable[object]) -> tuple[str, str]:
    try:
        await work
    except StoreFault as error:
        return type(error).__name__, error.message
    return "", ""


async def main(folder: Path, free: int, first: str) -> None:
    store = await SqliteStore.open(folder, append=False)
    one = (await store.account("a@example.com")).id
    # Its thread and the loop's wake-ups take their descriptors now.
    await store.calls(one, CallQuery(), horizon())
    if first:
        await fault(store.log(one, first, horizon()))
    with may_open(free):
        said = {
            "read": await fault(store.log(one, "a", horizon())),
            "list": await fault(store.calls(one, CallQuery(), horizon())),
            "broken": (await store.health()).broken_days,
        }
    said["afterwards"] = (await fault(store.log(one, "a", horizon())))[0]
    await store.close()
    print(json.dumps(said))  # noqa: T201 - what the test reads


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), "".join(sys.argv[3:])))
