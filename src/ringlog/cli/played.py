"""The two PBXs of the demo: which recording each plays, and which of its calls to look at first."""

import gzip
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import count
from pathlib import Path

from ringlog.collect.recording import Recording
from ringlog.model import MICROSECONDS

ENDED_AGO_S = 60
STARTING_S = 20
"""At most so long after the demo's start the first pass begins."""


@dataclass(frozen=True, slots=True)
class Played:
    """A PBX, and the recording that is played in its place."""

    name: str
    recording: str
    prefix: str
    """Before the ids of its calls: the engines of both began to count at 0."""
    calls: int
    """Calls that the recording tells of."""
    worth: Mapping[str, str]
    """Callers of calls to look at first, and what happened to each."""

    def unpacked(self, folder: Path) -> Path:
        """The recording that is shipped with the program, as a file to replay."""
        packed = resources.files("ringlog") / "recordings" / f"{self.recording}.gz"
        path = folder / self.recording
        path.write_bytes(gzip.decompress(packed.read_bytes()))
        return path


IVR = Played("ivr", "asterisk.ami.txt", "", 35, {})
OFFICE = Played(
    "office",
    "asterisk-2.ami.txt",
    "office-",
    54,
    {
        "2025550102": "a queue in which nobody answered",
        "2025550191": "an attended transfer: the caller leaves, the others go on talking",
        "2025550110": "kicked out of a conference",
        "2025550127": "an AGI script that crashed",
        "2025550143": "three phones rung: one busy, one refuses, one silent",
        "2025550116": "a parked call that was fetched, and the talk of the two",
        "2025550150": "the engine was killed in the middle of it",
    },
)
PBXS = (IVR, OFFICE)


def untaken(recording: Recording, known: Collection[str], now_s: int) -> int:
    """How many seconds ago the pass at once ends, so that none of its ids is one that an earlier run gave.

    Ids move with the times, so two passes have the same ones where both move by the same seconds.
    """
    recorded = dict(name.decode().split(".", 1)[::-1] for name in recording.ids if name.count(b".") == 1)
    taken = {
        int(epoch) - int(recorded[n])
        for epoch, _, n in (name.partition(".") for name in known)
        if n in recorded and epoch.isdecimal()
    }
    last_s = recording.last_us // MICROSECONDS
    for ago_s in count(ENDED_AGO_S, STARTING_S):
        moved_s = now_s - ago_s - last_s
        if taken.isdisjoint(range(moved_s - 2, moved_s + STARTING_S)):
            return ago_s
    raise AssertionError
