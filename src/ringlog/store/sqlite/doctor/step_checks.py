"""Whether a Day's counts of steps are those of its calls, counted once more."""

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress

from ringlog.errors import StoreDamaged
from ringlog.store.sqlite.day.codec import Frame
from ringlog.store.sqlite.day.day_file import APPLICATIONS
from ringlog.store.sqlite.day.days import OPEN, foreign
from ringlog.store.sqlite.day.decoded import decoded
from ringlog.store.sqlite.day.step_counts import Counted, Counts, bits_of
from ringlog.store.sqlite.disk.catalogue import Connection, connect_to_look, reading
from ringlog.store.sqlite.disk.faults import UNREADABLE
from ringlog.store.sqlite.doctor.store_checks import Patient
from ringlog.store.sqlite.index.call_index import N_BITS
from ringlog.walk import RULES, steps_of

SLICE = 500
"""Frames read at once."""


def steps_add_up(patient: Patient) -> Iterator[str]:
    """A file that is foreign or cannot be read is named where its calls are looked at."""
    for day in patient.days(OPEN):
        file = patient.day_file(day)
        with suppress(*UNREADABLE):
            if file.is_file() and not foreign(file) and not adds_up(patient, day):
                yield f"{file}: its counts of where callers leave are not those of its calls."


def adds_up(patient: Patient, day: int) -> bool:
    """The Day first, then the catalogue, which knew each sealed call before."""
    with closing(connect_to_look(patient.day_file(day))) as file, reading(file):
        is_counted = "SELECT 1 FROM sqlite_schema WHERE name = 'step_version'"
        if not file.rows(is_counted) or file.rows("SELECT version FROM step_version") != [(RULES,)]:
            return True
        wanted = stored(file)
        calls = patient.catalogue.rows(APPLICATIONS, (day << N_BITS, (day + 1) << N_BITS))
        try:
            return recounted(file, {call[0]: call[1] for call in calls}) == wanted
        except (StoreDamaged, KeyError):
            # A frame that cannot be read, or is of nobody: that is said of the frame.
            return True


def stored(day: Connection) -> Counts:
    counts = Counts()
    for account_id, label, step, reached, left in day.rows("SELECT * FROM steps"):
        counts.reached[(account_id, label), step] = reached
        if left:
            counts.left[(account_id, label), step] = left
    for account_id, label, one, other, calls in day.rows("SELECT * FROM moves"):
        counts.moves[(account_id, label), (one, other)] = calls
    return counts


def recounted(day: Connection, accounts: Mapping[int, int]) -> Counts:
    """Raises StoreDamaged; KeyError for a frame of a call that has no account."""
    counts = Counts()
    last = -1
    select = (
        "SELECT call_id, application_id, others, frame FROM frame WHERE call_id > ? ORDER BY call_id LIMIT ?"
    )
    while rows := day.rows(select, (last, SLICE)):
        for call_id, label, note, frame in rows:
            if label is not None:
                walk = steps_of(decoded(Frame(frame).text))
                counts.add(Counted((accounts[call_id], label), walk), bits_of(note))
        last = rows[-1][0]
    return counts
