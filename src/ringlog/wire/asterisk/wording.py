"""Texts and times as people read them, and fields as Asterisk means them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ringlog.wire.checking import EARLIEST_S

MAX_LINE = 2_000
MAX_KEY = 200
MAX_DATA = 8_000
"""Characters of all texts of an entry's data together; with the line they stay under an entry's cap."""

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_TIMESTAMP = re.compile(r"([0-9]{1,12})\.([0-9]{1,9})")


def unescaped(value: str) -> str:
    r"""A VarSet's value as it was set: Asterisk sends it with `\n`, `\"` and `\\`, as C writes them."""
    if "\\" not in value:
        return value
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), value)


def time_us(timestamp: str) -> int | None:
    """A `Timestamp` in microseconds; None for what is none, or lies before any call log."""
    found = _TIMESTAMP.fullmatch(timestamp)
    if not found or int(found[1]) < EARLIEST_S:
        return None
    return int(found[1]) * 1_000_000 + int(found[2][:6].ljust(6, "0"))


def seconds(us: int) -> str:
    """A measured time: tenths of a second."""
    return f"{max(us, 0) / 1_000_000:.1f} s"


def limit(text: str) -> str:
    """A time limit as the dialplan gives it, such as ` within 0.3 s`; empty where it gives none."""
    return f"{text} s" if waiting(text) else ""


def moment(text: str) -> str:
    """A UNIX time that is read out, as people write it; without one the present is read out."""
    if not re.fullmatch(r"[0-9]{1,11}", text):
        return text or "now"
    return f"{datetime.fromtimestamp(int(text), UTC):%Y-%m-%d %H:%M:%S} UTC"


def waiting(text: str) -> float:
    """Seconds of a time limit; 0 where there is none."""
    try:
        value = float(text)
    except ValueError:
        return 0
    return value if 0 < value < 10**6 else 0


def number(text: str) -> int | None:
    """A small whole number, such as a cause; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def arguments(data: str) -> list[str]:
    """An application's arguments; ten of them at least, so that each can be named."""
    parts = data.split(",")
    return parts + [""] * (10 - len(parts))


def sounds(data: str) -> str:
    """The sound names of a prompt, as they stand in `a&b`."""
    return ", ".join(name for name in data.split("&") if name)


def person(number_text: str) -> str:
    """A caller's number as a call row holds it."""
    return "" if number_text == "<unknown>" else plain(number_text)


def plain(text: str) -> str:
    """Without control characters, which no call row may hold."""
    return "".join(c for c in text if not (c < " " or "\x7f" <= c <= "\x9f"))[:255]


def cut_line(line: str) -> str:
    return line if len(line) <= MAX_LINE else line[: MAX_LINE - 1] + "…"


def cut_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same data, its texts no longer than an entry may hold."""
    left = MAX_DATA
    kept: dict[str, Any] = {}
    for key, value in data.items():
        if left <= 0:
            break
        held = value[: left - 1] + "…" if isinstance(value, str) and len(value) > left else value
        left -= min(len(key), MAX_KEY) + (len(held) if isinstance(held, str) else 8)
        kept[key[:MAX_KEY]] = held
    return kept
