"""Session ids in addresses."""

from functools import lru_cache
from urllib.parse import unquote_to_bytes

from ringlog.errors import NoSuchCall
from ringlog.model import is_session_id


@lru_cache(maxsize=10_000)
def session_id(raw: bytes) -> str:
    """The id a raw path holds. Raises NoSuchCall where no call can have it."""
    try:
        decoded = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise NoSuchCall from None
    if not is_session_id(decoded):
        raise NoSuchCall
    return decoded
