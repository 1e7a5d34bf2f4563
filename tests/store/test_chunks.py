"""A chunk gives back the entries that it was made of, and a label's number never outlives its row."""

from contextlib import suppress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ringlog.model import MAX_SEQ, StoredEntry
from ringlog.store.sqlite.calls.appending import runs
from ringlog.store.sqlite.day.codec import Run, pack_chunk
from ringlog.store.sqlite.disk.catalogue import connect_to_write, migrate, writing
from ringlog.store.sqlite.index.labels import label_id
from tests.wire.values import unhurried

NUMBERS = st.integers(0, MAX_SEQ)
ENTRIES = st.lists(
    st.builds(StoredEntry, st.just("s"), NUMBERS, NUMBERS, NUMBERS, st.binary(max_size=300)),
    min_size=1,
    unique_by=lambda entry: entry.seq,
)


@unhurried
@given(ENTRIES)
def test_a_chunk_gives_its_entries_back(entries: list[StoredEntry]) -> None:
    (run,) = runs(entries)
    assert pack_chunk(run).entries() == sorted(entries, key=lambda entry: entry.seq)


@unhurried
@given(NUMBERS, NUMBERS, st.lists(st.binary(max_size=200), min_size=1))
def test_numbers_in_a_row_are_packed_as_any_others(seq: int, arrival: int, texts: list[bytes]) -> None:
    count = len(texts)
    seqs, arrivals = range(seq, seq + count), range(arrival, arrival + count)
    run = Run("s", list(seqs), list(arrivals), arrivals, texts)
    assert pack_chunk(run) == pack_chunk(run._replace(arrivals=list(arrivals)))
    assert [(e.seq, e.arrival, e.text) for e in pack_chunk(run).entries()] == list(
        zip(seqs, arrivals, texts, strict=True)
    )


def test_a_label_of_a_commit_that_failed_is_made_again(tmp_path: Path) -> None:
    connection = connect_to_write(tmp_path / "catalogue.db", create=True)
    migrate(connection, "catalogue")
    with suppress(RuntimeError), writing(connection):
        label_id(connection, 1, "Menu")
        raise RuntimeError
    with writing(connection):
        numbers = [label_id(connection, 1, "Menu"), label_id(connection, 1, "Menu")]
    assert connection.rows("SELECT id, id FROM label WHERE text = 'Menu'") == [tuple(numbers)]
    connection.close()
