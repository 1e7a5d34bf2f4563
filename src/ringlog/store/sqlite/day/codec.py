"""How chunks and frames are written as bytes.

A chunk's meta and a frame's are columns of varints: seq, time_us and arrival as differences from the entry
before, then lengths. A frame is its meta and text, compressed together.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import sub
from typing import NamedTuple

from ringlog.model import RESERVED_SOURCE, StoredEntry
from ringlog.store.sqlite.day.compression import compressed, inflated
from ringlog.store.sqlite.disk.faults import Unreadable

ONE = [bytes((byte,)) for byte in range(256)]
STEP = b"\x02"
"""From one number to the next, folded."""

ERROR = re.compile(rb'"class":"error","timestamp":-?\d+\}\Z')
"""How the text of an `error` entry ends."""


class Counts(NamedTuple):
    """What a call's row counts of its entries."""

    entries: int
    errors: int
    bytes: int


NONE = Counts(0, 0, 0)


def is_error(entry: StoredEntry) -> bool:
    return bool(ERROR.search(entry.text))


def counted(entries: Sequence[StoredEntry]) -> Counts:
    size = sum(len(entry.text) for entry in entries if entry.source != RESERVED_SOURCE)
    return Counts(len(entries), sum(map(is_error, entries)), size)


class Chunk(NamedTuple):
    """Entries of one call from one source, as they lie in the catalogue."""

    source: str
    min_seq: int
    max_seq: int
    meta: bytes
    text: bytes

    def entries(self) -> list[StoredEntry]:
        """Raises StoreDamaged."""
        columns = _Columns(self.meta)
        count = columns.one()
        seqs, times, arrivals = (columns.differences(count) for _ in range(3))
        texts = _split(self.text, columns.take(count))
        return [
            StoredEntry(self.source, seq, time_us, arrival, text)
            for seq, time_us, arrival, text in zip(seqs, times, arrivals, texts, strict=True)
        ]


class Run(NamedTuple):
    """Entries of one source, by seq, as columns: what becomes a chunk."""

    source: str
    seqs: Sequence[int]
    times_us: Sequence[int]
    arrivals: Sequence[int]
    texts: Sequence[bytes]


def pack_chunk(run: Run) -> Chunk:
    count = len(run.texts)
    meta = b"".join(
        (
            _varint(count),
            _numbers(run.seqs, in_a_row=run.seqs[-1] - run.seqs[0] == count - 1),
            _packed(_steps(run.times_us)),
            _numbers(run.arrivals, in_a_row=isinstance(run.arrivals, range)),
            _packed(list(map(len, run.texts))),
        )
    )
    return Chunk(run.source, run.seqs[0], run.seqs[-1], meta, b",".join(run.texts))


class Frame:
    """A sealed call's entries, in Order. Raises StoreDamaged."""

    def __init__(self, packed: bytes) -> None:
        plain = inflated(packed)
        columns = _Columns(plain)
        length = columns.one()
        self._meta = plain[columns.at : columns.at + length]
        self.text = plain[columns.at + length :]

    def entries(self) -> list[StoredEntry]:
        """Raises StoreDamaged."""
        columns = _Columns(self._meta)
        sources = [columns.text() for _ in range(columns.one())]
        count = columns.one()
        of = columns.take(count) if len(sources) > 1 else [0] * count
        seqs, times, arrivals = (columns.differences(count) for _ in range(3))
        texts = _split(self.text, columns.take(count))
        return [
            StoredEntry(sources[source], seq, time_us, arrival, text)
            for source, seq, time_us, arrival, text in zip(of, seqs, times, arrivals, texts, strict=True)
        ]


def pack_frame(entries: Sequence[StoredEntry]) -> bytes:
    """`entries` in Order."""
    return compressed(plain_frame(entries))


def plain_frame(entries: Sequence[StoredEntry]) -> bytes:
    """A frame before it is compressed."""
    sources = {source: number for number, source in enumerate(dict.fromkeys(e.source for e in entries))}
    meta = bytearray()
    _put(meta, [len(sources)])
    for source in sources:
        encoded = source.encode()
        _put(meta, [len(encoded)])
        meta += encoded
    _put(meta, [len(entries)])
    if len(sources) > 1:
        _put(meta, [sources[entry.source] for entry in entries])
    _put(meta, _differences(entry.seq for entry in entries))
    _put(meta, _differences(entry.time_us for entry in entries))
    _put(meta, _differences(entry.arrival for entry in entries))
    _put(meta, [len(entry.text) for entry in entries])
    return _plain(meta, b",".join(entry.text for entry in entries))


