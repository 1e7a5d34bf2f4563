"""Appending: each call of a request is planned, checked, and only then written.

The checks read the catalogue inside the writer's transaction, so that what they see is what is written to.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from operator import lt

from ringlog.errors import BeyondRetention, Conflict
from ringlog.model import (
    CAP_LINE,
    DETAIL_SOURCE,
    MAX_CALL_BYTES,
    MAX_ENTRIES,
    MAX_SEQ,
    MICROSECONDS,
    RESERVED_SOURCE,
    UNNUMBERED_SOURCE,
    Appended,
    Batch,
    CallBatch,
    Ending,
    EntryRecord,
    Horizon,
    Kind,
    StoredEntry,
    cap_entry_text,
)
from ringlog.store.sqlite.calls.identity import Identities, Known
from ringlog.store.sqlite.day.codec import Run, pack_chunk
from ringlog.store.sqlite.day.days import Days
from ringlog.store.sqlite.disk.catalogue import Connection
from ringlog.store.sqlite.index import age, call_index, tombstones
from ringlog.store.sqlite.index.call_index import ENDED_BY_CODES, IndexedCall

UNEVEN_SOURCES = (DETAIL_SOURCE, RESERVED_SOURCE, UNNUMBERED_SOURCE)
"""Those with rules of their own."""

Offence = tuple[int, str]
"""A record's number, and what is wrong with it."""


@dataclass(slots=True)
class Plan:
    """What a request means for one call."""

    before: IndexedCall | None
    call: IndexedCall
    fresh: Sequence[Run] = ()
    duplicates: int = 0
    dropped: int = 0
    accepted: int = 0


def append(connection: Connection, days: Days, account_id: int, batch: Batch, horizon: Horizon) -> Appended:
    """Raises NoSuchAccount, BeyondRetention, Conflict, StoreDamaged; then nothing was written."""
    deleted = tombstones.deleted(connection, account_id, batch)
    plans: list[Plan] = []
    gone: list[Offence] = []
    stored = call_index.load_all(connection, account_id, batch.keys())
    for records in batch.values():
        before = stored.get(records.session_id)
        call = before.copy() if before else IndexedCall.new(account_id, records.session_id, horizon.now_us)
        for record in records.rows:
            call.merge(record.row)
        call.deleted = records.session_id in deleted
        plans.append(Plan(before, call))
        gone += age.too_old(call, records, horizon)
    if gone:
        raise BeyondRetention(*_named(gone))
    conflicts: list[Offence] = []
    for plan, records in zip(plans, batch.values(), strict=True):
        conflicts += Check(connection, days, plan).entries(records)
    if conflicts:
        raise Conflict(*_named(conflicts))
    _write(connection, plans, horizon.now_us)
    return Appended(
        sum(plan.accepted for plan in plans),
        sum(plan.duplicates for plan in plans),
        sum(plan.dropped for plan in plans),
    )


def _named(offences: list[Offence]) -> tuple[str, list[int]]:
    """The first offence as a sentence, and the numbers of all."""
    number, text = min(offences)
    return f"Record {number}: {text}", sorted({number for number, _ in offences})


