"""What a frame lies in: a byte of format, its dictionary's id, and what zstd made of it.

Dictionary 0 is none. The others are shipped with the program, and a shipped one never changes nor goes away:
what it packed opens with it alone. None is made of what a store holds, since a dictionary holds text word for
word, which would outlive the calls it is from.
"""

import threading
from functools import cache
from importlib.resources import files

import zstandard

from ringlog.store.sqlite.disk.faults import Unreadable

WITH_MAGIC, WITHOUT_MAGIC = 1, 2
"""Formats: whether zstd's magic number, four bytes that are always the same, stands in each frame."""
MAGIC = b"\x28\xb5\x2f\xfd"

DICTIONARIES = {1: "8dc0425f7995fda426d7537d8cb01a448216462b0ebaadd7eac6be2d8bb2ad9c"}
"""SHA-256 of each, by id."""
DICTIONARY = 1
"""What new frames are packed with."""
LEVEL = 5
MAX_FRAME_BYTES = 64 * 2**20
"""Of a frame when opened; a call's caps keep it well below."""


def compressed(plain: bytes) -> bytes:
    packed = _zstd.compressor().compress(plain)
    return bytes((WITHOUT_MAGIC, DICTIONARY)) + packed[len(MAGIC) :]


def inflated(packed: bytes) -> bytes:
    """Raises StoreDamaged, also where the bytes open but are not those that were packed."""
    try:
        form, dictionary = packed[:2]
        frame = packed[2:] if form == WITH_MAGIC else MAGIC + packed[2:]
        if form not in {WITH_MAGIC, WITHOUT_MAGIC}:
            raise Unreadable
        if not 0 < zstandard.frame_content_size(frame) <= MAX_FRAME_BYTES:
            raise Unreadable
        return _zstd.decompressor(dictionary).decompress(frame)
    except (ValueError, KeyError, zstandard.ZstdError) as error:
        raise Unreadable from error


@cache
def dictionary_bytes(number: int) -> bytes:
    """Raises KeyError."""
    if number not in DICTIONARIES:
        raise KeyError(number)
    return (files("ringlog.store.sqlite") / "dictionary" / f"{number}.zdict").read_bytes()


class _Zstd(threading.local):
    """Each thread's own: making one costs more than a frame does."""

    def __init__(self) -> None:
        self._compressor: zstandard.ZstdCompressor | None = None
        self._decompressors: dict[int, zstandard.ZstdDecompressor] = {}

    def compressor(self) -> zstandard.ZstdCompressor:
        if not self._compressor:
            self._compressor = zstandard.ZstdCompressor(
                LEVEL, dict_data=_dictionary(DICTIONARY), write_checksum=True, write_dict_id=False
            )
        return self._compressor

    def decompressor(self, dictionary: int) -> zstandard.ZstdDecompressor:
        """Raises KeyError."""
        if not (found := self._decompressors.get(dictionary)):
            of = _dictionary(dictionary) if dictionary else None
            found = self._decompressors[dictionary] = zstandard.ZstdDecompressor(dict_data=of)
        return found


def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(dictionary_bytes(number))


_zstd = _Zstd()
