"""Entries as a Sender, an export or any plain writer puts them, read the short way.

Such a record is, but for blanks, byte for byte what encoding its values gives, in a Sender's order of keys or
in an export's. So it has no repeated or unknown key and no number in another text, and need not be looked at
again. Everything else goes the long way (`strict`, `shapes`), which also says what is wrong.
"""

import msgspec
from msgspec import UNSET

from ringlog.wire.shapes import Served, WireEntry
from ringlog.wire.strict import compact, may_be_deep


def canonical(text: bytes) -> tuple[WireEntry, bytes] | None:
    """The entry and its text as it is served; None where the long way must be taken."""
    if may_be_deep(text) or b"\\u" in text:  # an escape that encoding would not make
        return None
    try:
        entry = _entry.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    served = _encode(Served(entry.event, entry.kind, entry.timestamp))
    if _is_encoded(text, entry, served):
        return entry, served
    without_blanks = compact(text)
    if len(without_blanks) < len(text) and _is_encoded(without_blanks, entry, served):
        return entry, served
    return None


def _is_encoded(text: bytes, entry: WireEntry, served: bytes) -> bool:
    return _encode(entry) == text or _exported(entry, served) == text


def _exported(entry: WireEntry, served: bytes) -> bytes:
    """The entry in an export's order, its identity first; nothing where it has none."""
    if entry.session_id is UNSET or entry.source is UNSET or entry.seq is UNSET or entry.time_us is UNSET:
        return b""
    return b'{"session_id":%b,"source":%b,"seq":%d,"time_us":%d,%b' % (
        _encode(entry.session_id),
        _encode(entry.source),
        entry.seq,
        entry.time_us,
        served[1:],
    )


_encode = msgspec.json.Encoder().encode
_entry = msgspec.json.Decoder(WireEntry)
