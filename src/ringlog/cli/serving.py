"""The server's objects, composed, run and taken down in turn.

A module of its own, because importing HTTP's parts takes longer than any other command does.
"""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from pathlib import Path

import structlog
import typer
import uvicorn
import uvloop
from structlog.typing import EventDict

from ringlog.accounts import Accounts
from ringlog.call_log import CallLog
from ringlog.cli.place import now_us
from ringlog.config import Retention, store_folder
from ringlog.errors import RinglogError, StoreBusy, StoreFault
from ringlog.logins import Logins
from ringlog.store.sqlite.store import SqliteStore
from ringlog.web.app import build
from ringlog.web.connections import Protocol

SEAL_EVERY_S = 2
EXPIRE_EVERY_S = 60
DRAIN_S = 10
"""How long requests that were begun may take after SIGTERM."""
BACKLOG = 2048

log = structlog.get_logger()


def run(
    store: str,
    retention: Retention,
    listener: socket.socket,
    certificate: Path | None = None,
    certificate_key: Path | None = None,
) -> None:
    """Serves until SIGTERM or Ctrl-C. Raises StoreLocked, ConfigurationFault."""
    log_to_stderr()
    config = uvicorn.Config(
        "", http=Protocol, ws="none", lifespan="off", access_log=False, log_config=None,
        proxy_headers=False, server_header=False, timeout_graceful_shutdown=DRAIN_S, backlog=BACKLOG,
        ssl_certfile=certificate, ssl_keyfile=certificate_key,
    )  # fmt: skip
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(store, retention, config, listener))


async def _serve(store: str, retention: Retention, config: uvicorn.Config, listener: socket.socket) -> None:
    """Composes the server's objects, runs them, and takes them down in turn."""
    opened = await SqliteStore.open(store_folder(store), append=True)
    try:
        call_log = CallLog(opened, retention, now_us)
        accounts = Accounts(opened, now_us)
        config.app = app = build(call_log, accounts, Logins(opened, accounts, now_us), now_us)
        server = Server(config, f"{address(config, listener)}, store {store}", app.end_following)
        upkeep = [
            asyncio.create_task(every(SEAL_EVERY_S, call_log.seal)),
            asyncio.create_task(every(EXPIRE_EVERY_S, partial(expire, call_log))),
        ]
        try:
            await server.serve(sockets=[listener])
        finally:
            for task in upkeep:
                task.cancel()
            await asyncio.gather(*upkeep, return_exceptions=True)
    finally:
        await opened.close()


class Server(uvicorn.Server):
    """uvicorn's, but that it says in one line when it is ready, and that a SIGTERM ends it with exit code 0.

    (uvicorn raises a signal again after its shutdown, which would make the exit code the signal's.)
    """

    def __init__(self, config: uvicorn.Config, where: str, end_following: Callable[[], None]) -> None:
        super().__init__(config)
        self._where = where
        self._end_following = end_following

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What is here now stays: the garbage collector need not look through it again and again.
        gc.freeze()
        typer.echo(f"Ringlog is ready on {self._where}")
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # They would take all the time that requests have to come to their end.
        self._end_following()
        await super().shutdown(sockets)


async def expire(call_log: CallLog) -> None:
    if await call_log.expire_if_steady() is None:
        log.warning(
            "the clock leapt, or its readings are lost: nothing expires until it has gone on for a day"
        )


async def every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Does `work` again and again; what fails is logged, and tried again.

    A fault of the store is said when it begins, when it becomes another and when it is over: a full disk is
    not filled with the news of it.
    """
    fault = ""
    while True:
        try:
            await work()
        except RinglogError as error:
            event = "upkeep waits" if isinstance(error, StoreBusy) else "upkeep fails"
            if error.message != fault:
                log.warning(event, why=error.message)
            fault = error.message
        except Exception:  # whatever it was, sealing and expiry go on
            log.exception("upkeep failed")
        else:
            if fault:
                log.info("upkeep works again")
            fault = ""
        await asyncio.sleep(seconds)


def address(config: uvicorn.Config, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    scheme = "https" if config.ssl_certfile else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def log_to_stderr() -> None:
    """One line an event on stderr; uvicorn's own messages only where something is wrong."""
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            reason_alone,
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def reason_alone(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Says why, in place of a traceback, where the error has a sentence for the operator.

    A damaged Day, say, is no fault in Ringlog, and every request for it would be a page in the log.
    """
    given = line.get("exc_info")
    error = sys.exc_info()[1] if given is True else given
    if isinstance(error, RinglogError) and error.message != StoreFault().message:
        del line["exc_info"]
        line["why"] = error.message
    return line
