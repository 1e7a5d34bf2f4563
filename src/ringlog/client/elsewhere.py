"""What earlier runs of a writer left for other servers or accounts: it stays where it is, and is said."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ringlog.client.segment import segments, whole_bytes, write_durably
from ringlog.client.spool import DELIVERED, position

ADDRESS = "address"
"""Who a spool is for; its folder's name says it only to a program."""


def note_address(folder: Path, url: str, email: str) -> None:
    # A full disk is the spool's to report.
    with suppress(OSError):
        write_durably(folder / ADDRESS, f"{url} ({email})\n".encode())


def left_elsewhere(folder: Path) -> Iterator[str]:
    """A sentence for each other spool of this one's writer where records wait."""
    own = re.escape(folder.name.rpartition("-")[0])
    for other in sorted(folder.parent.iterdir()):
        if other != folder and re.fullmatch(rf"{own}-[0-9a-f]{{12}}", other.name):
            with suppress(OSError):
                if size := waiting_bytes(other):
                    yield f"{size:,} bytes wait in {other} for {address_of(other)}: they are not sent here."


def waiting_bytes(folder: Path) -> int:
    """What its server does not have yet. Raises OSError."""
    at = position((folder / DELIVERED).read_bytes())
    sizes = {number: whole_bytes(path) for number, path in segments(folder) if number >= at.segment}
    return sum(sizes.values()) - (at.offset if at.segment in sizes else 0)


def address_of(folder: Path) -> str:
    try:
        return (folder / ADDRESS).read_text(errors="replace").strip()
    except OSError:
        return "another server or account"
