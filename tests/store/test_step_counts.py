"""A Day's counts of steps: whatever is sealed, sealed again and deleted, they are those of its calls."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringlog.model import Kind, StoredEntry, entry_text
from ringlog.store.sqlite.day import step_counts
from ringlog.store.sqlite.day.codec import pack_frame
from ringlog.store.sqlite.day.day_file import DayFile, SealedCall
from ringlog.store.sqlite.day.days import Days
from ringlog.store.sqlite.day.step_counts import OTHER, OTHER_MOVE, Counts
from ringlog.store.sqlite.disk import catalogue
from ringlog.store.sqlite.doctor.step_checks import recounted, stored
from ringlog.walk import RULES

DAY = 20_000
APPLICATION = (7, 3)


def call(n: int, steps: str, by: str = "caller", application: tuple[int, int] = APPLICATION) -> SealedCall:
    """A call whose steps are these letters."""
    texts = [
        entry_text(Kind.EVENT, "x", {"module_type": "say", "result_variable": step}, 0) for step in steps
    ]
    texts.append(
        entry_text(Kind.EVENT, "x", {"by": by, "module_type": "exit", "result_variable": "hangup"}, 0)
    )
    frame = pack_frame([StoredEntry("s", seq, 0, seq, text) for seq, text in enumerate(texts)])
    return SealedCall(DAY << 32 | n, application, len(texts), (None, None), frame, b",".join(texts))


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_counts, "MAX_STEPS", 4)
    monkeypatch.setattr(step_counts, "MAX_MOVES", 5)


@contextmanager
def day(folder: Path) -> Iterator[DayFile]:
    """The Day's file, in a transaction; the catalogue knows no call."""
    (folder / "days").mkdir(exist_ok=True)
    with closing(catalogue.connect_to_write(folder / "catalogue.db", create=True)) as index:
        catalogue.migrate(index, "catalogue")
        with DayFile.opened(Days(folder / "days"), DAY, index) as file, file.writing():
            yield file


def connected(folder: Path) -> closing[catalogue.Connection]:
    return closing(catalogue.connect(Days(folder / "days").path(DAY)))


def counts(folder: Path) -> Counts:
    """What the tables hold, after it was compared with the frames."""
    with connected(folder) as file:
        found = stored(file)
        frames = file.rows("SELECT call_id FROM frame")
        assert recounted(file, dict.fromkeys((call_id for (call_id,) in frames), APPLICATION[0])) == found
    assert all(count > 0 for counter in vars(found).values() for count in counter.values())
    return found


def readable(found: Counts) -> dict[str, object]:
    return {
        "reached": {step[-1:] or "other": n for (_, step), n in found.reached.items()},
        "left": {step[-1:] or "other": n for (_, step), n in found.left.items()},
        "moves": {f"{a[-1:] or '*'}{b[-1:] or '*'}": n for (_, (a, b)), n in found.moves.items()},
    }


def test_calls_of_one_application(tmp_path: Path) -> None:
    with day(tmp_path) as file:
        file.add([call(1, "abab"), call(2, "ab", "application"), call(3, "a", "cancelled before answer")])
    assert readable(counts(tmp_path)) == {
        "reached": {"a": 3, "b": 2},
        "left": {"a": 1, "b": 1},
        "moves": {"ab": 2, "ba": 1},
    }


def test_applications_are_counted_apart(tmp_path: Path) -> None:
    with day(tmp_path) as file:
        file.add([call(1, "a"), call(2, "a", application=(7, 0)), call(3, "a", application=(8, 3))])
    with connected(tmp_path) as connection:
        assert sorted(row[:2] for row in connection.rows("SELECT * FROM steps")) == [(7, 0), (7, 3), (8, 3)]


