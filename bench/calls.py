"""Generated calls: the recordings' shapes with names, numbers, microseconds and free text of their own.

Call `n` of a `Traffic` is the same in every run and on every machine. Its session id can be computed from
`n`, which is how the load generator asks for different calls without a list of them.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

from bench.shapes import Shape, recorded

BASE_S = 20_255 * 86_400
"""When a built store's first call began, a midnight (UTC); its servers keep everything for ever."""
DAY_S = 86_400

ONSETS = [
    "b",
    "br",
    "c",
    "ch",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "r",
    "s",
    "sh",
    "st",
    "t",
    "tr",
    "v",
    "w",
]
VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "ie", "oa", "ou"]
CODAS = ["", "", "l", "m", "n", "nd", "r", "rt", "s", "st", "t", "x"]


@cache
def words_of(vocabulary: int) -> tuple[str, ...]:
    """6,000 made-up words; another number gives others."""
    random = Random(vocabulary)
    found: dict[str, None] = {}
    while len(found) < 6000:
        parts = random.choice((1, 2, 2, 3))
        found[
            "".join(
                random.choice(ONSETS) + random.choice(VOWELS) + random.choice(CODAS) for _ in range(parts)
            )
        ] = None
    return tuple(found)


APPLICATIONS = 400
PROMPTS = 24
"""Of one application."""


class Filling(dict[str, str]):
    """What a call puts into the slots: what it keeps is in the dict, the rest is drawn each time."""

    def __init__(self, random: Random, words: tuple[str, ...]) -> None:
        application = random.randrange(APPLICATIONS)
        super().__init__(
            application=f"{words[application * 3]} {words[application * 5 + 1]}",
            number=f"{random.randrange(201, 990)}{random.randrange(10**7):07}",
            unique_id=f"{BASE_S + random.randrange(10**8)}.{random.randrange(10**5)}",
            person=f"{words[random.randrange(3000)].title()} {words[random.randrange(3000, 6000)].title()}",
        )
        self._random = random
        self._words = words
        self._application = application

    def __missing__(self, slot: str) -> str:
        random, words = self._random.random, self._words
        if slot == "prompt":
            number = self._application * PROMPTS + int(random() * PROMPTS)
            return f"{words[number % 5987]}-{words[number * 7 % 5981]}"
        if slot == "sentence":
            return " ".join(words[int(6000 ** random())] for _ in range(3 + int(random() * 10)))
        if slot == "email":
            return f"{self['person'].replace(' ', '.').lower()}@{words[int(random() * 6000)]}.example"
        if slot == "seconds":
            return f"{random() * 30:.1f} "
        if slot == "keys":
            return str(int(10 ** (random() * 9)))
        if slot == "channel":
            return f"{int(random() * 2**32):08x}"
        raise KeyError(slot)


@dataclass(frozen=True)
class Traffic:
    """`calls` calls of `entries` entries each, evenly over `span_s` seconds from `base_s` on."""

    calls: int
    entries: int = 7
    base_s: int = BASE_S
    span_s: int = 7 * DAY_S
    name: str = "pbx1"
    """Of the source; with another name the same calls are other text."""
    vocabulary: int = 11

    def start_s(self, n: int) -> int:
        return self.base_s + n * self.span_s // self.calls

    def session_id(self, n: int) -> str:
        return f"{self.start_s(n)}.{n}"

    def records(self, n: int) -> Iterator[str]:
        """The call's row and its entries as lines of `POST /v1/ingest`, as a Sender would write them."""
        random = Random(f"{self.name} {n}")
        filling = Filling(random, words_of(self.vocabulary))
        session_id = self.session_id(n)
        time_us = self.start_s(n) * 1_000_000 + random.randrange(1_000_000)
        source = f"asterisk@{self.name}/{n >> 16:06x}"
        lines: list[str] = []
        for seq, shape in enumerate(shapes_of(random, self.entries)):
            lines.append(
                f'{{"session_id":"{session_id}","event":{shape.event % filling},"class":"{shape.kind}",'
                f'"timestamp":{time_us // 1_000_000},"source":"{source}","seq":{seq},"time_us":{time_us}}}'
            )
            time_us += int(10 ** (1 + random.random() * 5.6))
        yield self._row(session_id, n, filling, random, time_us // 1_000_000)
        yield from lines

    def _row(self, session_id: str, n: int, filling: Filling, random: Random, end_s: int) -> str:
        row = {
            "session_id": session_id,
            "src": filling["number"],
            "dest": f"{random.randrange(100, 1000)}"
            if random.random() < 0.5
            else f"8005{random.randrange(10**6):06}",
            "type": "inbound" if random.random() < 0.8 else "outbound",
            "start": self.start_s(n),
            "end": end_s,
            "application": filling["application"],
            "version": f"{n % 3}.{n % 7}",
        }
        return json.dumps(row, separators=(",", ":"))

    def body(self, numbers: Iterable[int]) -> bytes:
        """Those calls as one NDJSON body."""
        return "\n".join(line for n in numbers for line in self.records(n)).encode()

    def bodies(self, entries: int, calls: range) -> Iterator[bytes]:
        """`calls` in bodies of about that many entries."""
        step = max(1, round(entries / self.entries))
        for first in range(calls.start, calls.stop, step):
            yield self.body(range(first, min(first + step, calls.stop)))


def shapes_of(random: Random, entries: int) -> Iterator[Shape]:
    """A recorded call's beginning, `entries - 2` of its middle from anywhere on, and its end."""
    call = random.choice(recorded())
    yield call[0]
    middle = call[1:-1]
    at = random.randrange(len(middle))
    for position in range(entries - 2):
        yield middle[(at + position) % len(middle)]
    yield call[-1]


def repeated(traffic: Traffic, calls: int = 3000) -> float:
    """The share of the bytes of events' text that an earlier event of these calls has word for word."""
    seen: set[str] = set()
    total = again = 0
    for n in range(0, traffic.calls, max(1, traffic.calls // calls)):
        for line in list(traffic.records(n))[1:]:
            event = line[line.index('"event":') : line.index(',"class":')]
            total += len(event)
            again += len(event) if event in seen else 0
            seen.add(event)
    return again / total
