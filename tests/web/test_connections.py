"""Answers leave together at the end of a turn, and nothing that was written stays behind."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from ringlog.web.connections import AT_ONCE_BYTES, Outgoing


def told(story: Callable[[Outgoing, socket.socket], Awaitable[None]]) -> None:
    async def run() -> None:
        here, there = socket.socketpair()
        there.settimeout(0)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=here)
        with there:
            await story(Outgoing(transport, loop), there)
            transport.abort()
            await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


async def turn() -> None:
    """Until what was called soon has been called."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def test_what_is_written_in_a_turn_leaves_as_one_at_its_end() -> None:
    async def story(outgoing: Outgoing, there: socket.socket) -> None:
        outgoing.write(b"head")
        outgoing.write(b"body")
        with pytest.raises(BlockingIOError):
            there.recv(100)
        await turn()
        assert there.recv(100) == b"headbody"
        outgoing.write(b"next")
        await turn()
        assert there.recv(100) == b"next"

    told(story)


def test_what_is_large_leaves_at_once() -> None:
    async def story(outgoing: Outgoing, there: socket.socket) -> None:
        outgoing.write(b"head")
        outgoing.write(bytes(AT_ONCE_BYTES))
        assert there.recv(2 * AT_ONCE_BYTES) == b"head" + bytes(AT_ONCE_BYTES)
        await turn()
        with pytest.raises(BlockingIOError):
            there.recv(1)

    told(story)


def test_closing_takes_along_what_waits() -> None:
    async def story(outgoing: Outgoing, there: socket.socket) -> None:
        outgoing.write(b"last")
        outgoing.close()
        await turn()
        assert there.recv(100) == b"last"
        assert there.recv(100) == b""

    told(story)


def test_a_connection_that_is_lost_takes_what_waits_with_it() -> None:
    async def story(outgoing: Outgoing, there: socket.socket) -> None:
        outgoing.write(b"nobody reads this")
        outgoing._transport.abort()
        await turn()
        outgoing.write(b"nor this")
        outgoing.close()
        await turn()

    told(story)


def test_the_transport_itself_comes_after_what_waits_and_waits_for_nothing() -> None:
    async def story(outgoing: Outgoing, there: socket.socket) -> None:
        outgoing.write(b"head")
        transport = outgoing.straight()
        assert there.recv(100) == b"head"
        transport.write(b"told")
        outgoing.write(b"written")
        assert there.recv(100) == b"toldwritten"

    told(story)
