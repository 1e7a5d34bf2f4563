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
    """One AMI message: an event, or a response."""

    __slots__ = ("_first", "pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs: Sequence[tuple[str, str]] = tuple(pairs)
        first: dict[str, str] = {}
        for key, value in self.pairs:
            first.setdefault(key, value)
        self._first = first

    def get(self, key: str, default: str = "") -> str:
        """The value of the key's first line."""
        return self._first.get(key, default)

    def all(self, key: str) -> list[str]:
        return [value for name, value in self.pairs if name == key]

    @property
    def name(self) -> str:
        """The event's name; empty for a response."""
        return self._first.get("Event", "")

    def __repr__(self) -> str:
        return f"Message({list(self.pairs)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.pairs == other.pairs

    def __hash__(self) -> int:
        return hash(self.pairs)


def parse(text: bytes) -> Message:
    """A message from its lines, without the empty one; bytes that are no UTF-8 become U+FFFD."""
    return Message(_pair(line) for line in text.decode(errors="replace").split("\r\n") if line)


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
        while (end := self._buffer.find(END, self._searched)) >= 0:
            found += self._block(bytes(self._buffer[:end]))
            del self._buffer[: end + len(END)]
            self._searched = 0
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
