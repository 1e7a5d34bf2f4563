"""The log of one call while it grows: what is said, and what still has to be decided before it.

An entry whose meaning is not settled yet (was the prompt missing? has only the caller left?) holds a place;
whatever is logged after it waits behind it, so that times never step back within a log.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ringlog.model import Entry, Kind, mask
from ringlog.wire.asterisk.secrets import Secrets
from ringlog.wire.asterisk.wording import cut_data, cut_line

MAX_NAME = 255
"""Characters of what names a step; nothing that Asterisk names is longer."""


@dataclass(slots=True)
class Line:
    """An entry in the making: secrets are masked when it leaves the log."""

    kind: Kind
    text: str
    module: str
    result: str
    at_us: int
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    private: bool = False


class Place:
    """Somewhere in the log that is still to be decided."""

    __slots__ = ("lines", "open", "otherwise")

    def __init__(self, otherwise: Line | None = None) -> None:
        self.lines: list[Line] = []
        self.open = True
        self.otherwise = otherwise
        """What is said there if the call ends undecided."""


class Log:
    """What is said of one call, in order."""

    def __init__(
        self,
        session_id: str,
        secrets: Secrets,
        emit: Callable[[Entry], None],
        engine_us: Callable[[int], int] = int,
    ) -> None:
        """`engine_us` turns a line's time into the engine's."""
        self.session_id = session_id
        self.said = 0
        """How many lines were said so far, settled or not."""
        self._secrets = secrets
        self._emit = emit
        self._engine_us = engine_us
        self._waiting: deque[Place] = deque()
        self._last_us = 0
        self._ended = False

    def say(self, line: Line) -> None:
        self.said += 1
        place = Place()
        place.lines.append(line)
        place.open = False
        self._waiting.append(place)
        self._drain()

    def hold(self, otherwise: Line | None = None) -> Place:
        """A place for what `settle` will say; all that is said later waits for it."""
        place = Place(otherwise)
        self._waiting.append(place)
        return place

    def settle(self, place: Place, *lines: Line) -> None:
        """Says these lines there, or nothing; a settled place stays as it is."""
        if not place.open:
            return
        place.open = False
        place.lines.extend(lines)
        self.said += len(lines)
        self._drain()

    def decide(self) -> None:
        """Says what is open as it is said otherwise: the call's end waits for nothing."""
        for place in [one for one in self._waiting if one.open]:
            self.settle(place, *([place.otherwise] if place.otherwise else ()))

    def end(self) -> None:
        """Nothing is said any more: the call has its end, and its id may come again."""
        self._ended = True

    def told_us(self, at_us: int) -> int:
        """When something happened, as the log tells it: never before what it told already."""
        return max(self._last_us, self._engine_us(at_us))

    def _drain(self) -> None:
        while self._waiting and not self._waiting[0].open:
            for line in self._waiting.popleft().lines:
                if not self._ended:
                    self._emit(self._entry(line))

    def _entry(self, line: Line) -> Entry:
        self._last_us = self.told_us(line.at_us)
        clean = self._secrets.cleaned_text
        text = cut_line(clean(line.text))
        result = self._secrets.cleaned(line.result)[:MAX_NAME]
        data = {"module_type": line.module[:MAX_NAME], "result_variable": result}
        data.update((clean(key), clean(value)) for key, value in line.data.items() if key not in data)
        if line.private:
            text, data = mask(text, data)
        return Entry(self.session_id, line.kind, text, cut_data(data), self._last_us, line.private)
