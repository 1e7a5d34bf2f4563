"""Followers' connections: told at once, never waited for, cut when they do not read.

What is told goes to the transport as it is, a chunk of the answer's body (RFC 9112, 7.1), so that a thousand
followers cost a thousand writes of the same bytes and nothing else.
"""

import asyncio
import socket
from collections import defaultdict
from collections.abc import Awaitable, Callable

import structlog

from ringlog.following.following import Later, Timer, later
from ringlog.following.news import News
from ringlog.model import MICROSECONDS, Clock
from ringlog.web.readers import Reader
from ringlog.wire.events import HEART_BEAT

MOST_BEHIND_BYTES = 256 * 2**10
MOST_BEHIND_US = 5 * MICROSECONDS
HEART_BEAT_US = 15 * MICROSECONDS
LOOK_EVERY_S = 0.4
"""So that who may read no longer is cut within a second."""
KERNEL_BYTES = 64 * 2**10
"""What the system may hold beside: else it takes megabytes from us before we see that nobody reads."""
END = b"0\r\n\r\n"

log = structlog.get_logger()


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


class _Chunks:
    """The chunk made last: followers of one thing are told the same news one after the other."""

    def __init__(self) -> None:
        self._news = News(b"")
        self._chunk = b""

    def of(self, news: News) -> bytes:
        if news is not self._news:
            self._news, self._chunk = news, chunk(news.events)
        return self._chunk


CHUNKS = _Chunks()


class Connection:
    """A Follower. Until `begin`, its answer is still uvicorn's to write, and what is told is held."""

    def __init__(self, transport: asyncio.Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._held: list[bytes] | None = []
        self._held_bytes = 0
        self._written = 0
        self._wrote_us = clock()
        self._mark: tuple[int, int] | None = None
        """When something waited, and how much had to leave for it to be gone."""
        if (one := transport.get_extra_info("socket")) is not None:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)

    @property
    def open(self) -> bool:
        return not self._transport.is_closing()

    def tell(self, news: News) -> None:
        self._write(CHUNKS.of(news))
        if news.last:
            self._end()

    def begin(self) -> None:
        """What is told goes out from now on; what was told before, first."""
        held, self._held = self._held or [], None
        for written in held:
            self._write(written)

    def cut(self) -> None:
        """Ends in good order where that is possible at once; else nothing of what waits is sent any more."""
        if self._held is None and not self._transport.get_write_buffer_size():
            self._end()
        else:
            self.abort()

    def abort(self) -> None:
        self._transport.abort()

    def look(self) -> None:
        """Cuts who is too far behind, and keeps a silent connection alive."""
        if self._held is not None:
            return
        now_us = self._clock()
        waits = self._transport.get_write_buffer_size()
        gone = self._written - waits
        if self._mark and gone < self._mark[1]:
            if now_us - self._mark[0] > MOST_BEHIND_US:
                self.abort()
        else:
            self._mark = (now_us, self._written) if waits else None
        if now_us - self._wrote_us >= HEART_BEAT_US:
            self._write(chunk(HEART_BEAT))

    def _write(self, written: bytes) -> None:
        if self._transport.is_closing():
            return
        if self._held is not None:
            self._held.append(written)
            self._held_bytes += len(written)
            behind = self._held_bytes
        else:
            behind = self._transport.get_write_buffer_size()
            self._transport.write(written)
            self._written += len(written)
            self._wrote_us = self._clock()
        if behind > MOST_BEHIND_BYTES:
            self.abort()

    def _end(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(END)
            self._transport.close()


Stands = Callable[[Reader], Awaitable[bool]]
"""Whether who reads may still."""


class Followers:
    """All connections that follow, by who reads."""

    def __init__(self, stands: Stands, clock: Clock, later: Later = later) -> None:
        self._stands = stands
        self._clock = clock
        self._later = later
        self._connections: defaultdict[Reader, set[Connection]] = defaultdict(set)
        self._timer: Timer | None = None
        self._checking: asyncio.Task[None] | None = None
        self.ending = False

    def __len__(self) -> int:
        return sum(map(len, self._connections.values()))

    def add(self, reader: Reader, connection: Connection) -> None:
        self._connections[reader].add(connection)
        self._look_later()

    def remove(self, reader: Reader, connection: Connection) -> None:
        self._connections[reader].discard(connection)
        if not self._connections[reader]:
            del self._connections[reader]

    def end(self) -> None:
        """Ends all; none may come any more."""
        self.ending = True
        for connections in list(self._connections.values()):
            for connection in list(connections):
                connection.cut()

    def _look_later(self) -> None:
        if not self._timer and self._connections:
            self._timer = self._later(LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        self._timer = None
        for connections in self._connections.values():
            for connection in connections:
                connection.look()
        if not self._checking:
            self._checking = asyncio.ensure_future(self._check())
        self._look_later()

    async def _check(self) -> None:
        try:
            for reader in list(self._connections):
                if not await self._stands(reader):
                    for connection in self._connections.get(reader, ()):
                        connection.cut()
        except Exception:  # what the store cannot tell now is asked again
            log.exception("who follows could not be checked")
        finally:
            self._checking = None
