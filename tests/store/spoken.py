"""Texts in several scripts as calls say them, and a plain look at each line that says whether it holds one.

Nothing here asks `ringlog.terms`: what is found is held against these.
"""

import random
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

Line = str


class Said(NamedTuple):
    """Something a line may hold: ways it is written, how it is asked for, and when a line holds it."""

    written: Sequence[str]
    asked: Sequence[str]
    is_in: Callable[[Line], bool]


def word(*written: str, lower: str = "", asked: Sequence[str] = ()) -> Said:
    """A word of a script with blanks; `lower` is what all ways of writing it fold to."""
    lower = lower or written[0].lower()
    ways = {*written, lower}
    return Said(written, [*written, *asked], lambda line: not ways.isdisjoint(re.findall(r"\w+", line)))


def piece(*written: str, asked: Sequence[str] = ()) -> Said:
    """Of a script without blanks, or to be found as it is written."""
    return Said(written, [*written, *asked], lambda line: any(way in line for way in written))


def number(digits: str, *written: str) -> Said:
    def is_in(line: Line) -> bool:
        return digits in re.sub(r"[^0-9|]", "", line)

    return Said(written, [digits, *written], is_in)


SAID = [
    word("answered", "Answered", "ANSWERED"),
    word("prompt"),
    word("Straße", "STRASSE", "strasse"),
    piece("Zoë", "ZOË", "Zoe\u0308", asked=["zoë"]),
    word("Привет", "ПРИВЕТ", "привет"),
    word("σίσυφος", "ΣΊΣΥΦΟΣ"),
    word("ｆｕｌｌ", "full"),
    piece("東京", asked=["東京", "東"]),
    piece("한국어", asked=["한국"]),
    piece("नमस्ते"),
    piece("ภาษา"),
    piece("ann@example.com", "ANN@Example.com"),
    number("6175550134", "617-555-0134", "(617) 555-0134", "617 555 0134", "6175550134"),
    number("2025550107", "202.555.0107", "2025550107"),
    word("rare"),
]


def line(chance: random.Random) -> str:
    """Pieces with signs between them that belong to none."""
    said = chance.choices(SAID, [20, *[4] * (len(SAID) - 2), 0.3], k=chance.randint(1, 3))
    return " | ".join(chance.choice(one.written) for one in said)
