"""Writes the recordings that are shipped for the demo: `.venv/bin/python -m tools.recordings`."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

from ringlog.collect.recording import END, LINE, channel_ids, read_recording

ROOT = Path(__file__).parent.parent
RECORDED = ROOT / "tests" / "recordings"
SHIPPED = ROOT / "src" / "ringlog" / "recordings"
LOAD = re.compile(rb"17954287(8[4-9]|9[0-8])\.\d+")
"""The ids of thirty equal calls in ten seconds."""
CHOSEN = b"client-chosen-id-"
"""No pass of a loop has such an id of its own in another run of the demo."""


def shown(name: str) -> bytes:
    """A recording as the demo plays it: the second one without its thirty equal calls, and the chosen id."""
    recording = read_recording(RECORDED / name / "ami.txt")
    return b"".join(
        connection.banner
        + LINE
        + b"".join(message.text + END for message in connection.messages if not left_out(message.text))
        for connection in recording.connections
    )


def left_out(message: bytes) -> bool:
    return any(LOAD.fullmatch(name) or name.startswith(CHOSEN) for name in channel_ids(message))


def shipped() -> Iterator[tuple[Path, bytes]]:
    for name in ("asterisk", "asterisk-2"):
        yield SHIPPED / f"{name}.ami.txt.gz", shown(name)


if __name__ == "__main__":
    for path, text in shipped():
        path.write_bytes(gzip.compress(text, 9, mtime=0))
