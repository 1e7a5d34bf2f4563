"""The connection below a request: what an answer is written to.

What the requests of one turn of the loop are answered leaves when the turn is over, so that a client that
waits for several answers is woken once; waking one costs as much as a tenth of a read. An answer that goes
on must not pile up for who does not read it: it takes the transport itself.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ringlog.web import asgi

OUTGOING = "ringlog.outgoing"
AT_ONCE_BYTES = 16 * 2**10
"""More than that waits for nobody: it may be a piece of an answer with no end in sight."""


class Protocol(HttpToolsProtocol):
    """uvicorn's, but that its answers leave together, and an application can have the transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] - as uvicorn's
        self._outgoing = Outgoing(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", self._outgoing))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {OUTGOING: {"outgoing": self._outgoing}}


class Outgoing:
    """As much of a transport as uvicorn asks for; what is written leaves at the end of the loop's turn."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []
        self._bytes = 0
        self.get_extra_info = transport.get_extra_info
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)
        self._bytes += len(data)
        if self._bytes > AT_ONCE_BYTES:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def straight(self) -> asyncio.Transport:
        """The transport itself. From now on everything leaves at once, in the order of writing."""
        self._flush()
        self.write = self._transport.write
        return self._transport

    def _flush(self) -> None:
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        if waiting and not self._transport.is_closing():
            self._transport.write(b"".join(waiting))


def transport(scope: asgi.Scope) -> asyncio.Transport:
    """For an answer that goes on."""
    outgoing: Outgoing = scope["extensions"][OUTGOING]["outgoing"]
    return outgoing.straight()


def cut_unless_read(scope: asgi.Scope) -> None:
    """Cuts the connection where earlier answers wait there to be read: another one would wait with them."""
    connection = transport(scope)
    if connection.get_write_buffer_size():
        connection.abort()
