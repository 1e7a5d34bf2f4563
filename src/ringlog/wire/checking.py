"""Records as values: each checked against the rules, and grouped by call.

What a caller gave is quoted in no error but for an unknown key's name, and of a private record not even that.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import msgspec
from msgspec import UNSET, UnsetType

from ringlog.model import (
    DETAIL_SOURCE,
    MAIN_SOURCE,
    MAX_ENTRY_BYTES,
    MICROSECONDS,
    OUTBOUND_SRC,
    RESERVED_SOURCE,
    UNNUMBERED_SOURCE,
    CallBatch,
    CallRecord,
    CallRow,
    CallType,
    EntryRecord,
    cap_entry_text,
    is_session_id,
    is_source,
)
from ringlog.wire.canonical import canonical
from ringlog.wire.ending import ending_in
from ringlog.wire.shapes import (
    IN_DETAIL,
    IN_ENTRY,
    IN_EVENT,
    IN_ROW,
    MAX_ROW_TEXT,
    EntryText,
    Fault,
    RowText,
    Served,
    WireEntry,
    WireRow,
    fault,
    known,
)
from ringlog.wire.strict import NotStrict, compact, decode

EARLIEST_S = 946_684_800
"""The year 2000: no call log is older, so an earlier time is a mistake of units."""
Value = Mapping[str, Any]
Shape = TypeVar("Shape", WireEntry, WireRow)


class Checking:
    """One request's records, one after another; `batch` is what they make."""

    def __init__(self, latest_s: int, ignore_unknown: bool) -> None:
        self.batch: dict[str, CallBatch] = {}
        self.session_id: str | None = None
        """Of entries that name none."""
        self.too_large = ""
        """The sentence about the first entry above its cap."""
        self.sources: set[str] = set()
        """Those that anything may come from."""
        self.latest_s = latest_s
        self._ignore_unknown = ignore_unknown

    def record(self, number: int, text: bytes) -> None:
        """Raises Fault."""
        if plain_entry := canonical(text):
            self._lone_entry(number, *plain_entry)
            return
        try:
            value, plain = decode(text)
        except NotStrict as error:
            raise Fault("", error.message) from None
        if not isinstance(value, dict):
            raise Fault("", "is not an object")
        if "event" in value:
            entry = self._entry(cast(Value, value), IN_ENTRY)
            self._lone_entry(number, entry, _served(entry, None if plain else text))
        else:
            self._row(number, cast(Value, value), None if plain else text)

    def call(self, session_id: str) -> CallBatch:
        call = self.batch.get(session_id)
        if call is None:
            call = self.batch[session_id] = CallBatch(session_id)
        return call

    def _lone_entry(self, number: int, entry: WireEntry, served: bytes) -> None:
        session_id, in_array = entry.session_id, False
        if session_id is UNSET:
            if self.session_id is None:
                raise Fault("session_id", "is missing")
            session_id, in_array = self.session_id, True
        if session_id not in self.batch:
            _check_session_id(session_id)
        record = self._entry_record(
            number, session_id, entry, served, position=number - 1 if in_array else None
        )
        self.call(session_id).entries.append(record)

    def _row(self, number: int, value: Value, text: bytes | None) -> None:
        if not self._ignore_unknown:
            known(value, IN_ROW)
        row = _convert(value, WireRow)
        _check_session_id(row.session_id)
        checked = CallRecord(number, self._call_row(row))
        inside = [] if row.detail is UNSET else self._detail(number, row.session_id, row.detail, text)
        call = self.call(row.session_id)
        call.rows.append(checked)
        call.entries.extend(inside)

    def _detail(
        self, number: int, session_id: str, values: Sequence[Value], text: bytes | None
    ) -> list[EntryRecord]:
        texts = map(bytes, _row_texts.decode(text).detail) if text is not None else [None] * len(values)
        found: list[EntryRecord] = []
        for position, (value, entry_text) in enumerate(zip(values, texts, strict=True)):
            try:
                entry = self._entry(value, IN_DETAIL)
                served = _served(entry, entry_text)
                found.append(self._entry_record(number, session_id, entry, served, position=position))
            except Fault as error:
                raise error.inside(f"detail[{position}]") from None
        return found

    def _entry(self, value: Value, keys: frozenset[str]) -> WireEntry:
        if not self._ignore_unknown and isinstance(value, dict):
            known(value, keys)
            event = value.get("event")
            if isinstance(event, dict):
                private = value.get("private", False) is not False
                known(cast(Value, event), IN_EVENT, "event", private=private)
        return _convert(value, WireEntry)

    def _entry_record(
        self, number: int, session_id: str, entry: WireEntry, served: bytes, *, position: int | None
    ) -> EntryRecord:
        _check_data(entry.event.data)
        self._check_time("timestamp", entry.timestamp)
        source, seq = self._identity(entry, position)
        if len(served) > MAX_ENTRY_BYTES and not self.too_large:
            self.too_large = f"Record {number}: the entry has more than {MAX_ENTRY_BYTES:,} bytes."
        if source == RESERVED_SOURCE and (seq != 0 or served != cap_entry_text(entry.timestamp)):
            raise Fault("source", f"{RESERVED_SOURCE} is reserved")
        ending = None if entry.private else ending_in(entry.event.data)
        return EntryRecord(
            number,
            session_id,
            source,
            seq,
            _time_us(entry),
            entry.kind,
            entry.event.line,
            served,
            entry.private,
            ending,
        )

    def _identity(self, entry: WireEntry, position: int | None) -> tuple[str, int | None]:
        """Source and seq; `position`, the place in a `detail` or a bare array, can stand for them."""
        if entry.source is UNSET:
            if entry.seq is not UNSET:
                return MAIN_SOURCE, entry.seq
            return (UNNUMBERED_SOURCE, None) if position is None else (DETAIL_SOURCE, position)
        if entry.source not in self.sources:
            if not is_source(entry.source):
                raise Fault("source", "must have 1–128 characters and no control character")
            if entry.source != RESERVED_SOURCE:
                self.sources.add(entry.source)
        if entry.seq is UNSET:
            if entry.source != UNNUMBERED_SOURCE:
                raise Fault("seq", "is missing beside a source")
            return UNNUMBERED_SOURCE, None
        return entry.source, entry.seq

    def _call_row(self, row: WireRow) -> CallRow:
        texts = {name: _row_text(row, name) for name in ("src", "dest", "application", "version")}
        call_type = None if row.type is UNSET else row.type
        if texts["src"] == OUTBOUND_SRC:
            texts["src"] = None
            call_type = call_type or CallType.OUTBOUND
        return CallRow(
            row.session_id,
            type=call_type,
            start_s=self._seconds("start", row.start),
            end_s=self._seconds("end", row.end),
            **texts,
        )

    def _seconds(self, name: str, given: int | str | UnsetType) -> int | None:
        if given is UNSET:
            return None
        if isinstance(given, str):
            if not (given.isascii() and given.isdigit() and len(given) <= 18):
                raise Fault(name, "must be UNIX seconds, an integer or its digits as text")
            given = int(given)
        self._check_time(name, given)
        return given

    def _check_time(self, name: str, seconds: int) -> None:
        if seconds < EARLIEST_S:
            raise Fault(name, "lies before the year 2000 (UNIX seconds are asked for)")
        if seconds > self.latest_s:
            raise Fault(name, "lies more than a day ahead (UNIX seconds are asked for)")


