"""What followers are told, and what they are to those who tell them."""

from typing import NamedTuple, Protocol

from ringlog.model import Tail
from ringlog.wire.events import call_event, end_event, entry_event


class News(NamedTuple):
    """Encoded once for all who are told it."""

    events: bytes
    last: bool = False
    """Nothing more will come."""


class Follower(Protocol):
    """One connection, say. Neither method waits for anything."""

    def tell(self, news: News) -> None: ...

    def cut(self) -> None:
        """It may be told nothing any more: it leaves soon."""
        ...


class Topic(Protocol):
    """What is followed."""

    @property
    def due_us(self) -> int:
        """When the clock alone may change it."""
        ...

    async def flush(self) -> bool:
        """Tells what is new; whether there is more to tell at once. Raises NotFound, StoreFault."""
        ...

    def cut(self) -> None:
        """Cuts all followers."""
        ...


def news_of(tail: Tail, told: Tail | None = None) -> News:
    """What is new for somebody who was told `told`, or nothing yet."""
    row = b"" if told and told.call == tail.call else call_event(tail.call)
    last = tail.quiet and not tail.more
    end = end_event(tail.arrival) if last else b""
    return News(b"".join([row, *map(entry_event, tail.entries), end]), last)
