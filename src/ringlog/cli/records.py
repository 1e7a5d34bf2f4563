"""Files of records, read one record at a time and sent on in batches."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO, NamedTuple

import msgspec

from ringlog.client.line import row_line
from ringlog.errors import BadInput
from ringlog.model import (
    MAX_BODY_BYTES,
    UNNUMBERED_SOURCE,
    Batch,
    CallBatch,
    EntryRecord,
)
from ringlog.wire.bodies import records

BATCH_RECORDS = 1000
BATCH_BYTES = 2**20

_LIST_BODY = re.compile(rb'\s*\{\s*"calls"\s*:')


class Portion(NamedTuple):
    """Some records of a file, as one body."""

    body: bytes
    media_type: str
    numbers: Sequence[int]
    """The line of each record, or its place in an array, from 1."""
    counted: str
    """What `numbers` count: `line` or `record`."""


def portions(file: BinaryIO, *, one_call: bool) -> Iterator[Portion]:
    """The records of a file: NDJSON in batches, a JSON array or the body of a read endpoint taken apart.

    `one_call`: a bare array stays whole, for the place of an entry in it is its number.
    Raises BadInput, BadRecords, OSError.
    """
    first = b""
    line = 0
    while not first.strip():
        first = file.readline(MAX_BODY_BYTES + 1)
        line += 1
        if not first:
            return
    if is_document(first):
        yield from document(first + file.read(), one_call=one_call)
    else:
        yield from lines(first, line, file)


def is_document(first: bytes) -> bool:
    """The first line begins a JSON document and is no record of its own."""
    if first.lstrip().startswith(b"[") or _LIST_BODY.match(first):
        return True
    try:
        return "calls" in msgspec.json.decode(first, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        # A pretty-printed object breaks off at the end of its first line; a broken record does not look so.
        return first.strip() == b"{" or first.rstrip().endswith(b",")


def document(body: bytes, *, one_call: bool) -> Iterator[Portion]:
    taken = records(body, "application/json")
    if taken.array and one_call:
        if len(body) > MAX_BODY_BYTES:
            raise BadInput(f"an array of one call's entries has at most {MAX_BODY_BYTES:,} bytes.")
        yield Portion(body, "application/json", range(1, len(taken.texts) + 1), "record")
        return
    # Line breaks stand in no JSON text but between its tokens.
    texts = (bytes(text).replace(b"\n", b" ").replace(b"\r", b" ") for text in taken.texts)
    yield from batched(enumerate(texts, 1), "record")


def lines(first: bytes, number: int, file: BinaryIO) -> Iterator[Portion]:
    def numbered() -> Iterator[tuple[int, bytes]]:
        line, at = first, number
        while line:
            if len(line) > MAX_BODY_BYTES:
                raise BadInput(f"line {at} has more than {MAX_BODY_BYTES:,} bytes.")
            if line.strip():
                yield at, line.rstrip(b"\r\n")
            line, at = file.readline(MAX_BODY_BYTES + 1), at + 1

    yield from batched(numbered(), "line")


def batched(numbered: Iterator[tuple[int, bytes]], counted: str) -> Iterator[Portion]:
    texts: list[bytes] = []
    numbers: list[int] = []
    size = 0
    for number, text in numbered:
        if texts and (len(texts) == BATCH_RECORDS or size + len(text) > BATCH_BYTES):
            yield Portion(b"\n".join(texts), "application/x-ndjson", numbers, counted)
            texts, numbers, size = [], [], 0
        texts.append(text)
        numbers.append(number)
        size += len(text) + 1
    if texts:
        yield Portion(b"\n".join(texts), "application/x-ndjson", numbers, counted)


# -- what was read, changed and written again --------------------------------------------------------


def without(batch: Batch, refused: set[int]) -> Batch:
    """The batch without the records of these numbers."""
    kept = {
        session_id: replace(
            call,
            rows=[row for row in call.rows if row.number not in refused],
            entries=[entry for entry in call.entries if entry.number not in refused],
        )
        for session_id, call in batch.items()
    }
    return {session_id: call for session_id, call in kept.items() if call.rows or call.entries}


def renamed(batch: Batch, source: str) -> Batch:
    """The batch with its numbered entries of source `-` under `source`."""
    return {
        session_id: replace(call, entries=[renamed_entry(entry, source) for entry in call.entries])
        for session_id, call in batch.items()
    }


def renamed_entry(entry: EntryRecord, source: str) -> EntryRecord:
    if entry.source != UNNUMBERED_SOURCE or entry.seq is None:
        return entry
    return entry._replace(source=source)


def record_lines(batch: Batch) -> tuple[bytes, Sequence[int]]:
    """The batch as NDJSON, and of each line the number of the record it came from."""
    texts: list[bytes] = []
    numbers: list[int] = []
    for call in batch.values():
        for number, row in call.rows:
            texts.append(row_line(row)[:-1])
            numbers.append(number)
        for entry in call.entries:
            texts.append(entry_line(call, entry))
            numbers.append(entry.number)
    return b"\n".join(texts), numbers


def entry_line(call: CallBatch, entry: EntryRecord) -> bytes:
    head: dict[str, str | int | bool] = {"session_id": call.session_id, "source": entry.source}
    if entry.seq is not None:
        head["seq"] = entry.seq
    head["time_us"] = entry.time_us
    if entry.private:
        head["private"] = True
    return msgspec.json.encode(head)[:-1] + b"," + entry.text[1:]
