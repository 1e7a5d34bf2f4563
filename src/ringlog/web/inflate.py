"""Request bodies as they were before they were compressed, never more of them than fits under the cap."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import zstandard

from ringlog.errors import BadInput, TooLarge, UnknownMediaType
from ringlog.model import MAX_BODY_BYTES

SLICE_BYTES = 512
"""Inflated at once: of gzip that makes at most 512 KiB, of zstd, where all of it repeats one byte, 16 MiB."""
MAX_FRAMES = 1000
"""gzip members or zstd frames in one body: each costs time, also an empty one of 20 bytes."""
MAX_WINDOW_BYTES = 8 * 2**20
"""What a zstd frame may ask for (RFC 9659)."""


class Frame(Protocol):
    """One gzip member or zstd frame while it is inflated."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def checked_encoding(header: bytes) -> str:
    """The name of a body's encoding; "" for none. Raises UnknownMediaType."""
    name = header.decode("latin-1").strip().lower()
    if name in {"", "identity"}:
        return ""
    if name not in FRAMES:
        raise UnknownMediaType("Content-Encoding must be gzip or zstd.")
    return name


def inflate(body: bytes, encoding: str) -> bytes:
    """Raises TooLarge; BadInput for a body that is broken or cut."""
    if not encoding:
        return body
    whole = bytearray()
    try:
        for piece in _pieces(body, FRAMES[encoding]):
            whole += piece
            if len(whole) > MAX_BODY_BYTES:
                raise TooLarge(f"The body is larger than {MAX_BODY_BYTES} bytes after inflation.")
    except (zlib.error, zstandard.ZstdError, EOFError):
        raise BadInput(f"The body is not whole {encoding}: it is broken or was cut.") from None
    return bytes(whole)


def _pieces(body: bytes, begun: Callable[[], Frame]) -> Iterator[bytes]:
    at = 0
    for _ in range(MAX_FRAMES):
        frame = begun()
        while not frame.eof:
            piece = body[at : at + SLICE_BYTES]
            if not piece:
                raise EOFError
            at += len(piece)
            yield frame.decompress(piece)
        at -= len(frame.unused_data)
        if at == len(body):
            return
    raise BadInput(f"The body has more than {MAX_FRAMES} compressed parts.")


def _gzip() -> Frame:
    return zlib.decompressobj(wbits=31)


def _zstd() -> Frame:
    return zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).decompressobj()


FRAMES: Mapping[str, Callable[[], Frame]] = {"gzip": _gzip, "x-gzip": _gzip, "zstd": _zstd}
