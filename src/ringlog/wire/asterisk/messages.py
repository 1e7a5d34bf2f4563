"""AMI on the wire: bytes to messages.

A message is lines `Key: value` ended by CRLF, and an empty line. A bare line feed belongs to the value, a key
may stand many times, and keys may hold `/`, `@` and `;`. The first line of a connection is a banner.
"""

from collections.abc import Iterable, Sequence

END = b"\r\n\r\n"
LINE = b"\r\n"
BANNER = b"Asterisk Call Manager/"
MAX_MESSAGE_BYTES = 2**20
"""A longer message is dropped as a whole, so that memory stays bounded."""


class Banner(str):
    """The line with which an engine greets; what follows is a new connection."""

    __slots__ = ()


class Message:
    """One AMI message: an event, or a response.

    As it is heard it stays one text, in which a key is looked for when it is asked for: of most events only a
    few are, and a busy PBX says thousands a second.
    """

    __slots__ = ("_first", "_pairs", "_text", "name")

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs: Sequence[tuple[str, str]] | None = tuple(pairs)
        self._first: dict[str, str] | None = dict(reversed(self._pairs))
        self._text = ""
        self.name = self.get("Event")
        """The event's name; empty for a response."""

    @classmethod
    def heard(cls, text: str) -> "Message":
        """From its lines, each ended by CR LF, as it was said."""
        message = cls.__new__(cls)
        message._pairs = message._first = None
        message._text = "\r\n" + text
        message.name = message.get("Event")
        return message

    @property
    def pairs(self) -> Sequence[tuple[str, str]]:
        if self._pairs is None:
            self._pairs = tuple(_pair(line) for line in self._text.split("\r\n") if line)
        return self._pairs

    def get(self, key: str, default: str = "") -> str:
        """The value of the key's first line."""
        if self._first is not None:
            return self._first.get(key, default)
        place = self._text.find(f"\r\n{key}: ")
        if place < 0:
            return default if f"\r\n{key}:\r\n" not in self._text else ""
        start = place + len(key) + 4
        return self._text[start : self._text.index("\r\n", start)]

    def all(self, key: str) -> list[str]:
        if self._first is not None:
            return [value for name, value in self.pairs if name == key]
        return [value.partition("\r\n")[0] for value in self._text.split(f"\r\n{key}: ")[1:]]

    def __repr__(self) -> str:
        return f"Message({list(self.pairs)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.pairs == other.pairs

    def __hash__(self) -> int:
        return hash(self.pairs)


def parse(text: bytes) -> Message:
    """A message from its lines, without the empty one; bytes that are no UTF-8 become U+FFFD."""
    return Message.heard(text.decode(errors="replace") + "\r\n")


def _pair(line: str) -> tuple[str, str]:
    key, colon, value = line.partition(": ")
    return (key, value) if colon else (line.rstrip(": "), "")


class Splitter:
    """Takes a connection's bytes, cut anywhere, and gives its messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._dropping = False

    def feed(self, data: bytes) -> list[Message | Banner]:
        """The messages that these bytes complete."""
        self._buffer += data
        found: list[Message | Banner] = []
        if self._buffer.find(END, self._searched) >= 0:
            *blocks, rest = bytes(self._buffer).split(END)
            for block in blocks:
                found += self._block(block)
            self._buffer = bytearray(rest)
        self._searched = max(0, len(self._buffer) - len(END) + 1)
        if len(self._buffer) > MAX_MESSAGE_BYTES:
            self._dropping = True
            del self._buffer[: self._searched]
            self._searched = 0
        return found

    def _block(self, text: bytes) -> Iterable[Message | Banner]:
        if self._dropping:
            self._dropping = False
            return
        if BANNER in text:
            # Two connections recorded one after the other may be glued inside a message that was cut.
            start = text.index(BANNER)
            if start == 0 or text[start - 1 : start] == b"\n":
                banner, _, text = text[start:].partition(LINE)
                yield Banner(banner.decode(errors="replace"))
        if text := text.lstrip(LINE):
            yield parse(text)
