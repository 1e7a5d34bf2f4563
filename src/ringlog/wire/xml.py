"""JSON values as XML 1.0 documents: what the read endpoints answer to `Accept: application/xml`.

The root is `<result>`. An object becomes one element for each key, in order; a list, one `<item>` for each
value; booleans are `true` and `false`, null is an empty element, a number keeps the text it has in the JSON.
There are no attributes, no namespaces and no blanks between elements.

What XML cannot say is mapped, and the answer is always well-formed:

- A key that is no element name: every character but letters, digits, `_`, `-` and `.` becomes `_` (so does
  `:`), and one that begins with a digit, `-`, `.` or, in any case, `xml` gets a `_` put before it; the empty
  key is `_`. So `1st` → `_1st`, `a b` → `a_b`, `xmlData` → `_xmlData`. Letters are those that every edition
  of XML 1.0 allows in names: Latin, Greek, Cyrillic, Hebrew, Arabic, Chinese, Japanese and Korean. Two keys
  may come out alike; then both elements are there, in order.
- A character that XML 1.0 forbids (U+0000–U+001F but for tab, line feed and carriage return; U+FFFE, U+FFFF;
  half a surrogate pair) becomes U+FFFD.
- `&`, `<` and `>` are written as `&amp;`, `&lt;` and `&gt;` (so `]]>` never stands there), a carriage return
  as `&#13;`, which a parser would otherwise read as a line feed.
"""

import json
import re
from typing import Any, cast

import msgspec

DECLARATION = b'<?xml version="1.0"?>'


def entries_xml(text: bytes) -> bytes:
    """The document of a call's entries; `text` is their JSON, joined by commas."""
    return document(msgspec.Raw(b"[%b]" % text))


def document(value: Any) -> bytes:
    """The document whose `<result>` holds `value`, any JSON-like value."""
    return DECLARATION + fragment("result", value)


def fragment(name: str, value: Any) -> bytes:
    """One element, for answers that are written piece by piece.

    A `msgspec.Raw` anywhere in `value` stands for the value of its JSON text.
    """
    parts: list[str] = []
    _put(parts, element_name(name), value, {})
    return "".join(parts).encode()


def element_name(key: str) -> str:
    """The name of a key's element."""
    name = NO_NAME_CHARACTER.sub("_", key)
    return f"_{name}" if NO_BEGINNING.match(name) else name


def _put(parts: list[str], name: str, value: Any, names: dict[str, str]) -> None:
    """Appends the element `name`; `names` are the elements' names of keys met so far."""
    if isinstance(value, str):
        parts.append(f"<{name}>{_escaped(value)}</{name}>")
    elif isinstance(value, msgspec.Raw):
        _put(parts, name, _decoded(bytes(value)), names)
    elif isinstance(value, dict) and value:
        parts.append(f"<{name}>")
        for key, inner in cast(dict[Any, Any], value).items():
            if key not in names:
                names[key] = element_name(str(key))
            _put(parts, names[key], inner, names)
        parts.append(f"</{name}>")
    elif isinstance(value, list | tuple) and value:
        parts.append(f"<{name}>")
        for inner in cast(list[Any], value):
            _put(parts, "item", inner, names)
        parts.append(f"</{name}>")
    else:
        plain = _plain(value)
        parts.append(f"<{name}>{plain}</{name}>" if plain else f"<{name}/>")


def _plain(value: Any) -> str:
    """The text of a number or a boolean; of null, and of what is empty, none."""
    if isinstance(value, int | float):
        text = msgspec.json.encode(value).decode()
        return "" if text == "null" else text
    return ""


def _escaped(text: str) -> str:
    return HOSTILE.sub(lambda found: ESCAPES.get(found[0], "\ufffd"), text) if HOSTILE.search(text) else text


def _decoded(text: bytes) -> Any:
    """The value of `text`, of which numbers may be strings: so they keep their text."""
    if not MINUS_ZERO.search(text):
        try:
            return _fast.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass  # half a surrogate pair, which only the other one lets through
    return json.loads(text, parse_int=str, parse_float=str)


ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
HOSTILE = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LETTERS = (
    "A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žƀ-ǃΈ-ΊΌΎ-ΡΣ-ώЁ-ЌЎ-яё-ќў-ҁ"
    "\u05d0-\u05ea\u0621-\u063a\u0641-\u064aぁ-ゔァ-ヺ一-\u9fa5가-\ud7a3"
)
"""In the tables of the fourth edition, which expat keeps to, and in the ranges of the fifth."""
NO_NAME_CHARACTER = re.compile(f"[^{LETTERS}0-9_.-]")
NO_BEGINNING = re.compile(r"[0-9.-]|xml|$", re.IGNORECASE | re.ASCII)
MINUS_ZERO = re.compile(rb"-0[,}\]\s]|-0$")
_fast = msgspec.json.Decoder(float_hook=str)
