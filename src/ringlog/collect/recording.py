"""A recorded AMI stream: what was said on which connection, when, and how to say it at another time."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from ringlog.errors import BadInput
from ringlog.model import MICROSECONDS

LINE = b"\r\n"
END = b"\r\n\r\n"
BANNER = b"Asterisk Call Manager/"

_BANNER_LINE = re.compile(rb"^Asterisk Call Manager/[^\r\n]*\r?\n", re.MULTILINE)
NOBODY = b"<unknown>"


class Spoken(NamedTuple):
    """One message as recorded, without the empty line that ends it."""

    text: bytes
    time_us: int | None

    def fields(self) -> Iterator[tuple[str, str]]:
        for line in self.text.split(LINE):
            key, colon, value = line.decode(errors="replace").partition(":")
            if colon:
                yield key, value.removeprefix(" ")


class Connection(NamedTuple):
    """What was said from one banner to the next."""

    banner: bytes
    messages: Sequence[Spoken]


@dataclass(frozen=True, slots=True)
class Recording:
    connections: Sequence[Connection]
    first_us: int
    last_us: int
    ids: frozenset[bytes]
    """Every id of a channel."""


def read_recording(path: Path) -> Recording:
    """Raises BadInput where the file cannot be read or holds no event with a time."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from None
    connections = [Connection(*connection) for connection in split(text)]
    spoken = [message for connection in connections for message in connection.messages]
    times = [message.time_us for message in spoken if message.time_us is not None]
    if not times:
        raise BadInput(
            f"{path} holds no event with a Timestamp; is it a recording of AMI with timestampevents?"
        )
    ids = frozenset(value for message in spoken for value in channel_ids(message.text))
    return Recording(connections, min(times), max(times), ids)


def split(text: bytes) -> Iterator[tuple[bytes, list[Spoken]]]:
    """The connections of a file: banner and messages. A message that a new banner cuts off is left out."""
    starts = list(_BANNER_LINE.finditer(text))
    if not starts or text[: starts[0].start()].strip():
        yield BANNER + b"11.0.0", messages(text[: starts[0].start()] if starts else text)
    ends = [*(start.start() for start in starts[1:]), len(text)]
    for start, end in zip(starts, ends, strict=False):
        yield start[0].strip(), messages(text[start.end() : end])


def messages(text: bytes) -> list[Spoken]:
    """The whole messages of one connection; what follows the last empty line was cut off."""
    blocks = text.split(END)[:-1]
    return [Spoken(block, timestamp(block)) for block in (block.lstrip(LINE) for block in blocks) if block]


def timestamp(message: bytes) -> int | None:
    """Microseconds."""
    for line in message.split(LINE):
        if line.startswith(b"Timestamp: "):
            seconds, _, fraction = line[11:].partition(b".")
            if seconds.isdigit() and (fraction or b"0").isdigit():
                return int(seconds) * MICROSECONDS + int(fraction[:6].ljust(6, b"0"))
    return None


def channel_ids(message: bytes) -> Iterator[bytes]:
    for line in message.split(LINE):
        key, _, value = line.partition(b": ")
        named = key.lower().endswith((b"uniqueid", b"linkedid")) and b"Bridge" not in key
        if named and value and value != NOBODY:
            yield value


# -- said at another time ----------------------------------------------------------------------------


def epoch_moved(value: bytes, by_s: int) -> bytes:
    seconds, point, fraction = value.partition(b".")
    if len(seconds) != 10 or not seconds.isdigit():
        return value
    return str(int(seconds) + by_s).encode() + point + fraction


def date_moved(value: bytes, by_s: int) -> bytes:
    """Moves `2026-11-23 09:02:06` and `2026-11-23T09:02:06.283+0000`; anything else stays as it is."""
    try:
        then = datetime.fromisoformat(value[:19].decode())
    except ValueError:
        return value
    separator = value[10:11].decode()
    return (then + timedelta(seconds=by_s)).isoformat(separator, "seconds").encode() + value[19:]


MOVED: dict[bytes, Callable[[bytes, int], bytes]] = {
    b"Timestamp": epoch_moved,
    b"SentNTP": epoch_moved,
    b"LoginTime": epoch_moved,
    b"LastCall": epoch_moved,
    b"LastPause": epoch_moved,
    b"EventTV": date_moved,
    b"SessionTV": date_moved,
    b"EventTime": date_moved,
    b"StartTime": date_moved,
    b"AnswerTime": date_moved,
    b"EndTime": date_moved,
}
"""The keys that hold a time, and how it is written."""
