"""What each copy of a recording says its own way: ids, channels, bridges and people's numbers."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ringlog.collect.recording import LINE, MOVED, Recording

COUNTER, CHANNEL, TAG, DIGITS = b"\0c", b"\0h", b"\0t", b"\0d"
"""What stands in a message where each copy says something else."""

_EPOCH_ID = re.compile(rb"(?s)(.*?)(\d{10})\.(\d+)")
_EPOCH_IN_TEXT = re.compile(rb"(?<![\d.])(\d{10})\.(\d+)(?!\d)")
_CHANNEL = re.compile(rb"-([0-9a-f]{8})(?=(?:;[12])?\Z)")
_CHANNEL_IN_TEXT = re.compile(rb"-([0-9a-f]{8})(?![0-9a-f])")
_NUMBER = re.compile(rb"\+?\d{4,}")
"""Shorter ones are places in a dialplan, and stand for causes and seconds as well."""

Marks = Callable[[bytes], bytes]


class Copy(NamedTuple):
    """What one copy puts where the marks stand."""

    counter: bytes
    channel: bytes
    tag: bytes
    digits: bytes

    def of(self, marked: bytes) -> bytes:
        said = marked.replace(COUNTER, self.counter).replace(CHANNEL, self.channel)
        return said.replace(TAG, self.tag).replace(DIGITS, self.digits)


def alone(number: int) -> Sequence[Copy]:
    """The only copy of pass `number`: its ids move with the times, and others get a suffix."""
    return [Copy(b"", b"", b"~%d" % number, b"")]


def side_by_side(recording: Recording, count: int, number: int) -> Sequence[Copy]:
    """`count` copies in pass `number` (from 1), told apart by their own number: 3 of 200 here.

    id                 1795428590.20         1795428590.320
    any other id       my-id                 my-id~3 (its running number in all passes)
    channel            PJSIP/agent-0000001c  PJSIP/agent-0000031c
    bridge             b39d…0627             b39d…0627~3
    number of a person 2025550101            2025550101003
    """
    room = max((len(counter.lstrip(b"0")) for counter in channels(recording)), default=0)
    width, before = len(str(count)), (number - 1) * count
    return [
        Copy(b"%d" % k, b"%0*x" % (8 - room, k), b"~%d" % (before + k), b"%0*d" % (width, k))
        for k in range(1, count + 1)
    ]


class Mover:
    """Says messages `by_s` seconds later than they were recorded, once for each of `copies`.

    Without `copies` ids stay. With one, the epoch part of an id `<prefix><epoch>.<n>` moves with the time,
    and any other gets a suffix, wherever they occur; with several, see `side_by_side`.
    """

    def __init__(self, recording: Recording, by_s: int, copies: Sequence[Copy] = ()) -> None:
        self.by_s = by_s
        self._copies = copies
        matches = [match for name in recording.ids if (match := _EPOCH_ID.fullmatch(name))]
        self._epochs = frozenset(b"%s.%s" % match.group(2, 3) for match in matches)
        several = bool(copies and copies[0].counter)
        self._width = max((len(match[3]) for match in matches), default=0) if several else 0
        self._room = channels(recording) if several else frozenset[bytes]()
        self._channel_digits = max((len(counter.lstrip(b"0")) for counter in self._room), default=0)
        self._marks: Sequence[Marks] = list(self._marking(recording, several=several)) if copies else []

    def messages(self, text: bytes) -> list[bytes]:
        """A message as each copy says it; one that names nothing of a copy's own is said once."""
        moved = self.message(text)
        if b"\0" not in moved:
            return [moved]
        return [copy.of(moved) for copy in self._copies]

    def message(self, text: bytes) -> bytes:
        """With the marks still in it."""
        return LINE.join(map(self._line, text.split(LINE)))

    def _line(self, line: bytes) -> bytes:
        key, colon, value = line.partition(b": ")
        if move := MOVED.get(key):
            return key + colon + move(value, self.by_s)
        for mark in self._marks:
            line = mark(line)
        return line

    def _marking(self, recording: Recording, *, several: bool) -> Iterator[Marks]:
        yield lambda line: _EPOCH_IN_TEXT.sub(self._epoch, line)
        others = {name for name in recording.ids if not _EPOCH_ID.fullmatch(name)}
        if several:
            others |= bridges(recording)
            yield lambda line: _CHANNEL_IN_TEXT.sub(self._channel, line)
            if people := one_of(numbers(recording)):
                number = re.compile(rb"(?<![\w+-])(?<!\d\.)%s(?![\w-])(?!\.\d)" % people)
                yield lambda line: number.sub(rb"\g<0>" + DIGITS, line)
        if chosen := one_of(others):
            name = re.compile(rb"(?<![\w-])%s(?![\w-])" % chosen)
            yield lambda line: name.sub(rb"\g<0>" + TAG, line)

    def _epoch(self, match: re.Match[bytes]) -> bytes:
        if match[0] not in self._epochs:
            return match[0]
        return b"%d.%s%s" % (int(match[1]) + self.by_s, COUNTER, match[2].rjust(self._width, b"0"))

    def _channel(self, match: re.Match[bytes]) -> bytes:
        if match[1] not in self._room:
            return match[0]
        return b"-%s%s" % (CHANNEL, match[1][8 - self._channel_digits :])


def one_of(texts: Iterable[bytes]) -> bytes:
    """A pattern for any of them, the longest first; empty where there is none."""
    found = b"|".join(map(re.escape, sorted(texts, key=len, reverse=True)))
    return b"(?:%s)" % found if found else b""


def channels(recording: Recording) -> frozenset[bytes]:
    """The running numbers, eight hexadecimal digits, that the names of channels end with."""
    found = map(_CHANNEL.search, values(recording, b"Channel"))
    return frozenset(match[1] for match in found if match)


def bridges(recording: Recording) -> frozenset[bytes]:
    return frozenset(values(recording, b"BridgeUniqueid"))


def numbers(recording: Recording) -> frozenset[bytes]:
    """Of people: who calls, and who is called."""
    found = values(recording, b"CallerIDNum", b"ConnectedLineNum")
    return frozenset(number for number in found if _NUMBER.fullmatch(number))


def values(recording: Recording, *ends: bytes) -> Iterator[bytes]:
    """The values of all keys that end so."""
    for connection in recording.connections:
        for message in connection.messages:
            for line in message.text.split(LINE):
                key, colon, value = line.partition(b": ")
                if colon and value and key.endswith(ends):
                    yield value
