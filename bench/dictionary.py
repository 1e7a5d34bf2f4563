"""Trains the dictionary that frames are packed with: `make dictionary`.

    python -m bench.dictionary [--calls N] [--out FILE]

Whole frames go in, exactly the bytes that are compressed: the recorded calls as they are, and generated ones
with words, names and numbers that no benchmark has. The same program, recordings and zstd give the same
bytes. A dictionary that was shipped is never replaced; a better one gets the next number.
"""

import argparse
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import zstandard
from tests.wire.asterisk.transcripts import of_stream

from bench.calls import DAY_S, Traffic
from bench.settings import DATA
from bench.shapes import STREAMS
from bench.stock import BUILT_US
from ringlog.model import Entry, StoredEntry, entry_text, in_order
from ringlog.store.sqlite.day import compression
from ringlog.store.sqlite.day.codec import plain_frame
from ringlog.wire.records import parse

SIZE = 64 * 2**10
SEGMENT, MATCH = 800, 8
"""Bytes that are taken over in one piece, and that are compared: tried from 50 to 1500."""
CALLS = 4000
VOCABULARY = 12


def frames(calls: int) -> Iterator[bytes]:
    """Of recorded calls, of generated ones of 7 entries, and of a tenth as many of 50."""
    yield from map(plain_frame, recorded())
    span_s = 300 * DAY_S  # differing digits of times
    for number, entries in ((calls, 7), (calls // 10, 50)):
        traffic = Traffic(number, entries, BUILT_US // 1_000_000 - 2 * span_s, span_s, "pbx", VOCABULARY)
        yield from map(plain_frame, generated(traffic))


def recorded() -> Iterator[list[StoredEntry]]:
    for stream in STREAMS:
        for session_id, said in of_stream(stream).items():
            entries = [one for one in said if isinstance(one, Entry)]
            if entries:
                yield in_order([stored(f"asterisk@{session_id}", *one) for one in enumerate(entries)])


def stored(source: str, seq: int, entry: Entry) -> StoredEntry:
    text = entry_text(entry.kind, entry.line, entry.data, entry.time_us // 1_000_000)
    return StoredEntry(source, seq, entry.time_us, seq + 1, text)


def generated(traffic: Traffic) -> Iterator[list[StoredEntry]]:
    for n in range(traffic.calls):
        (call,) = parse(traffic.body([n]), "application/x-ndjson", None, BUILT_US).values()
        yield [
            StoredEntry(entry.source, entry.seq or 0, entry.time_us, arrival, entry.text)
            for arrival, entry in enumerate(call.entries, 1)
        ]


def trained(samples: Iterable[bytes]) -> bytes:
    """Given segment and match, training is deterministic."""
    return zstandard.train_dictionary(SIZE, list(samples), k=SEGMENT, d=MATCH).as_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.dictionary", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--out", type=Path, default=DATA / "dictionary.zdict")
    asked = parser.parse_args()
    made = trained(frames(asked.calls))
    asked.out.parent.mkdir(exist_ok=True)
    asked.out.write_bytes(made)
    digest = hashlib.sha256(made).hexdigest()
    same = [number for number, shipped in compression.DICTIONARIES.items() if shipped == digest]
    which = f"dictionary {same[0]} as shipped" if same else "not shipped: to ship it, give it the next number"
    print(f"{asked.out}: {len(made):,} bytes, SHA-256 {digest}, {which}")


if __name__ == "__main__":
    main()
