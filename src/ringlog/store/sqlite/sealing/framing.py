"""How a call's frame is made: of its chunks, and of the frame that it had."""

from collections.abc import Sequence

from ringlog.model import StoredEntry, in_order
from ringlog.store.sqlite.calls.reading import entries_of, in_sequence, twice, union
from ringlog.store.sqlite.day.codec import Chunk, counted, join_frame, pack_frame
from ringlog.store.sqlite.day.day_file import SealedCall
from ringlog.store.sqlite.day.days import Opened
from ringlog.store.sqlite.index.call_index import Error, earlier_error
from ringlog.store.sqlite.sealing.waiting import WaitingCall


def framed(call: WaitingCall, chunks: Sequence[Chunk], before: Opened | None) -> SealedCall:
    """Raises StoreDamaged."""
    error: Error = call.first_error_us, call.first_error
    if chunks and not before and in_sequence(chunks):
        frame, text = join_frame(chunks)
        return SealedCall(call.id, call.application, call.arrival, error, frame, text)
    entries = entries_of(chunks)
    again: list[StoredEntry] = []
    if before:
        sealed = before.frame.entries()
        again = twice(entries, sealed)
        entries = union(entries, sealed)
        error = earlier_error(error, before.first_error)
    entries = in_order(entries)
    text = b",".join([entry.text for entry in entries])
    frame = pack_frame(entries)
    return SealedCall(call.id, call.application, call.arrival, error, frame, text, counted(again))
