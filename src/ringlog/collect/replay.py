"""The AMI replay server: speaks a recorded stream as an Asterisk would, its times moved to now."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ringlog.collect.configuration import Configuration
from ringlog.collect.copies import Mover, alone, side_by_side
from ringlog.collect.engine import Engine, Manager
from ringlog.collect.recording import BANNER, END, Connection, Recording, Spoken
from ringlog.errors import ConfigurationFault
from ringlog.model import MICROSECONDS, Clock

MAX_ACTION_BYTES = 64 * 2**10
BACKLOG_BYTES = 2**20
"""So much may wait for a client before the replay waits for it."""
LINGER_S = 5.0
"""A connection that ended is closed when its client has closed it, or then."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One time through the recording.

    `speed` 1 is natural, N is N times as fast, 0 as fast as possible. Times move by whole seconds, so that
    the last event lies `end_ago_s` (up to one more) before the moment it is said. With several `copies` each
    message is said by all of them, one after the other, with ids, channels and numbers of their own.
    """

    speed: float = 1
    end_ago_s: float = 0
    new_ids: bool = False
    copies: int = 1


class Replay:
    """Plays `recording` to whoever logs in; the first pass begins with the first log-in.

    A second banner in the recording ends the connection: the engine was started again. It greets nobody
    before that time has come, and what follows is said after the next log-in.
    After the last event the connection stays open. Without a `secret`, any log-in is accepted.
    """

    def __init__(
        self, recording: Recording, passes: Iterable[Pass], clock: Clock, secret: str | None = None
    ) -> None:
        self._recording = recording
        self._passes = passes
        self._clock = clock
        self._secret = secret
        self._engine = Engine()
        self._configuration = Configuration(recording)
        self._mover = Mover(recording, 0)
        self._banner = recording.connections[0].banner
        self._connections: set[asyncio.StreamWriter] = set()
        self._clients: dict[asyncio.StreamWriter, Manager] = {}
        self._listener = asyncio.Event()
        """Somebody is logged in."""
        self._up = asyncio.Event()
        """The engine runs: it greets who comes."""
        self._up.set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        return self._server.sockets[0].getsockname()[1] if self._server else 0

    async def listen(self, host: str, port: int) -> None:
        """Raises ConfigurationFault where the address cannot be listened at."""
        try:
            self._server = await asyncio.start_server(self._serve, host, port, limit=MAX_ACTION_BYTES)
        except OSError as error:
            raise ConfigurationFault(f"Cannot listen at {host}:{port}: {error.strerror}.") from None

    async def play(self) -> None:
        """Speaks all passes; returns after the last event, with the connections left open."""
        moved_s: int | None = None
        for number, this in enumerate(self._passes):
            await self._listener.wait()
            start_us = self._clock()
            by_s = self._moves_by(this, start_us)
            while moved_s is not None and by_s <= moved_s:
                # Two passes moved by the same would have the same ids.
                await asyncio.sleep(0.1)
                start_us = self._clock()
                by_s = self._moves_by(this, start_us)
            moved_s = by_s
            self._mover = self._says(this, by_s, number + 1)
            self._engine.copies, self._engine.pace = this.copies, this.speed or 1
            await self._pass(this, start_us)
            self._engine.pace = 1

    async def close(self) -> None:
        """Ends all connections."""
        if self._server:
            self._server.close()
        for writer in list(self._connections):
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _says(self, this: Pass, by_s: int, number: int) -> Mover:
        if this.copies > 1:
            return Mover(self._recording, by_s, side_by_side(self._recording, this.copies, number))
        return Mover(self._recording, by_s, alone(number) if this.new_ids else ())

    def _moves_by(self, this: Pass, start_us: int) -> int:
        lasts_us = self._recording.last_us - self._recording.first_us
        said_us = start_us + (int(lasts_us / this.speed) if this.speed else 0)
        return (said_us - int(this.end_ago_s * MICROSECONDS) - self._recording.last_us) // MICROSECONDS

    async def _pass(self, this: Pass, start_us: int) -> None:
        connections = self._recording.connections
        for place, connection in enumerate(connections):
            if place:
                self._banner = connection.banner
                self._listener.clear()
                self._up.clear()
                await self._hang_up()
                await self._wait_for(first_us(connection), this, start_us)
                self._up.set()
            coming = [message for later in connections[place:] for message in later.messages]
            self._engine.connects(coming, self._clock())
            await self._listener.wait()
            for message in connection.messages:
                await self._say(message, this, start_us)

    async def _say(self, message: Spoken, this: Pass, start_us: int) -> None:
        await self._wait_for(message.time_us, this, start_us)
        self._engine.hears(message, self._clock())
        said = b"".join(text + END for text in self._mover.messages(message.text))
        for writer, manager in list(self._clients.items()):
            if manager.events:
                writer.write(said)
                await drained(writer)

    async def _wait_for(self, time_us: int | None, this: Pass, start_us: int) -> None:
        if this.speed and time_us is not None:
            due_us = start_us + (time_us - self._recording.first_us) / this.speed
            if (wait_us := due_us - self._clock()) > 0:
                await asyncio.sleep(wait_us / MICROSECONDS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        writer.transport.set_write_buffer_limits(BACKLOG_BYTES)
        manager = Manager(self._engine, self._configuration, self._secret, self._clock, self._moved)
        try:
            await self._up.wait()
            writer.write((self._banner or BANNER) + b"\r\n")
            while not manager.over:
                action = parsed(await reader.readuntil(b"\r\n\r\n"))
                if manager.over:
                    break
                writer.write(manager.answer(action))
                await drained(writer)
                if manager.logged_in and writer not in self._clients and not manager.over:
                    self._clients[writer] = manager
                    self._listener.set()
            await ended(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass
        except asyncio.CancelledError:
            # The replay ends; asyncio would print what is left of a connection as an error.
            pass
        finally:
            self._connections.discard(writer)
            self._clients.pop(writer, None)
            if not self._clients:
                self._listener.clear()
            writer.close()

    def _moved(self, text: bytes) -> bytes:
        """By the pass that plays now, which need not be the one in which a client came."""
        return b"".join(self._mover.messages(text))

    async def _hang_up(self) -> None:
        for writer, manager in list(self._clients.items()):
            await drained(writer)
            manager.over = True
            writer.write_eof()
        self._clients.clear()


async def drained(writer: asyncio.StreamWriter) -> None:
    """A client that is gone is its own reader's to notice."""
    try:
        await writer.drain()
    except ConnectionError:
        return


async def ended(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says that nothing more comes, and waits for the client to go.

    Closed with something of the client's unread, a socket would take back what the client has not read.
    """
    writer.write_eof()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            while await reader.read(MAX_ACTION_BYTES):
                pass


def first_us(connection: Connection) -> int | None:
    """When the first thing with a time was said on it."""
    return next((message.time_us for message in connection.messages if message.time_us is not None), None)


def parsed(text: bytes) -> Mapping[str, str]:
    """An action's keys, in lower case, with their first values."""
    action: dict[str, str] = {}
    for line in text.decode(errors="replace").split("\r\n"):
        key, colon, value = line.partition(":")
        if colon:
            action.setdefault(key.strip().lower(), value.strip())
    return action
