"""Bodies that stop coming, or never come to their end: they are ended, and what they held is free again."""

import asyncio
import selectors
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from ringlog.accounts import Accounts
from ringlog.call_log import CallLog
from ringlog.config import Retention
from ringlog.model import MAX_BODY_BYTES
from ringlog.store.sqlite.store import SqliteStore
from ringlog.web import asgi, ingest
from ringlog.web.connections import Protocol
from ringlog.web.ingest import SILENT_S, WHOLE_S, Ingest, received
from ringlog.web.room import ROOM_BYTES, Room
from ringlog.web.statuses import TooSlow
from tests.running import basic
from tests.store.records import NOW

SENTENCE = b'{"error":"Nothing of the body came for %g s, or it was not whole within %g s."}'
UNREAD_BYTES = 8 * 2**20
"""More than the system holds for who does not read."""

# -- how long, by a clock that leaps -----------------------------------------------------------------------


class Leaping(asyncio.SelectorEventLoop):
    """Its time leaps to what is due next, as there is nothing else to wait for."""

    def __init__(self) -> None:
        class Selector(selectors.DefaultSelector):
            def select(selector, timeout: float | None = None) -> Any:  # noqa: N805 - self is the loop
                assert timeout is not None, "nothing will ever happen"
                self._now_s += timeout
                return super().select(0)

        self._now_s = 0.0
        super().__init__(Selector())

    def time(self) -> float:
        return self._now_s


def whole_after(pauses_s: Iterator[float]) -> float:
    """Seconds until a body was received that comes in pieces of a byte, with such pauses before them."""

    async def receive() -> dict[str, Any]:
        pause_s = next(pauses_s, None)
        await asyncio.sleep(pause_s or 0)
        return {"type": "http.request", "body": b"x", "more_body": pause_s is not None}

    async def run() -> float:
        with Room().share() as share:
            await received({"headers": []}, receive, share)
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=Leaping) as runner:
        return runner.run(run())


def test_a_body_that_keeps_coming_may_take_its_time() -> None:
    assert whole_after(iter([SILENT_S - 1] * 10)) == pytest.approx(10 * (SILENT_S - 1))


@pytest.mark.parametrize("pauses_s", [[SILENT_S + 1], [1, SILENT_S + 1], [1] * (WHOLE_S + 1)])
def test_a_body_that_stops_or_has_no_end_is_ended(pauses_s: list[float]) -> None:
    with pytest.raises(
        TooSlow, match=r"^Nothing of the body came for 30 s, or it was not whole within 300 s\.$"
    ):
        whole_after(iter(pauses_s))


# -- over real sockets -------------------------------------------------------------------------------------


class Client:
    """Asks what it is told to, in this process."""

    def __init__(self, port: int, authorization: str, sock: socket.socket) -> None:
        self._sock = sock
        self._address = ("127.0.0.1", port)
        self._authorization = authorization

    async def begins(self, path: bytes, announced: int, body: bytes) -> None:
        head = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n" % path
        head += b"Authorization: %b\r\nContent-Length: %d\r\n\r\n" % (self._authorization.encode(), announced)
        await asyncio.get_running_loop().sock_sendall(self._sock, head + body)

    async def connects(self) -> None:
        await asyncio.get_running_loop().sock_connect(self._sock, self._address)

    async def reads_all(self) -> bytes:
        """Until the server closes, or cuts."""
        read = bytearray()
        while some := await asyncio.get_running_loop().sock_recv(self._sock, 2**20):
            read += some
        return bytes(read)


class World:
    """Ingest at a port, and beside it an answer that is as large as one likes."""

    def __init__(self, ingest: Ingest, port: int, authorization: str) -> None:
        self.ingest = ingest
        self.answered = asyncio.Event()
        """Set when ingest is done with a request."""
        self._port = port
        self._authorization = authorization
        self._sockets: list[socket.socket] = []

    async def client(self) -> Client:
        sock = socket.socket()
        sock.setblocking(False)  # noqa: FBT003 - the socket's own
        self._sockets.append(sock)
        client = Client(self._port, self._authorization, sock)
        await client.connects()
        return client

    def close(self) -> None:
        for sock in self._sockets:
            sock.close()


def told(folder: Path, story: Callable[[World], Awaitable[None]]) -> None:
    async def run() -> None:
        store = await SqliteStore.open(folder, append=True)
        accounts = Accounts(store, lambda: NOW)
        account, key = await accounts.add("a@example.com")
        app = Ingest(CallLog(store, Retention(), lambda: NOW), accounts, lambda: NOW)

        async def either(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
            if scope["path"] == "/large":
                await asgi.respond(send, 200, bytes(UNREAD_BYTES), asgi.JSON)
            else:
                await app(scope, receive, send)
                world.answered.set()

        config = uvicorn.Config(either, http=Protocol, lifespan="off", log_config=None)
        state = ServerState()
        server = await asyncio.get_running_loop().create_server(
            lambda: Protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
        )
        world = World(app, server.sockets[0].getsockname()[1], basic(account.email, key)["Authorization"])
        try:
            async with asyncio.timeout(60):
                await story(world)
        finally:
            world.close()
            server.close()
            await asyncio.gather(*state.tasks)
            await store.close()

    asyncio.run(run())


def test_who_stops_is_told_so_and_makes_room_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "SILENT_S", 0.5)

    async def story(world: World) -> None:
        stalled = [await world.client() for _ in range(ROOM_BYTES // MAX_BODY_BYTES)]
        for one in stalled:
            await one.begins(b"/v1/ingest", MAX_BODY_BYTES, bytes(MAX_BODY_BYTES - 10))
        for one in stalled:
            answer = await one.reads_all()
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert b"\r\nconnection: close\r\n" in answer
            assert answer.endswith(SENTENCE % (0.5, WHOLE_S))
        assert world.ingest._room.held == 0

    told(tmp_path, story)


def test_who_stops_and_does_not_read_either_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "SILENT_S", 0.5)

    async def story(world: World) -> None:
        client = await world.client()
        await client.begins(b"/large", 0, b"")
        await client.begins(b"/v1/ingest", 100, b"some")
        await world.answered.wait()
        assert len(await client.reads_all()) < UNREAD_BYTES

    told(tmp_path, story)
