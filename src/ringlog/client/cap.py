"""What a full spool leaves out: `debug` entries first, everything counted, and said in the call's own log."""

from collections.abc import Iterator

from ringlog.model import Entry, Kind

DEBUG_SHARE = 0.8
"""Above this share of the cap, `debug` entries are left out; above the cap itself, all entries are."""
RELIEF_SHARE = 0.5
"""Below this share, calls that lost entries are told so."""


class Cap:
    """Decides what a spool of `size` bytes still takes. Call rows always are: they are few and short."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._left_out: dict[str, int] = {}
        self.unwritten = 0
        """Records that the disk did not take."""

    def takes(self, entry: Entry, waiting: int) -> bool:
        """Whether `entry` is taken while `waiting` bytes wait; if not, it is counted."""
        limit = self._size * (DEBUG_SHARE if entry.kind is Kind.DEBUG else 1)
        if waiting < limit:
            return True
        self._left_out[entry.session_id] = self._left_out.get(entry.session_id, 0) + 1
        return False

    def lost(self) -> None:
        self.unwritten += 1

    def relieved(self, waiting: int) -> Iterator[str]:
        """The calls to be told, once there is room again."""
        if self._left_out and waiting < self._size * RELIEF_SHARE:
            yield from list(self._left_out)

    def note(self, session_id: str, now_us: int) -> Entry | None:
        """What says in a call's log how many of its entries were left out since it was last said."""
        number = self._left_out.pop(session_id, 0)
        if not number:
            return None
        line = (
            f"Log incomplete: {number} {'entry' if number == 1 else 'entries'} left out, the spool was full"
        )
        data = {"module_type": "sender", "result_variable": "spool", "left_out": number}
        return Entry(session_id, Kind.ERROR, line, data, now_us)
