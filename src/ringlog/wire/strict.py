"""JSON that means one thing only: decoded in full, with no repeated key, and its text in compact form.

`msgspec.json.format` and `msgspec.Raw` keep the text of numbers but let invalid UTF-8 and `1e400` through;
`decode` silently takes the last of a repeated key; so a text is decoded, formatted and compared.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, cast

import msgspec

from ringlog.errors import BadInput

MAX_DEPTH = 64
"""Objects and lists inside one another, the record itself being the first."""


class NotStrict(BadInput):
    """The text is no JSON that Ringlog takes. The message ends a sentence and quotes nothing of the text."""


def decode(text: bytes) -> tuple[Any, bool]:
    """The value, and whether encoding it again gives the text's own compact form.

    Raises NotStrict.
    """
    try:
        value = msgspec.json.decode(text)
    except UnicodeDecodeError:
        raise NotStrict("is not UTF-8") from None
    except RecursionError:
        raise NotStrict(f"nests deeper than {MAX_DEPTH}") from None
    except msgspec.DecodeError as error:
        raise NotStrict(reason(error, text)) from None
    if may_be_deep(text) and depth(value) > MAX_DEPTH:
        raise NotStrict(f"nests deeper than {MAX_DEPTH}")
    if msgspec.json.encode(value) == compact(text):
        return value, True
    json.loads(text, object_pairs_hook=no_repeats, parse_int=str, parse_float=str)
    return value, False


def compact(text: bytes) -> bytes:
    return msgspec.json.format(text, indent=-1)


def reason(error: msgspec.DecodeError, text: bytes) -> str:
    """What is wrong with `text`, of which nothing is quoted."""
    if isinstance(error, msgspec.ValidationError):
        return "holds a number out of range"
    if SURROGATE.search(text) and _is_loose_json(text):
        return "holds half a surrogate pair"
    return "is not JSON: " + str(error).removeprefix("JSON is malformed: ").lower()


def _is_loose_json(text: bytes) -> bool:
    """Whether `json`, which lets half a surrogate pair through, finds nothing wrong."""
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return False
    return True


def no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For `json.loads`: an object, unless a key stands in it twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotStrict("has a key twice in one object")
    return found


def may_be_deep(text: bytes) -> bool:
    """Counting brackets is quick, and most texts have few."""
    return text.count(b"{") + text.count(b"[") > MAX_DEPTH


def depth(value: Any) -> int:
    """How many objects and lists stand inside one another."""
    level = 0
    rest: list[Any] = [value] if isinstance(value, dict | list) else []
    while rest:
        level += 1
        rest = [inner for outer in rest for inner in _inside(outer) if isinstance(inner, (dict, list))]
    return level


def _inside(outer: Any) -> Iterable[Any]:
    return cast(dict[str, Any], outer).values() if isinstance(outer, dict) else outer


SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
