"""A follower's connection under a clock that only the test moves, over real sockets."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

from ringlog.following.news import News
from ringlog.web.followers import HEART_BEAT_US, MOST_BEHIND_US, Connection, Followers, Later, Timer
from ringlog.web.readers import Reader

READER = Reader(b"Basic x", "")
BEAT = b"3\r\n:\n\n\r\n"
END = b"0\r\n\r\n"


class World:
    """A connection, and who reads from it."""

    def __init__(self, transport: asyncio.Transport, reading: socket.socket) -> None:
        self.now_us = 0
        self.may_read = True
        self.due: list[Callable[[], None]] = []
        self.reading = reading
        self.transport = transport
        self.connection = Connection(transport, lambda: self.now_us)
        later: Later = self._later
        self.followers = Followers(self._stands, lambda: self.now_us, later)
        self.followers.add(READER, self.connection)
        self.connection.begin()

    def _later(self, seconds: float, do: Callable[[], None]) -> Timer:
        self.due.append(do)
        return asyncio.get_running_loop().call_later(1e6, lambda: None)

    async def _stands(self, reader: Reader) -> bool:
        return self.may_read

    async def look(self, us: int) -> None:
        """So long later what was put off is done."""
        self.now_us += us
        due, self.due = self.due, []
        for do in due:
            do()
        await asyncio.sleep(0.01)

    async def read(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.reading, 2**16)


def told(story: Callable[[World], Awaitable[None]]) -> None:
    async def run() -> None:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)  # noqa: FBT003 - the socket's own
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
        try:
            await story(World(transport, theirs))
        finally:
            transport.abort()
            theirs.close()

    asyncio.run(run())


def test_a_silent_connection_has_a_heart_beat() -> None:
    async def story(world: World) -> None:
        await world.look(HEART_BEAT_US - 1)
        world.connection.tell(News(b"data: x\n\n"))
        assert await world.read() == b"9\r\ndata: x\n\n\r\n"
        await world.look(HEART_BEAT_US - 1)
        await world.look(1)
        assert await world.read() == BEAT

    told(story)


def test_who_reads_again_within_five_seconds_is_not_cut() -> None:
    async def story(world: World) -> None:
        for _ in range(3):
            while not world.transport.get_write_buffer_size():
                world.connection.tell(News(b"x" * 50_000))
            await world.look(1)
            await world.look(MOST_BEHIND_US - 2)
            assert world.connection.open
            while world.transport.get_write_buffer_size():
                await world.read()
            await world.look(2)
        assert world.connection.open
        while not world.transport.get_write_buffer_size():
            world.connection.tell(News(b"x" * 50_000))
        await world.look(1)
        await world.look(MOST_BEHIND_US + 1)
        assert not world.connection.open

    told(story)


def test_who_leaves_256_kib_waiting_is_cut() -> None:
    async def story(world: World) -> None:
        told = 0
        while world.connection.open:
            world.connection.tell(News(b"x" * 50_000))
            told += 1
        assert 5 < told < 30

    told(story)


def test_who_may_read_no_longer_is_cut_at_the_next_look() -> None:
    async def story(world: World) -> None:
        await world.look(1)
        assert world.connection.open
        world.may_read = False
        await world.look(1)
        assert await world.read() == END
        assert not world.connection.open

    told(story)
