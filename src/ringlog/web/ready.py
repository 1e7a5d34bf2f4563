"""Answers kept ready: the bodies of the logs that were asked for last, within a budget of bytes."""

from collections import OrderedDict
from collections.abc import Iterable

from ringlog.model import Clock

BUDGET_BYTES = 32 * 2**20
LARGEST_BYTES = 2**20
"""A larger answer is not kept: it would push out hundreds of others."""
OVERHEAD_BYTES = 350
"""What an answer takes beside its body: its key, the objects' heads, its place among the others."""

Wanted = tuple[int, str, bool]
"""Account, session_id, whether as XML."""

_Ready = tuple[bytes, int, int]
"""Body, until when it may be sent, in microseconds, and how often Days had expired when it was kept. A tuple
and no class of ours: the garbage collector leaves alone what holds only bytes and numbers, and there are tens
of thousands of these."""


class ReadyAnswers:
    """The last used ones. A Watcher: what may have changed is forgotten before the change is answered.

    Belongs to one event loop. A log that was read before a change is not kept after it: `changes` is asked
    before the reading and given to `keep`.
    """

    def __init__(self, clock: Clock, budget_bytes: int = BUDGET_BYTES) -> None:
        self._clock = clock
        self._kept: OrderedDict[Wanted, _Ready] = OrderedDict()
        self._left = budget_bytes
        self._expiries = 0
        self.changes = 0

    def find(self, wanted: Wanted) -> bytes | None:
        ready = self._kept.get(wanted)
        if not ready or self._clock() >= ready[1] or ready[2] != self._expiries:
            return None
        self._kept.move_to_end(wanted)
        return ready[0]

    def keep(self, wanted: Wanted, body: bytes, until_us: int, changes: int) -> None:
        size = _size(body)
        if changes != self.changes or size > LARGEST_BYTES:
            return
        self._forget(wanted)
        self._kept[wanted] = body, until_us, self._expiries
        self._left -= size
        while self._left < 0:
            self._left += _size(self._kept.popitem(last=False)[1][0])

    def changed(self, account_id: int, session_ids: Iterable[str]) -> None:
        self.changes += 1
        for session_id in session_ids:
            self._forget((account_id, session_id, False))
            self._forget((account_id, session_id, True))

    def deleted(self, account_id: int, session_id: str) -> None:
        self.changed(account_id, (session_id,))

    def expired(self) -> None:
        """None of them is sent any more. They go one by one, as others are kept: together they would take
        as long as hundreds of reads.
        """
        self.changes += 1
        self._expiries += 1

    def _forget(self, wanted: Wanted) -> None:
        if ready := self._kept.pop(wanted, None):
            self._left += _size(ready[0])


def _size(body: bytes) -> int:
    return len(body) + OVERHEAD_BYTES
