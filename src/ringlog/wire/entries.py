"""Calls and entries as records of ingest: what `ringlog export` writes and `import` reads back.

Only what a writer gave is written, so importing an export changes nothing, and the export of an import has
the same bytes.
"""

import msgspec

from ringlog.model import Call, StoredEntry


def export_row(call: Call) -> bytes:
    """The call's row, one line of NDJSON without its end; `src` is the real number."""
    row: dict[str, str | int | None] = {"session_id": call.session_id}
    if call.src_given:
        row["src"] = call.src
    if call.dest_given:
        row["dest"] = call.dest
    if call.type_given:
        row["type"] = call.type
    if call.start_given or not call.entries or not call.available:
        # No entry says when it began, so the row must.
        row["start"] = call.start_s
    if call.end_given and call.end_s is not None:
        row["end"] = call.end_s
    if call.application:
        row["application"] = call.application
    if call.version:
        row["version"] = call.version
    return msgspec.json.encode(row)


def export_entry(session_id: str, stored: StoredEntry) -> bytes:
    """An entry with its identity and fine time, one line of NDJSON without its end."""
    return b'{"session_id":%b,"source":%b,"seq":%d,"time_us":%d,%b' % (
        msgspec.json.encode(session_id),
        msgspec.json.encode(stored.source),
        stored.seq,
        stored.time_us,
        stored.text[1:],
    )