class Check:
    """Sorts the entries of one call into fresh, duplicate, dropped and conflicting ones."""

    def __init__(self, connection: Connection, days: Days, plan: Plan) -> None:
        self._plan = plan
        self._call = plan.call
        self._stored = Known(connection, days, plan.before) if plan.before and plan.before.entries else None
        self._known: Identities = {}
        self._fresh: list[StoredEntry] = []
        self._conflicts: list[Offence] = []
        self._mixed = False

    def entries(self, records: CallBatch) -> list[Offence]:
        """Those that clash. Raises StoreDamaged."""
        if not records.entries:
            return []
        if self._stored:
            self._known = self._stored.among(records.entries)
            if any(entry.source == DETAIL_SOURCE for entry in records.entries):
                self._mixed = self._stored.has_other_sources()
        if self._known or not self._all(records.entries):
            self._number_above(records.entries)
            for record in records.entries:
                self._entry(record)
            self._plan.fresh = runs(self._fresh)
        return self._conflicts

    def _all(self, entries: list[EntryRecord]) -> bool:
        """Keeps them all at once, where one source gave them in its order, none can clash and none is above
        the cap. False where they are not such.
        """
        call, plan = self._call, self._plan
        _, _, sources, seqs, times, kinds, lines, texts, _, endings = zip(*entries, strict=True)
        count, size = len(entries), sum(map(len, texts))
        if sources[0] in UNEVEN_SOURCES or sources.count(sources[0]) < count or not _ascending(seqs):
            return False
        if call.dropped or call.kept + count > MAX_ENTRIES or call.bytes + size > MAX_CALL_BYTES:
            return False
        arrivals = range(call.next_arrival, call.next_arrival + count)
        plan.fresh = (Run(sources[0], seqs, times, arrivals, texts),)
        plan.accepted += count
        call.entries += count
        call.next_arrival += count
        call.bytes += size
        call.note_time(min(times))
        call.note_time(max(times))
        if Kind.ERROR in kinds or any(endings):
            for kind, line, time_us, ending in zip(kinds, lines, times, endings, strict=True):
                self._note(kind, line, time_us, ending)
        return True

    def _note(self, kind: Kind, line: str, time_us: int, ending: Ending | None) -> None:
        """What an entry says of its call."""
        if kind is Kind.ERROR:
            self._call.note_error(time_us, line)
        if ending:
            self._call.ended_by, self._call.cause = ENDED_BY_CODES[ending.by], ending.cause

    def _number_above(self, entries: list[EntryRecord]) -> None:
        """The store's own numbers lie above every `-` that came with one."""
        given = [e.seq for e in entries if e.source == UNNUMBERED_SOURCE and e.seq is not None]
        self._call.next_arrival = max(self._call.next_arrival, max(given, default=0) + 1)

    def _entry(self, record: EntryRecord) -> None:
        seq = self._call.next_arrival if record.seq is None else record.seq
        if (known := self._known.get((record.source, seq))) is not None:
            if known == (record.time_us, record.text):
                self._plan.duplicates += 1
            else:
                self._conflict(record, f"seq {seq} of source {record.source!r} is stored with other content.")
        elif record.source == DETAIL_SOURCE and self._mixed:
            self._conflict(record, "detail would add to the entries of other sources.")
        elif seq > MAX_SEQ:
            self._conflict(record, "seq: the numbers of source '-' are used up.")
        elif record.source == RESERVED_SOURCE:
            self._call.capped = 1
            self._keep(record, seq, counted=False)
        elif self._above_cap(record):
            self._drop()
        else:
            self._keep(record, seq)
        if record.source not in {DETAIL_SOURCE, RESERVED_SOURCE}:
            self._mixed = True

    def _conflict(self, record: EntryRecord, text: str) -> None:
        self._conflicts.append((record.number, f"call {record.session_id!r}: {text}"))

    def _above_cap(self, record: EntryRecord) -> bool:
        call = self._call
        return bool(
            call.dropped or call.kept >= MAX_ENTRIES or call.bytes + len(record.text) > MAX_CALL_BYTES
        )

    def _keep(self, record: EntryRecord, seq: int, *, counted: bool = True) -> None:
        call = self._call
        self._plan.accepted += 1
        self._known[record.source, seq] = record.time_us, record.text
        self._add(StoredEntry(record.source, seq, record.time_us, call.next_arrival, record.text))
        call.bytes += len(record.text) if counted else 0
        call.note_time(record.time_us)
        self._note(record.kind, record.line, record.time_us, record.ending)

    def _add(self, entry: StoredEntry) -> None:
        self._fresh.append(entry)
        self._call.entries += 1
        self._call.next_arrival += 1

    def _drop(self) -> None:
        """Counts an entry above the cap; the first one leaves an entry that says so."""
        call = self._call
        self._plan.dropped += 1
        call.dropped += 1
        if not call.capped:
            time_us = call.last_us or 0
            call.capped = 1
            text = cap_entry_text(time_us // MICROSECONDS)
            self._known[RESERVED_SOURCE, 0] = time_us, text
            self._add(StoredEntry(RESERVED_SOURCE, 0, time_us, call.next_arrival, text))
            call.note_error(time_us, CAP_LINE)


def _ascending(seqs: Sequence[int]) -> bool:
    return all(map(lt, seqs, seqs[1:]))


def runs(entries: list[StoredEntry]) -> list[Run]:
    """One of each source."""
    by_source: defaultdict[str, list[StoredEntry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry.seq):
        by_source[entry.source].append(entry)
    return [Run(source, *list(zip(*found, strict=True))[1:]) for source, found in by_source.items()]


def _write(connection: Connection, plans: list[Plan], now_us: int) -> None:
    call_index.insert(connection, [plan.call for plan in plans if not plan.before])
    for plan in plans:
        if plan.before and plan.call != plan.before:
            plan.call.last_received_us = now_us
            call_index.update(connection, plan.call, plan.before)
    connection.run_many(
        "INSERT INTO chunk (call_id, source, min_seq, max_seq, meta, text, last_arrival, received_us) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(plan.call.id, *pack_chunk(run), max(run.arrivals), now_us) for plan in plans for run in plan.fresh],
    )
