"""Times and lengths as pages say them: in UTC; a module of script says them in the viewer's zone."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote

from ringlog.model import MICROSECONDS, Call
from ringlog.wording import caller, gap, how, lasted, minutes, tenths, visible

FIRST_S, LAST_S = -62_135_596_800, 253_402_300_799
"""Of the years 1 to 9999, which is all that a `datetime` holds."""

WORD = re.compile(r"\w+")
MOST_WORDS = 16
MOST_SHOWN = 300
"""Characters of a line that a list shows."""
SEEN, BEFORE = 40, 16
"""So many characters of it are in sight on any screen; and what is shown before a word behind them."""


def iso(at_s: int) -> str:
    """`2026-11-23T09:04:05Z`, for the `datetime` of a `time`."""
    return _at(at_s).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_fine(at_us: int) -> str:
    """`2026-11-23T09:04:05.123456Z`."""
    return f"{iso(at_us // MICROSECONDS)[:-1]}.{at_us % MICROSECONDS:06}Z"


def clock(at_s: int) -> str:
    """`09:04:05`."""
    return _at(at_s).strftime("%H:%M:%S")


def day(at_s: int) -> str:
    """`Monday 23 November 2026`."""
    at = _at(at_s)
    return f"{at:%A} {at.day} {at:%B %Y}"


def date(at_s: int) -> str:
    """`23 November 2026`."""
    at = _at(at_s)
    return f"{at.day} {at:%B %Y}"


def short_day(at_s: int) -> str:
    """`23 Nov`."""
    at = _at(at_s)
    return f"{at.day} {at:%b}"


def moment(at_s: int) -> str:
    """`Mon, 23 Nov 2026, 09:04:05`."""
    at = _at(at_s)
    return f"{at:%a}, {at.day} {at:%b %Y, %H:%M:%S}"


def fine(at_us: int) -> str:
    """`09:04:05.391`."""
    return f"{clock(at_us // MICROSECONDS)}.{at_us % MICROSECONDS // 1000:03}"


def call_address(session_id: str) -> str:
    """Where the page of a call is: whatever the id holds, nothing but the id."""
    return f"/calls/{quote(session_id, safe='')}"


def found_address(call: Call) -> str:
    """The same, at the entry that a search found."""
    here = call_address(call.session_id)
    return here if call.found_arrival is None else f"{here}?at={call.found_arrival}#e{call.found_arrival}"


def around(line: str, text: str) -> str:
    """The part of a line that shows the first of the words in `text`, as long as a row of a list may be."""
    folded = line.lower()
    places = [folded.find(word) for word in WORD.findall(text.lower())[:MOST_WORDS]]
    first = min((place for place in places if place >= 0), default=0)
    begin = first - BEFORE if first > SEEN else 0
    return f"{'…' if begin else ''}{cut(line[begin:])}"


def cut(line: str) -> str:
    """As much of a line as a row of a list may be."""
    return line if len(line) <= MOST_SHOWN else f"{line[:MOST_SHOWN]}…"


def _at(at_s: int) -> datetime:
    return datetime.fromtimestamp(min(max(at_s, FIRST_S), LAST_S), UTC)


FILTERS: dict[str, Callable[..., str]] = {
    f.__name__: f
    for f in (
        around,
        cut,
        iso,
        iso_fine,
        clock,
        day,
        date,
        short_day,
        moment,
        fine,
        found_address,
        caller,
        gap,
        how,
        lasted,
        tenths,
        visible,
    )
} | {"duration": minutes}
