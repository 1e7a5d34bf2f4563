"""Whether the clock can be believed enough to drop what cannot come back.

Expiry notes each of its readings. Where one is more than a day from the one before, the clock has leapt (or
nobody expired for so long), and expiry waits until it has gone on for a day from there: a clock that is set
right within that day has cost nothing, and one that was right all along costs a day of disk. A backup takes
the readings along, so that what is restored later waits for that day as well.
"""

import contextlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from ringlog.model import DAY_S, MICROSECONDS
from ringlog.store.sqlite.disk import files

LEAP_US = DAY_S * MICROSECONDS


class Readings(NamedTuple):
    """Since when the clock has gone without a leap, and when it was read last; in microseconds."""

    since_us: int
    seen_us: int

    def next(self, now_us: int) -> "Readings":
        leapt = abs(now_us - self.seen_us) > LEAP_US
        return Readings(now_us if leapt else self.since_us, now_us)

    @property
    def steady(self) -> bool:
        """A clock that was set back a little, or has never been seen to leap, is steady."""
        return not 0 <= self.seen_us - self.since_us < LEAP_US


def is_steady(folder: Path, now_us: int) -> bool:
    """Notes a reading. The first one of a store is believed; one behind garbage is a leap. Raises OSError."""
    path = folder / files.CLOCK
    now = _before(path, now_us).next(now_us)
    # On a full disk expiry is what helps: that this reading is forgotten costs a day at most.
    with contextlib.suppress(OSError):
        files.write_whole(path, msgspec.json.encode(now))
    return now.steady


def _before(path: Path, now_us: int) -> Readings:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Readings)
    except FileNotFoundError:
        return Readings(0, now_us)
    except msgspec.MsgspecError:
        return Readings(now_us, now_us)
