"""What the logs of a recording's copies must be, and how what a server has differs from it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ringlog.collect.copies import Copy, Mover, side_by_side
from ringlog.collect.recording import Recording
from ringlog.model import MICROSECONDS, CallRow, Entry
from tests.wire.asterisk.transcripts import Said, of_stream

Log = Mapping[str, Any]
ROW = ("src", "dest", "type", "start", "end", "application", "version")


class Truth:
    """The expected logs of `stream`, as each of `copies` copies tells them `by_s` seconds later."""

    def __init__(self, stream: str, recording: Recording, copies: int, by_s: int) -> None:
        self._mover = Mover(recording, by_s, side_by_side(recording, copies, 1))
        self._copies: Sequence[Copy] = side_by_side(recording, copies, 1)
        self._calls = [self._marked(expected(said, by_s)) for said in of_stream(stream).values()]

    def logs(self) -> Iterator[Log]:
        """Of every call of every copy."""
        for copy in self._copies:
            for call in self._calls:
                yield json.loads(copy.of(call))

    def _marked(self, log: Log) -> bytes:
        text = json.dumps(self._own(log), ensure_ascii=False)
        return text.replace("\\u0000", "\0").encode()

    def _own(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._mover.message(value.encode()).decode()
        if isinstance(value, Mapping):
            return {key: self._own(one) for key, one in value.items()}
        return [self._own(one) for one in value] if isinstance(value, list) else value


def expected(said: Sequence[Said], by_s: int) -> Log:
    """A call as an export tells it; of several values the last counts."""
    row: dict[str, Any] = {}
    entries: list[Any] = []
    for item in said:
        if isinstance(item, Entry):
            when_us = item.time_us + by_s * MICROSECONDS
            data = json.loads(json.dumps(dict(item.data)))
            if data["module_type"] == "gap":
                data |= {key: data[key] + by_s for key in ("from", "to") if key in data}
            entries.append([item.kind, item.line, data, when_us])
        else:
            row |= {key: value for key, value in told(item).items() if value is not None}
    for key in ("start", "end"):
        row[key] += by_s
    return {"session_id": said[0].session_id, **row, "entries": entries}


def told(row: CallRow) -> Mapping[str, Any]:
    values = (row.src, row.dest, row.type, row.start_s, row.end_s, row.application, row.version)
    return dict(zip(ROW, values, strict=True))


def exported(path: Path) -> dict[str, Log]:
    """The calls of an export, each with its entries in the order they were given."""
    calls: dict[str, dict[str, Any]] = {}
    with path.open(encoding="utf-8") as file:
        for record in map(json.loads, file):
            call = calls.setdefault(record["session_id"], {"entries": []})
            if "event" in record:
                event = record["event"]
                entry = [record["class"], event["line"], event["data"], record["time_us"]]
                call["entries"].append((record["source"], record["seq"], entry))
            else:
                call |= {key: record[key] for key in ROW if key in record}
    for session_id, call in calls.items():
        call["session_id"] = session_id
        call["entries"] = [entry for _, _, entry in sorted(call["entries"], key=lambda item: item[:2])]
    return calls


def differences(truth: Truth, found: Mapping[str, Log]) -> list[str]:
    """One line for each call that is missing, too many, or told otherwise."""
    wanted: set[str] = set()
    said: list[str] = []
    for log in truth.logs():
        session_id = log["session_id"]
        wanted.add(session_id)
        if session_id not in found:
            said.append(f"{session_id} is missing")
        elif found[session_id] != log:
            said.append(f"{session_id}: {first_difference(log, found[session_id])}")
    return said + [f"{session_id} is no call of the recording" for session_id in found.keys() - wanted]


def first_difference(wanted: Log, found: Log) -> str:
    for key in (*ROW, "session_id"):
        if wanted.get(key) != found.get(key):
            return f"{key} is {found.get(key)!r}, not {wanted.get(key)!r}"
    for ours, theirs in zip(wanted["entries"], found["entries"], strict=False):
        if ours != theirs:
            return f"{theirs!r}, not {ours!r}"
    return f"{len(found['entries'])} entries, not {len(wanted['entries'])}"


class Losses(NamedTuple):
    """What calls lack that were told while the spool was full."""

    debug: int
    other: int
    counted: int
    """Entries that the logs themselves say were left out."""
    wrong: Sequence[str]
    """Calls that are missing, hold what is not theirs, or count otherwise than they lack."""


def losses(truth: Truth, found: Mapping[str, Log]) -> Losses:
    debug = other = counted = 0
    wrong: list[str] = []
    for log in truth.logs():
        call = found.get(log["session_id"])
        if call is None:
            wrong.append(f"{log['session_id']} is missing")
            continue
        notes = [entry for entry in call["entries"] if "left_out" in entry[2]]
        rest = [entry for entry in call["entries"] if "left_out" not in entry[2]]
        lacks = [entry for entry in log["entries"] if entry not in rest]
        said = sum(entry[2]["left_out"] for entry in notes)
        if len(rest) + said != len(log["entries"]) or any(one not in log["entries"] for one in rest):
            wrong.append(f"{log['session_id']} lacks {len(lacks)} entries and says {said}")
        counted += said
        debug += sum(entry[0] == "debug" for entry in lacks)
        other += sum(entry[0] != "debug" for entry in lacks)
    return Losses(debug, other, counted, wrong)
