"""The bare yardstick: bytes of one size from an ASGI app, under Ringlog's uvicorn settings.

    python -m bench.bare SIZE [XML] [--store FOLDER] [--alone]

With a store, `POST /v1/ingest` there is Ringlog's own path, writer and upkeep; `--alone` commits each append
by itself.
"""

import asyncio
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from ringlog.accounts import Accounts
from ringlog.call_log import CallLog
from ringlog.cli.place import now_us
from ringlog.cli.serving import BACKLOG, EXPIRE_EVERY_S, SEAL_EVERY_S, every
from ringlog.config import Retention
from ringlog.store.sqlite import store as store_module
from ringlog.store.sqlite.disk.writer import Writer
from ringlog.store.sqlite.store import SqliteStore
from ringlog.web.ingest import Ingest


class OneByOne(Writer):
    """Commits each job by itself: what group commit is measured against."""

    def _next_group(self) -> list[Any]:
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            first = self._waiting[:1]
            del self._waiting[:1]
            self._bytes -= sum(one.size for one in first)
        return first


def served(size: int) -> Any:
    body = bytes(size)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % size)]

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


async def with_ingest(app: Any, folder: Path, config: uvicorn.Config, listener: socket.socket) -> None:
    opened = await SqliteStore.open(folder, append=True)
    call_log = CallLog(opened, Retention(), now_us)
    ingest = Ingest(call_log, Accounts(opened, now_us), now_us)

    async def either(scope: Any, receive: Any, send: Any) -> None:
        await (ingest if scope["path"] == "/v1/ingest" else app)(scope, receive, send)

    config.app = either
    upkeep = [
        asyncio.create_task(every(SEAL_EVERY_S, call_log.seal)),
        asyncio.create_task(every(EXPIRE_EVERY_S, call_log.expire)),
    ]
    await serve(config, listener)
    for task in upkeep:
        task.cancel()
    await opened.close()


async def serve(config: uvicorn.Config, listener: socket.socket) -> None:
    print(f"ready on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    await uvicorn.Server(config).serve(sockets=[listener])


def main(arguments: list[str]) -> None:
    folder = Path(arguments[arguments.index("--store") + 1]) if "--store" in arguments else None
    if "--alone" in arguments:
        store_module.Writer = OneByOne
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    app = served(int(arguments[0]))
    config = uvicorn.Config(
        app, http="httptools", ws="none", lifespan="off", access_log=False, log_config=None,
        proxy_headers=False, server_header=False, backlog=BACKLOG,
    )  # fmt: skip
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(with_ingest(app, folder, config, listener) if folder else serve(config, listener))


if __name__ == "__main__":
    main(sys.argv[1:])
