"""What frames lie in: formats and dictionaries of every age open, and damage never gives another text."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import pytest
import zstandard

from ringlog.errors import StoreDamaged
from ringlog.model import Kind, StoredEntry, entry_text
from ringlog.store.sqlite.day import compression
from ringlog.store.sqlite.day.codec import Frame, pack_frame, plain_frame
from ringlog.store.sqlite.day.compression import compressed, inflated

from .records import NOW

FIRST_FORMAT = b"\x01\x00" + zstandard.ZstdCompressor(write_checksum=True).compress(
    b"a frame of the first format"
)


def entries(count: int = 7) -> list[StoredEntry]:
    data = {"module_type": "read", "result_variable": "CHOICE"}
    texts = [entry_text(Kind.EVENT, f"User input: {n} (dtmf)", data, NOW // 1_000_000) for n in range(count)]
    return [StoredEntry("asterisk@pbx1/1", n, NOW + n, n + 1, text) for n, text in enumerate(texts)]


def test_every_dictionary_is_the_one_declared():
    folder = files("ringlog.store.sqlite") / "dictionary"
    shipped = {int(f.name.removesuffix(".zdict")): hashlib.sha256(f.read_bytes()) for f in folder.iterdir()}
    assert {number: digest.hexdigest() for number, digest in shipped.items()} == compression.DICTIONARIES
    assert compression.DICTIONARY in shipped
    assert all(len(compression.dictionary_bytes(number)) < 112 * 1024 for number in shipped)


def test_a_frame_names_its_dictionary_and_is_small():
    frame = pack_frame(entries())
    assert frame[:2] == bytes((compression.WITHOUT_MAGIC, compression.DICTIONARY))
    assert len(frame) < 0.6 * len(zstandard.ZstdCompressor(level=9).compress(plain_frame(entries())))
    assert Frame(frame).entries() == entries()


def test_frames_of_the_first_format_open():
    assert inflated(FIRST_FORMAT) == b"a frame of the first format"


@pytest.mark.parametrize("frame", [pack_frame(entries()), FIRST_FORMAT], ids=["today's", "first"])
def test_no_damaged_byte_gives_another_text(frame: bytes):
    whole = inflated(frame)
    for at in range(len(frame)):
        for bit in (1, 128):
            damaged = frame[:at] + bytes([frame[at] ^ bit]) + frame[at + 1 :]
            try:
                assert inflated(damaged) == whole
            except StoreDamaged:
                continue
    for length in range(len(frame)):
        with pytest.raises(StoreDamaged):
            inflated(frame[:length])


@pytest.mark.parametrize("head", [b"\x02\x63", b"\x03\x01", b"\x00\x01", b"\x01\x01"])
def test_an_unknown_form_or_dictionary_is_no_frame(head: bytes):
    with pytest.raises(StoreDamaged):
        inflated(head + compressed(b"text")[2:])


def test_threads_pack_and_open_at_once():
    plain = [plain_frame(entries(n)) for n in range(1, 200)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda one: inflated(compressed(one)), plain)) == plain
