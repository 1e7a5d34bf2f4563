"""How much of requests' bodies may be in memory at once."""

from collections.abc import Generator
from contextlib import contextmanager

from ringlog.errors import StoreBusy

ROOM_BYTES = 64 * 2**20
"""Of all bodies that are being received, parsed or stored; parsed, one takes some times its bytes."""


class Room:
    """What all requests hold together."""

    def __init__(self, size: int = ROOM_BYTES) -> None:
        self._size = size
        self.held = 0

    @contextmanager
    def share(self) -> Generator["Share"]:
        """For one request; given back at its end."""
        share = Share(self)
        try:
            yield share
        finally:
            self.held -= share.held

    def fits(self, more: int) -> bool:
        return self.held + more <= self._size


class Share:
    """What one request holds."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.held = 0

    def take(self, size: int) -> None:
        """Raises StoreBusy where others hold so much that this does not fit."""
        alone = self._room.held == self.held
        if not (alone or self._room.fits(size)):
            raise StoreBusy
        self.held += size
        self._room.held += size
