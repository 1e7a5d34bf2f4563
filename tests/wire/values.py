"""Any JSON: as text in the ways of many writers, and as a value that keeps every number's text."""

import json
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Other tests may have the machine."""


class Number(str):
    """A number's text."""

    __slots__ = ()


NUMBERS = st.one_of(
    st.integers().map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?", fullmatch=True),
    st.sampled_from(["-0", "1.0", "1e5", "1E22", "0.10", "9007199254740993", "1" * 60]),
).map(Number)
ODD = '\x00\x01\x08\t\n\x0b\x0c\r\x1f\x7f\x85\u2028\ufffd\ufffe\uffff\U0001fffe😀é"\\/<>&]'
TEXTS = st.one_of(st.text(max_size=12), st.text(alphabet=ODD, max_size=6))
KEYS = st.one_of(
    TEXTS,
    st.sampled_from(
        [
            "",
            "1st",
            "a b",
            "xml",
            "XMLdata",
            "xMl",
            "a:b",
            "-",
            ".a",
            "größe",
            "日本",
            "item",
            "]]>",
            "ª",
            "²",
        ]
    ),
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def written(value: Any, *, blank: str = "", ascii_only: bool = False) -> str:
    """`value` as JSON; `blank` stands wherever blanks may stand."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        members = (
            json.dumps(key, ensure_ascii=ascii_only)
            + blank
            + ":"
            + blank
            + written(inner, blank=blank, ascii_only=ascii_only)
            for key, inner in value.items()
        )
        return "{" + blank + f"{blank},{blank}".join(members) + blank + "}"
    if isinstance(value, list):
        inside = (written(inner, blank=blank, ascii_only=ascii_only) for inner in value)
        return "[" + blank + f"{blank},{blank}".join(inside) + blank + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


def read(text: bytes | str) -> Any:
    """The value of a JSON text, its numbers as their text; objects compare with their order by `pairs`."""
    return json.loads(text, parse_int=Number, parse_float=Number)


def pairs(text: bytes | str) -> Any:
    """Like `read`, but objects are lists of pairs: order and repetition count."""
    return json.loads(
        text, parse_int=Number, parse_float=Number, object_pairs_hook=lambda found: ("object", found)
    )
