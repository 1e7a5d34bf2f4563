"""Request bodies as they were before they were compressed, never more of them than fits under the cap."""

import zlib
from collections.abc import Callable, Iterator, Mapping

import zstandard

from ringlog.errors import BadInput, TooLarge, UnknownMediaType
from ringlog.model import MAX_BODY_BYTES

ZSTD_SLICE = 512
"""Bytes of zstd inflated at once: even all of them run-length blocks make no more than 16 MiB."""
GZIP_PIECE = 2**20


def inflate(body: bytes, encoding: bytes) -> bytes:
    """Raises UnknownMediaType for other encodings; TooLarge; BadInput for a body that is broken or cut."""
    name = encoding.decode("latin-1").strip().lower()
    if name in {"", "identity"}:
        return body
    if name not in PIECES:
        raise UnknownMediaType("Content-Encoding must be gzip or zstd.")
    whole = bytearray()
    try:
        for piece in PIECES[name](body):
            whole += piece
            if len(whole) > MAX_BODY_BYTES:
                raise TooLarge(f"The body is larger than {MAX_BODY_BYTES} bytes after inflation.")
    except (zlib.error, zstandard.ZstdError, EOFError):
        raise BadInput(f"The body is not whole {name}: it is broken or was cut.") from None
    return bytes(whole)


def _gzip(body: bytes) -> Iterator[bytes]:
    while body:
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            piece = member.decompress(body, GZIP_PIECE)
            body = member.unconsumed_tail
            yield piece
            if not piece and not body and not member.eof:
                raise EOFError
        body = member.unused_data


def _zstd(body: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(body):
        frame = zstandard.ZstdDecompressor().decompressobj()
        while not frame.eof:
            if at >= len(body):
                raise EOFError
            piece = body[at : at + ZSTD_SLICE]
            at += len(piece)
            yield frame.decompress(piece)
        at -= len(frame.unused_data)


PIECES: Mapping[str, Callable[[bytes], Iterator[bytes]]] = {"gzip": _gzip, "x-gzip": _gzip, "zstd": _zstd}