def join_frame(chunks: Sequence[Chunk]) -> tuple[bytes, bytes]:
    """A frame, and its text, of chunks of one source that follow each other: no entry is taken apart.

    Raises StoreDamaged.
    """
    one, *others = chunks
    meta = _one_source(one.source) + (_joined_meta(chunks) if others else one.meta)
    text = b",".join([chunk.text for chunk in chunks]) if others else one.text
    return compressed(_plain(meta, text)), text


@lru_cache(1024)
def _one_source(source: str) -> bytes:
    encoded = source.encode()
    return b"%b%b%b" % (_varint(1), _varint(len(encoded)), encoded)


def _joined_meta(chunks: Sequence[Chunk]) -> bytes:
    columns: tuple[list[int], ...] = ([], [], [])
    lengths: list[int] = []
    for chunk in chunks:
        meta = _Columns(chunk.meta)
        count = meta.one()
        for column in columns:
            column.extend(meta.differences(count))
        lengths.extend(meta.take(count))
    return b"".join(
        [_varint(len(lengths)), *(_packed(_steps(column)) for column in columns), _packed(lengths)]
    )


def _plain(meta: bytes | bytearray, text: bytes) -> bytes:
    return b"%b%b%b" % (_varint(len(meta)), meta, text)


def _split(text: bytes, lengths: Iterable[int]) -> list[bytes]:
    texts: list[bytes] = []
    at = 0
    for length in lengths:
        texts.append(text[at : at + length])
        at += length + 1
    if at != len(text) + 1:
        raise Unreadable
    return texts


def _differences(values: Iterable[int]) -> Iterable[int]:
    """Each value's difference from the one before, folded so that small ones of either sign stay small."""
    before = 0
    for value in values:
        step = value - before
        yield step << 1 if step >= 0 else (-step << 1) - 1
        before = value


def _put(out: bytearray, values: Iterable[int]) -> None:
    """Appends varints: seven bits a byte, the lowest first, the top bit says that more follows."""
    for value in values:
        rest = value
        while rest > 0x7F:
            out.append(rest & 0x7F | 0x80)
            rest >>= 7
        out.append(rest)


def _steps(values: Sequence[int]) -> list[int]:
    """The same as `_differences`."""
    steps = map(sub, values[1:], values)
    return [values[0] << 1, *(step << 1 if step >= 0 else (-step << 1) - 1 for step in steps)]


def _numbers(values: Sequence[int], *, in_a_row: bool) -> bytes:
    return _varint(values[0] << 1) + STEP * (len(values) - 1) if in_a_row else _packed(_steps(values))


def _packed(values: Sequence[int]) -> bytes:
    """Varints of `values`; most columns have none that is longer than a byte."""
    return bytes(values) if max(values) < 0x80 else b"".join(map(_varint, values))


def _varint(value: int) -> bytes:
    if value < 0x80:
        return ONE[value]
    if value < 0x4000:
        return ONE[value & 0x7F | 0x80] + ONE[value >> 7]
    if value < 0x20_0000:
        return bytes((value & 0x7F | 0x80, value >> 7 & 0x7F | 0x80, value >> 14))
    return ONE[value & 0x7F | 0x80] + _varint(value >> 7)


class _Columns:
    """Reads varints one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def one(self) -> int:
        return self.take(1)[0]

    def take(self, count: int) -> list[int]:
        values: list[int] = []
        data, at = self._data, self.at
        try:
            for _ in range(count):
                byte = data[at]
                at += 1
                value, shift = byte & 0x7F, 7
                while byte > 0x7F:
                    byte = data[at]
                    at += 1
                    value |= (byte & 0x7F) << shift
                    shift += 7
                values.append(value)
        except IndexError:
            raise Unreadable from None
        self.at = at
        return values

    def differences(self, count: int) -> list[int]:
        value = 0
        values: list[int] = []
        for folded in self.take(count):
            value += -((folded + 1) >> 1) if folded & 1 else folded >> 1
            values.append(value)
        return values

    def text(self) -> str:
        length = self.one()
        encoded = self._data[self.at : self.at + length]
        self.at += length
        return encoded.decode()
