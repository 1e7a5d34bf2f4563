"""Whether a Day's full-text index is that of its calls: just these are in it, some with all their terms."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress

from ringlog.errors import StoreDamaged
from ringlog.store.sqlite.day.codec import Frame
from ringlog.store.sqlite.day.day_file import APPLICATIONS
from ringlog.store.sqlite.day.days import OPEN, foreign
from ringlog.store.sqlite.day.decoded import decoded
from ringlog.store.sqlite.day.full_text import full_text
from ringlog.store.sqlite.disk.catalogue import Connection, connect_to_look, reading
from ringlog.store.sqlite.disk.faults import UNREADABLE
from ringlog.store.sqlite.doctor.store_checks import Patient
from ringlog.store.sqlite.index.call_index import N_BITS, N_MASK
from ringlog.terms import ACCOUNT, VERSION, facet

SAMPLE = 100
"""About so many calls of a Day have their terms looked for: each takes as long as hundreds of entries."""
TERMS = 100
"""Asked for at once."""
ANY_ACCOUNT = f'"{facet(ACCOUNT, "")}" *'


def calls_are_indexed(patient: Patient) -> Iterator[str]:
    """A file that is foreign or cannot be read is named by other checks."""
    for day in patient.days(OPEN):
        file = patient.day_file(day)
        with suppress(*UNREADABLE):
            if file.is_file() and not foreign(file) and not is_indexed(patient, day):
                yield f"{file}: its full-text index is not that of its calls."


def is_indexed(patient: Patient, day: int) -> bool:
    """The Day first, then the catalogue, which knew each sealed call before."""
    with closing(connect_to_look(patient.day_file(day))) as file, reading(file):
        if not file.rows("SELECT 1 FROM sqlite_schema WHERE name = 'term_version'"):
            return True
        if file.rows("SELECT version FROM term_version") != [(VERSION,)]:
            return True
        held = {call_id for (call_id,) in file.rows("SELECT call_id FROM frame")}
        calls = patient.catalogue.rows(APPLICATIONS, (day << N_BITS, (day + 1) << N_BITS))
        known = {call_id: account_id for call_id, account_id, _ in calls if call_id in held}
        return (
            found(file, day, ANY_ACCOUNT) <= held
            and has_each(file, day, known)
            and all(has_its_terms(file, call_id, known[call_id]) for call_id in sample(sorted(known)))
        )


def found(file: Connection, day: int, expression: str) -> set[int]:
    """The calls that the index gives."""
    rows = file.rows("SELECT rowid FROM term WHERE term MATCH ?", (expression,))
    return {(day << N_BITS) + n for (n,) in rows}


def has_each(file: Connection, day: int, known: dict[int, int]) -> bool:
    """`known`: accounts by call."""
    by_account: defaultdict[int, set[int]] = defaultdict(set)
    for call_id, account_id in known.items():
        by_account[account_id].add(call_id)
    for account_id, calls in by_account.items():
        missing = calls - found(file, day, quoted(facet(ACCOUNT, str(account_id))))
        # A frame that cannot be read is in it no more, once all were indexed anew.
        if any(terms_of(file, call_id, account_id) for call_id in missing):
            return False
    return True


def has_its_terms(file: Connection, call_id: int, account_id: int) -> bool:
    select = "SELECT 1 FROM term WHERE term MATCH ? AND rowid = ?"
    terms = terms_of(file, call_id, account_id)
    return all(
        file.rows(select, (" AND ".join(map(quoted, terms[at : at + TERMS])), call_id & N_MASK))
        for at in range(0, len(terms), TERMS)
    )


def terms_of(file: Connection, call_id: int, account_id: int) -> list[str]:
    """None where the frame cannot be read: that is said of the frame."""
    ((frame,),) = file.rows("SELECT frame FROM frame WHERE call_id = ?", (call_id,))
    try:
        return " ".join(full_text(account_id, decoded(Frame(frame).text))).split()
    except StoreDamaged:
        return []


def sample(calls: list[int]) -> list[int]:
    return calls[:: max(1, len(calls) // SAMPLE)]


def quoted(term: str) -> str:
    return f'"{term}"'
