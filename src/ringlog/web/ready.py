"""Answers kept ready: the messages of the logs that were asked for last, within a budget of bytes."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from ringlog.model import Clock
from ringlog.web.asgi import Message

BUDGET_BYTES = 32 * 2**20
LARGEST_BYTES = 2**20
"""A larger answer is not kept: it would push out hundreds of others."""
OVERHEAD_BYTES = 1000
"""What an answer takes beside its body: key, dicts, headers."""

Wanted = tuple[int, str, bool]
"""Account, session_id, whether as XML."""


class _Ready(NamedTuple):
    message: Message
    until_us: int
    size: int


class ReadyMessages:
    """The last used ones. A Watcher: what may have changed is forgotten before the change is answered.

    Belongs to one event loop. A log that was read before a change is not kept after it: `changes` is asked
    before the reading and given to `keep`.
    """

    def __init__(self, clock: Clock, budget_bytes: int = BUDGET_BYTES) -> None:
        self._clock = clock
        self._kept: OrderedDict[Wanted, _Ready] = OrderedDict()
        self._left = budget_bytes
        self.changes = 0

    def find(self, wanted: Wanted) -> Message | None:
        ready = self._kept.get(wanted)
        if not ready or self._clock() >= ready.until_us:
            return None
        self._kept.move_to_end(wanted)
        return ready.message

    def keep(self, wanted: Wanted, message: Message, until_us: int, changes: int) -> None:
        size = len(message[1]["body"]) + OVERHEAD_BYTES
        if changes != self.changes or size > LARGEST_BYTES:
            return
        self._forget(wanted)
        self._kept[wanted] = _Ready(message, until_us, size)
        self._left -= size
        while self._left < 0:
            self._left += self._kept.popitem(last=False)[1].size

    def changed(self, account_id: int, session_ids: Iterable[str]) -> None:
        self.changes += 1
        for session_id in session_ids:
            self._forget((account_id, session_id, False))
            self._forget((account_id, session_id, True))

    def deleted(self, account_id: int, session_id: str) -> None:
        self.changed(account_id, (session_id,))

    def expired(self) -> None:
        self.changes += 1
        while self._kept:
            self._left += self._kept.popitem()[1].size

    def _forget(self, wanted: Wanted) -> None:
        if ready := self._kept.pop(wanted, None):
            self._left += ready.size