def _convert(value: Value, shape: type[Shape]) -> Shape:
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise fault(error) from None


def _check_session_id(session_id: str) -> None:
    if not is_session_id(session_id):
        raise Fault("session_id", "must have 1–255 characters, no control character, and not be '.' or '..'")


def _check_data(data: Value) -> None:
    for name in ("module_type", "result_variable"):
        if type(data.get(name)) is not str:
            raise Fault(f"event.data.{name}", "must be text" if name in data else "is missing")


def _time_us(entry: WireEntry) -> int:
    if entry.time_us is UNSET:
        return entry.timestamp * MICROSECONDS
    if entry.time_us // MICROSECONDS != entry.timestamp:
        raise Fault("time_us", "lies in another second than timestamp")
    return entry.time_us


def _served(entry: WireEntry, text: bytes | None) -> bytes:
    """The entry's text as it is served; `text` is given where encoding would not keep it as it was."""
    if text is None:
        return msgspec.json.encode(Served(entry.event, entry.kind, entry.timestamp))
    event = _entry_text.decode(compact(text)).event
    return b'{"event":{"line":%b,"data":%b},"class":"%b","timestamp":%d}' % (
        bytes(event.line),
        bytes(event.data),
        entry.kind.encode(),
        entry.timestamp,
    )


def _row_text(row: WireRow, name: str) -> str | None:
    text: str | UnsetType = getattr(row, name)
    if text is UNSET:
        return None
    if "\0" in text:
        raise Fault(name, "holds a NUL")
    if len(text) > MAX_ROW_TEXT:
        raise Fault(name, f"has more than {MAX_ROW_TEXT:,} characters")
    return text


_row_texts = msgspec.json.Decoder(RowText)
_entry_text = msgspec.json.Decoder(EntryText)
