"""A request's body taken apart into its records, each still text.

A form is NDJSON (one record a line, blank lines do not count) or JSON: one record, an array of records, or
`{"calls": […]}` as the list endpoints answer.
"""

import io
import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from ringlog.errors import BadInput, BadRecords, UnknownMediaType
from ringlog.wire.strict import MAX_DEPTH, reason


class Records(NamedTuple):
    texts: Sequence[bytes]
    array: bool
    """They stood in a bare JSON array."""


def records(body: bytes, media_type: str) -> Records:
    """Raises UnknownMediaType, BadRecords, BadInput."""
    take_apart = FORMS.get(media_type)
    if not take_apart:
        raise UnknownMediaType(f"Content-Type must be one of {', '.join(FORMS)}.")
    return take_apart(body)


def _lines(body: bytes) -> Records:
    # One by one: millions of blank lines must not become a list.
    lines = (line.rstrip(b"\n") for line in io.BytesIO(body) if not line.isspace())
    return Records(list(lines), array=False)


def _json(body: bytes) -> Records:
    try:
        if body.lstrip(WHITESPACE).startswith(b"["):
            return Records([bytes(raw) for raw in _array.decode(body)], array=True)
        outer = _object.decode(body)
        if "calls" not in outer:
            return Records([body], array=False)
        return Records(_calls(body, outer), array=False)
    except UnicodeDecodeError:
        raise BadInput("The body is not UTF-8.") from None
    except RecursionError:
        number = _broken_at(body)
        raise BadRecords(f"Record {number} nests deeper than {MAX_DEPTH}.", [number]) from None
    except msgspec.DecodeError as error:
        raise _broken(body, error) from None


def _calls(body: bytes, outer: dict[str, msgspec.Raw]) -> list[bytes]:
    """The rows of an answer of the list endpoints."""
    strange = sorted(outer.keys() - {"calls", "total_calls"})
    if strange:
        raise BadInput(f"{strange[0]!r} is no key that stands beside 'calls'.")
    rows = _array.decode(outer["calls"])
    # Whoever repeats the key hides rows; looking costs nothing where it stands once.
    if body.count(b'"calls"') > 1 or body.count(b'"total_calls"') > 1 or b"\\u" in body:
        _no_key_twice(body)
    return [bytes(row) for row in rows]


def _no_key_twice(body: bytes) -> None:
    try:
        pairs = json.loads(body, object_pairs_hook=list, parse_int=str)
    except ValueError:
        return  # in one of the records, which will say so itself
    if len({key for key, _ in pairs}) < len(pairs):
        raise BadInput("The body has a key twice.")


def _broken(body: bytes, error: msgspec.DecodeError) -> BadInput:
    """Broken JSON names the record it broke in."""
    if isinstance(error, msgspec.ValidationError):
        return BadInput("A JSON body is a record, an array of records or an object with 'calls', an array.")
    number = _broken_at(body)
    return BadRecords(f"Record {number} {reason(error, body)}.", [number])


def _broken_at(body: bytes) -> int:
    text = body.decode(errors="replace")
    at = text.find("[") + 1
    head = text[:at].strip()
    if not head.startswith("[") and '"calls"' not in head:
        return 1
    number = 1
    decoder = json.JSONDecoder()
    while True:
        start = _skip(text, at)
        try:
            _, end = decoder.raw_decode(text, start)
            msgspec.json.decode(text[start:end])
        except (ValueError, RecursionError):  # DecodeError is a ValueError
            return number
        at = _skip(text, end)
        if text[at : at + 1] != ",":
            return number
        at, number = at + 1, number + 1


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] in {" ", "\t", "\r", "\n"}:
        at += 1
    return at


WHITESPACE = b" \t\r\n"
LINES = "application/x-ndjson"
FORMS: dict[str, Callable[[bytes], Records]] = {LINES: _lines, "application/json": _json}
_array = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
