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


HEAD_BYTES = 64 * 2**10
"""What a request's line and headers may have, beside what came with the first byte; uvicorn has no limit."""
HEAD_S = 30
"""How long they may take, and how long a new connection may say nothing."""


class Protocol(HttpToolsProtocol):
    """uvicorn's, but that its answers leave together, and an application can have the transport.

    Nobody has logged in while a head comes: it is bounded, and so is the time it takes.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] - as uvicorn's
        self._outgoing = Outgoing(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", self._outgoing))
        self._in_head = False
        self._head_bytes = 0
        self._late: asyncio.TimerHandle | None = self.loop.call_later(HEAD_S, self._outgoing.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        went_on = self._in_head
        super().data_received(data)
        if self._in_head:
            self._head_bytes = self._head_bytes + len(data) if went_on else 0
            if self._head_bytes > HEAD_BYTES:
                self.send_400_response(f"The request line and headers are larger than {HEAD_BYTES} bytes.")
            elif not self._late:
                self._late = self.loop.call_later(HEAD_S, self._outgoing.close)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self.scope["extensions"] = {OUTGOING: {"outgoing": self._outgoing}}

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._in_time()
        super().on_headers_complete()

    def _in_time(self) -> None:
        if self._late:
            self._late.cancel()
            self._late = None


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
