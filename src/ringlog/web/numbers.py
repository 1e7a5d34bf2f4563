"""Numbers in addresses and queries."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from ringlog.errors import BadInput

_WHOLE = re.compile(r"[+-]?[0-9]{1,1000}")
FARTHEST = 2**53
"""Larger numbers mean the same as this one: later, or more, than anything there is."""


def whole_number(name: str, text: str) -> int:
    """Raises BadInput naming it."""
    if not _WHOLE.fullmatch(text):
        raise BadInput(f"{name} must be a whole number.")
    return min(max(int(text), -FARTHEST), FARTHEST)


def instant(name: str, text: str) -> int:
    """UNIX seconds, percent-encoded or not. Raises BadInput naming it."""
    decoded = unquote(text)
    if not _WHOLE.fullmatch(decoded):
        raise BadInput(f"{name} must be a time in whole UNIX seconds.")
    return whole_number(name, decoded)


def bounded(name: str, asked: Mapping[str, str], default: int, most: int) -> int:
    """The number of that name, kept within 1 and `most`. Raises BadInput naming it."""
    return min(max(whole_number(name, asked[name]), 1), most) if name in asked else default