def test_steps_and_moves_above_the_cap_are_others(tmp_path: Path) -> None:
    with day(tmp_path) as file:
        file.add([call(1, "abcd"), call(2, "aefb")])
    found = readable(counts(tmp_path))
    assert found["reached"] == {"a": 2, "b": 2, "c": 1, "d": 1, "other": 1}
    assert found["moves"] == {"ab": 1, "bc": 1, "cd": 1, "a*": 1, "*b": 1}
    with day(tmp_path) as file:
        file.add([call(3, "dca", "caller"), call(4, "g")])
    assert readable(counts(tmp_path)) == {
        "reached": {"a": 3, "b": 2, "c": 2, "d": 2, "other": 2},
        "left": {"d": 1, "b": 1, "a": 1, "other": 1},
        "moves": {"ab": 1, "bc": 1, "cd": 1, "a*": 1, "*b": 1, "**": 1},
    }


def test_a_step_that_found_no_row_then_is_taken_out_of_the_others_though_it_has_one_now(
    tmp_path: Path,
) -> None:
    with day(tmp_path) as file:
        file.add([call(1, "abcd"), call(2, "e")])
        file.forget(DAY << 32 | 1, APPLICATION[0])
        file.add([call(3, "e")])
    assert readable(counts(tmp_path))["reached"] == {"other": 1, "e": 1}
    with day(tmp_path) as file:
        file.forget(DAY << 32 | 2, APPLICATION[0])
    assert readable(counts(tmp_path))["reached"] == {"e": 1}


acts = st.lists(
    st.tuples(
        st.sampled_from(["seal", "seal", "seal again", "delete"]),
        st.lists(
            st.tuples(
                st.integers(0, 8),
                st.text("abcdefgh", max_size=7),
                st.sampled_from(["caller", "application"]),
                st.sampled_from([0, 3]),
            ),
            min_size=1,
            max_size=4,
            unique_by=lambda act: act[0],
        ),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(acts)
def test_any_sealing_sealing_again_and_deleting_ends_in_what_a_recount_gives(
    story: list[tuple[str, list[tuple[int, str, str, int]]]],
) -> None:
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        there: set[int] = set()
        with day(folder) as file:
            for act, calls in story:
                sealed = [call(n, steps, by, (7, label)) for n, steps, by, label in calls]
                if act == "seal":
                    file.add([one for one in sealed if one.call_id not in there])
                elif act == "seal again":
                    file.replace(sealed)
                for one in sealed:
                    if act == "delete":
                        assert file.forget(one.call_id, 7) == (one.call_id in there)
                        there.discard(one.call_id)
                    else:
                        there.add(one.call_id)
        found = counts(folder)
        rows = {application for application, step in found.reached if step != OTHER}
        for application in rows:
            assert sum(of == application and step != OTHER for of, step in found.reached) <= 4
            assert sum(of == application and move != OTHER_MOVE for of, move in found.moves) <= 5
        with day(folder) as file:
            for call_id in there:
                file.forget(call_id, 7)
        assert counts(folder) == Counts()


def test_what_older_rules_counted_is_counted_anew(tmp_path: Path) -> None:
    with closing(catalogue.connect_to_write(tmp_path / "catalogue.db", create=True)) as index:
        catalogue.migrate(index, "catalogue")
        insert = (
            "INSERT INTO call (id, account_id, session_id, start_s, received_after_s, codes, application_id, "
            "entries, errors, dropped, bytes, deleted, skipped, sealed_arrival) "
            "VALUES (?, 7, ?1, 0, 0, 0, ?, 0, 0, 0, 0, 0, 0, 0)"
        )
        with catalogue.writing(index):
            index.run_many(insert, [(DAY << 32 | 1, 3), (DAY << 32 | 2, None)])
    with day(tmp_path) as file:
        file.add([call(1, "ab"), call(2, "ab"), call(3, "ab")])
    with connected(tmp_path) as connection:
        connection.run("UPDATE step_version SET version = 0")
        connection.run("UPDATE steps SET reached = 99")
    with day(tmp_path) as file:
        assert file.versions()[1] == RULES
    with connected(tmp_path) as connection:
        rows = connection.rows("SELECT account_id, application_id, reached FROM steps")
        assert rows == [(7, 0, 1), (7, 0, 1), (7, 3, 1), (7, 3, 1)]
        frames = connection.rows("SELECT call_id & 3, application_id FROM frame ORDER BY call_id")
        assert frames == [(1, 3), (2, 0), (3, None)]
