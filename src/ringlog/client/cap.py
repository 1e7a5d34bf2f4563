"""What a full spool leaves out: `debug` entries first, everything counted, and said in the call's own log."""

import json
from collections.abc import Sequence
from typing import Any, cast

from ringlog.model import Entry, Kind

RELIEF_SHARE = 0.5
"""Below this share of the cap, calls that lost entries are told so."""


class Cap:
    """Watches a spool of `size` bytes. Only entries are left out; call rows are few and short."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._left_out: dict[str, int] = {}
        self._warned = False

    def reached(self, waiting: int) -> bool:
        """Whether `waiting` bytes are all that the spool takes."""
        return waiting >= self.size

    def leave_out(self, session_id: str) -> bool:
        """Counts one entry that is left out. True: it is the first since there was room."""
        self._left_out[session_id] = self._left_out.get(session_id, 0) + 1
        warned, self._warned = self._warned, True
        return not warned

    def relieved(self, waiting: int) -> Sequence[str]:
        """The calls to be told, once there is room again."""
        if not self._warned or waiting >= self.size * RELIEF_SHARE:
            return ()
        self._warned = False
        return self.untold()

    def untold(self) -> Sequence[str]:
        """The calls that lost entries and were not told so yet."""
        return list(self._left_out)

    def note(self, session_id: str, now_us: int) -> Entry | None:
        """What says in a call's log how many of its entries were left out since it was last said."""
        number = self._left_out.get(session_id, 0)
        if not number:
            return None
        line = f"Log incomplete: {entries(number)} left out, the spool was full"
        data = {"module_type": "sender", "result_variable": "spool", "left_out": number}
        return Entry(session_id, Kind.ERROR, line, data, now_us)

    def told(self, session_id: str) -> None:
        """The call's note is kept where its entries are."""
        self._left_out.pop(session_id, None)


def entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number} entries"


def is_debug(line: bytes) -> bool:
    """Whether a spooled line is a `debug` entry. What a power failure garbled is none."""
    if b'"class":"debug"' not in line:
        return False
    try:
        record: Any = json.loads(line)
    except ValueError:
        return False
    return isinstance(record, dict) and cast("dict[str, Any]", record).get("class") == Kind.DEBUG


def session_of(line: bytes) -> str:
    """The call that a spooled line belongs to."""
    return json.loads(line)["session_id"]
