"""Appending: each call of a request is planned, checked, and only then written.

The checks read the catalogue inside the writer's transaction, so that what they see is what is written to.
"""

from collections import defaultdict
from dataclasses import dataclass, field

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
    EntryRecord,
    Horizon,
    Kind,
    StoredEntry,
    cap_entry_text,
)
from ringlog.store.sqlite import age, call_index
from ringlog.store.sqlite.call_index import ENDED_BY_CODES, IndexedCall
from ringlog.store.sqlite.catalogue import Connection
from ringlog.store.sqlite.codec import pack_chunk
from ringlog.store.sqlite.days import Days
from ringlog.store.sqlite.identity import Identities, Known

Offence = tuple[int, str]
"""A record's number, and what is wrong with it."""


@dataclass(slots=True)
class Plan:
    """What a request means for one call."""

    before: IndexedCall | None
    call: IndexedCall
    fresh: list[StoredEntry] = field(default_factory=list[StoredEntry])
    duplicates: int = 0
    dropped: int = 0
    accepted: int = 0
    conflicts: list[Offence] = field(default_factory=list[Offence])


def append(connection: Connection, days: Days, account_id: int, batch: Batch, horizon: Horizon) -> Appended:
    """Raises BeyondRetention, Conflict, StoreDamaged; then nothing was written."""
    plans: list[Plan] = []
    gone: list[Offence] = []
    for records in batch.values():
        before = call_index.load(connection, account_id, records.session_id)
        call = before.copy() if before else IndexedCall.new(account_id, records.session_id, horizon.now_us)
        for record in records.rows:
            call.merge(record.row)
        plans.append(Plan(before, call))
        gone += age.too_old(call, records, horizon)
    if gone:
        raise BeyondRetention(*_named(gone))
    for plan, records in zip(plans, batch.values(), strict=True):
        Check(connection, days, plan).entries(records)
    if conflicts := [offence for plan in plans for offence in plan.conflicts]:
        raise Conflict(*_named(conflicts))
    for plan in plans:
        _write(connection, plan, horizon.now_us)
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
        self._mixed = False

    def entries(self, records: CallBatch) -> None:
        """Raises StoreDamaged."""
        if not records.entries:
            return
        if self._stored:
            self._known = self._stored.among(records.entries)
            if any(entry.source == DETAIL_SOURCE for entry in records.entries):
                self._mixed = self._stored.has_other_sources()
        self._number_above(records.entries)
        for record in records.entries:
            self._entry(record)

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
        self._plan.conflicts.append((record.number, f"call {record.session_id!r}: {text}"))

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
        if record.kind is Kind.ERROR:
            call.note_error(record.time_us, record.line)
        if record.ending:
            call.ended_by, call.cause = ENDED_BY_CODES[record.ending.by], record.ending.cause

    def _add(self, entry: StoredEntry) -> None:
        self._plan.fresh.append(entry)
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


def _write(connection: Connection, plan: Plan, now_us: int) -> None:
    call, before = plan.call, plan.before
    if not before:
        call_index.insert(connection, call)
    elif call != before:
        call.last_received_us = now_us
        call_index.update(connection, call, before)
    by_source: defaultdict[str, list[StoredEntry]] = defaultdict(list)
    for entry in plan.fresh:
        by_source[entry.source].append(entry)
    for entries in by_source.values():
        last_arrival = entries[-1].arrival
        chunk = pack_chunk(sorted(entries, key=lambda entry: entry.seq))
        connection.run(
            "INSERT INTO chunk (call_id, source, min_seq, max_seq, meta, text, last_arrival, received_us) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (call.id, *chunk, last_arrival, now_us),
        )
