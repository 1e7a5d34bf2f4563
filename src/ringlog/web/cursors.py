"""Where the next page of a list begins, as clients carry it: opaque, and of one account."""

import base64
import hashlib
from typing import Annotated

import msgspec

from ringlog.errors import BadInput
from ringlog.model import Place
from ringlog.web.numbers import FARTHEST

SEAL_BYTES = 6

Seconds = Annotated[int, msgspec.Meta(ge=-FARTHEST, le=FARTHEST)]
# A bound of the number as well makes msgspec 0.22 crash: beside a tuple it reads the wrong one.
_place = msgspec.msgpack.Decoder(tuple[Seconds, str] | int)


def cursor(account_id: int, place: Place) -> str:
    packed = msgspec.msgpack.encode(place)
    return base64.urlsafe_b64encode(_seal(account_id, packed) + packed).decode().rstrip("=")


def place(account_id: int, cursor: str) -> Place:
    """Raises BadInput for a cursor that no page of this account gave."""
    try:
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        packed = sealed[SEAL_BYTES:]
        if sealed[:SEAL_BYTES] == _seal(account_id, packed):
            found = _place.decode(packed)
            if not isinstance(found, int) or 0 <= found < 2**63:
                return found
    except (ValueError, msgspec.MsgspecError):
        pass
    raise BadInput("cursor is not one that an earlier page gave.")


def _seal(account_id: int, packed: bytes) -> bytes:
    """Tells a cursor from what somebody made up. No secret: whoever forges one sees calls of their own."""
    return hashlib.blake2b(packed, digest_size=SEAL_BYTES, key=str(account_id).encode()).digest()
