"""A follower as a browser or a program is one: it reads events from a connection of its own."""

import http.client
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import msgspec

from ringlog.wire.events import Event, parsed
from tests.running import READY_S, Server


class Stream:
    """`GET target`, answered by server-sent events. Leaving it closes the connection."""

    def __init__(self, server: Server, target: str, last_id: str = "", **headers: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=READY_S)
        given = {**server.authorization, **({"Last-Event-ID": last_id} if last_id else {}), **headers}
        self._connection.connect()
        self._socket = self._connection.sock
        self._connection.request("GET", target, headers=given)
        self.answer = self._connection.getresponse()
        self.status = self.answer.status
        self._events = parsed(self.answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.answer.close()
        self._connection.close()

    def __iter__(self) -> Iterator[Event]:
        """Until the server ends it; raises where it was cut."""
        return self._events

    def next(self, name: str = "") -> Event:
        """The next event, or the next of that name."""
        return next(event for event in self._events if name in {"", event.name})

    def rest(self) -> list[Event]:
        """What there is until its end, which has come already."""
        self._socket.setblocking(False)  # noqa: FBT003 - the socket's own
        return list(self._events)


def value(event: Event) -> Any:
    return msgspec.json.decode(event.data)


def arrivals(events: list[Event]) -> list[int]:
    return [value(event)["arrival"] for event in events if event.name == "entry"]
