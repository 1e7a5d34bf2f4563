"""What `ringlog doctor` does: it looks at everything in a store and says what is wrong in sentences.

It only reads, also beside a server that appends, seals and expires. A sentence counts only if a second
look, begun after the first has ended, says it again: between the two commits of a sealing, and while a Day
goes, one look sees what never lasts. No snapshot is held longer than a few hundred calls take, but for
SQLite's own check, for a Day's index and for counting its steps.

What is looked at stands in two lists, `store_checks.CHECKS` and `call_checks.CHECKS`, and in
`index_checks.py` and `step_checks.py`.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import apsw

from ringlog.store.sqlite.day.days import OPEN, what_is_wrong
from ringlog.store.sqlite.disk.catalogue import connect_to_look, reading
from ringlog.store.sqlite.disk.faults import CATALOGUE, UNREADABLE, Seam, must_hold_a_store, unreadable
from ringlog.store.sqlite.doctor import call_checks, store_checks
from ringlog.store.sqlite.doctor.index_checks import calls_are_indexed
from ringlog.store.sqlite.doctor.step_checks import steps_add_up
from ringlog.store.sqlite.doctor.store_checks import Patient
from ringlog.store.sqlite.index.call_index import N_BITS, SELECT, IndexedCall, indexed
from ringlog.wording import count

PAGE = 500
"""Calls looked at together."""

Progress = Callable[[int, int], None]
"""Told how many calls of how many have been looked at."""


class Doctor:
    """Raises ConfigurationFault where there is no store, StoreDamaged where its catalogue is lost."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self._folder = folder
        self._file = folder / CATALOGUE
        self._progress = progress
        self.calls = 0
        self.days = 0
        """Days whose details are kept."""
        must_hold_a_store(folder)

    def findings(self) -> Iterator[str]:
        """Everything that is wrong. Raises ConfigurationFault for a store of another version, StoreFault."""
        with Seam(self._file):
            try:
                with closing(connect_to_look(self._file)) as catalogue:
                    yield from self._examine(Patient(self._folder, catalogue))
            except (apsw.CorruptError, apsw.NotADBError, apsw.CantOpenError, apsw.SQLError):
                yield unreadable(self._file)

    def _examine(self, patient: Patient) -> Iterator[str]:
        store_checks.check_version(patient.catalogue)
        for check in (*store_checks.CHECKS, calls_are_indexed, steps_add_up):
            yield from lasting(lambda: list(check(patient)))  # noqa: B023 - called at once
        ((total,),) = patient.catalogue.rows("SELECT count(*) FROM call")
        for day in patient.days(OPEN):
            for page in pages(patient, day):
                yield from page.findings
                self.calls += page.calls
                self._progress(self.calls, total)
            self.days += 1


class Page(NamedTuple):
    """Some calls of a Day, looked at."""

    findings: list[str]
    calls: int
    next: int | None
    """The call to go on with."""


def pages(patient: Patient, day: int) -> Iterator[Page]:
    at: int | None = day << N_BITS
    while at is not None:
        first = at
        page = look(patient, day, first)
        if page.findings:
            again = set(look(patient, day, first).findings)
            page = page._replace(findings=[sentence for sentence in page.findings if sentence in again])
        yield page
        at = page.next


def look(patient: Patient, day: int, first: int) -> Page:
    """The catalogue first, then the Day: what is sealed in between is seen twice and never missed."""
    end = (day + 1) << N_BITS
    with reading(patient.catalogue):
        select = f"{SELECT} WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
        calls = [indexed(row) for row in patient.catalogue.rows(select, (first, end, PAGE))]
        is_last = len(calls) < PAGE
        end = end if is_last else calls[-1].id + 1
        chunks = patient.chunks(first, end)
        noted, cleared = patient.noted(first, end), patient.cleared(first, end)
    file = patient.day_file(day)
    try:
        frames = patient.frames(day, first, end) if needed(file, calls) else {}
    except UNREADABLE:
        return Page([what_is_wrong(file)], len(calls), None)
    findings = back_again(file, frames.keys() & cleared)
    findings += unknown(file, frames.keys() - {call.id for call in calls} - noted - cleared)
    for call in calls:
        mine = chunks.get(call.id, []), frames.get(call.id)
        findings += call_checks.findings(call, *mine, patient.file, file)
    return Page(findings, len(calls), None if is_last else end)


def needed(file: Path, calls: list[IndexedCall]) -> bool:
    """A Day has no file before its first sealing."""
    return file.exists() or any(call.sealed_arrival and not call.gone for call in calls)


def back_again(file: Path, call_ids: set[int]) -> list[str]:
    if not call_ids:
        return []
    deleted = count(len(call_ids), "deleted call")
    return [f"{file}: it holds {deleted} again, as a backup does: the server's next start clears it of them."]


def unknown(file: Path, call_ids: set[int]) -> list[str]:
    if not call_ids:
        return []
    return [f"{file}: it holds {count(len(call_ids), 'call')} that the catalogue does not know."]


def lasting(check: Callable[[], list[str]]) -> list[str]:
    """What two looks, one after the other, both say."""
    found = check()
    again = set(check()) if found else set[str]()
    return [sentence for sentence in found if sentence in again]
