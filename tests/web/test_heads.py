"""A request's line and headers, before anybody has logged in: bounded in bytes and in time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import uvicorn
from uvicorn.server import ServerState

from ringlog.web import asgi, connections
from ringlog.web.connections import HEAD_BYTES, Protocol

FIRST = b"GET / HTTP/1.1\r\nHost: x\r\n"
LINE = b"X-More: %b\r\n" % (b"x" * 1000)


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reads = reader
        self._writer = writer

    async def says(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def is_answered(self) -> bool:
        head = await self.reads.readuntil(b"\r\n\r\n")
        return head.startswith(b"HTTP/1.1 200 ") and await self.reads.readexactly(2) == b"{}"


Connected = Callable[[], Awaitable[Client]]


def told(story: Callable[[Connected, asyncio.Event], Awaitable[None]]) -> None:
    async def app(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await asgi.respond(send, 200, b"{}", asgi.JSON)

    async def run() -> None:
        begun = asyncio.Event()
        """Set when the first part of a head has come."""

        class Observed(Protocol):
            def on_message_begin(self) -> None:
                super().on_message_begin()
                begun.set()

        config, state = uvicorn.Config(app, http=Protocol, lifespan="off", log_config=None), ServerState()
        server = await asyncio.get_running_loop().create_server(
            lambda: Observed(config=config, server_state=state, app_state={}), "127.0.0.1", 0
        )
        writers: list[asyncio.StreamWriter] = []

        async def connected() -> Client:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writers.append(writer)
            return Client(reader, writer)

        try:
            async with asyncio.timeout(60):
                await story(connected, begun)
        finally:
            for writer in writers:
                writer.close()
            server.close()
            await asyncio.gather(*state.tasks)

    asyncio.run(run())


def test_one_that_does_not_end_is_refused() -> None:
    async def story(connected: Connected, begun: asyncio.Event) -> None:
        client = await connected()
        await client.says(FIRST + b"X-More: ")
        await begun.wait()
        await client.says(b"x" * (HEAD_BYTES + 1))
        answer = await client.reads.read()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.endswith(b"The request line and headers are larger than 65536 bytes.")

    told(story)


def test_one_that_does_not_come_ends_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.2)

    async def story(connected: Connected, begun: asyncio.Event) -> None:
        silent, stopped, again = [await connected() for _ in range(3)]
        await stopped.says(FIRST)
        await again.says(FIRST + b"\r\n" + FIRST)
        assert await again.is_answered()
        for client in (silent, stopped, again):
            assert await client.reads.read() == b""

    told(story)


def test_what_comes_with_a_body_does_not_count() -> None:
    async def story(connected: Connected, begun: asyncio.Event) -> None:
        client = await connected()
        body = bytes(4 * HEAD_BYTES)
        await client.says(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
        await client.says(body + FIRST)
        assert await client.is_answered()
        for _ in range(50):
            await client.says(LINE)
        await client.says(b"\r\n")
        assert await client.is_answered()

    told(story)
