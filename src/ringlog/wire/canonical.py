"""Entries as a Sender, an export or any plain writer puts them, read the short way.

Such a record is, but for blanks, byte for byte what encoding its values gives, in one of a few orders of the
keys. So it has no repeated or unknown key and no number in another text, and need not be looked at again;
everything else goes the long way (`strict`, `shapes`), which also says what is wrong.
"""

import msgspec
from msgspec import UNSET

from ringlog.wire.shapes import Served, WireEntry
from ringlog.wire.strict import compact, may_be_deep


def canonical(text: bytes) -> tuple[WireEntry, bytes] | None:
    """The entry and its text as it is served; None where the long way must be taken."""
    if may_be_deep(text):
        return None
    try:
        entry = _entry.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if entry.session_id is UNSET:
        return None
    served = _encode(Served(entry.event, entry.kind, entry.timestamp))
    if _stands_in(text, entry, served) or _stands_in(compact(text), entry, served):
        return entry, served
    return None


def _stands_in(text: bytes, entry: WireEntry, served: bytes) -> bool:
    """`text` is the entry as it is served with its identity before or behind it, and nothing else."""
    head, found, tail = text.partition(served[1:-1])
    if not found:
        return False
    session_id = b'{"session_id":%b' % _encode(entry.session_id)
    if tail == b"}" and entry.private is False:
        return head in (b"%b," % session_id, b"%b%b," % (session_id, _identity(entry)))
    private = b',"private":true}' if entry.private else b"}"
    return head == b"%b," % session_id and tail == _identity(entry) + private


def _identity(entry: WireEntry) -> bytes:
    """The members that name the entry, as they stand between others."""
    source = b"" if entry.source is UNSET else b',"source":%b' % _encode(entry.source)
    seq = b"" if entry.seq is UNSET else b',"seq":%d' % entry.seq
    time_us = b"" if entry.time_us is UNSET else b',"time_us":%d' % entry.time_us
    return source + seq + time_us


_encode = msgspec.json.Encoder().encode
_entry = msgspec.json.Decoder(WireEntry)
