"""Calls joined in the middle: wherever that is, their logs hold nothing that the whole log does not."""

from collections.abc import Sequence
from functools import cache

import pytest

from ringlog.model import Entry, Kind
from ringlog.wire.asterisk import Message, Translator
from tests.wire.asterisk.damage import pairs_of_ids, recorded
from tests.wire.asterisk.transcripts import Said, of_stream

PRIVATE = ("PIN", "CARD", "HASH")
TYPED_BEFORE = "1795428737.55"
"""What was typed in confidence before a call was joined nobody knows (docs/asterisk.md, Secrets)."""


@cache
def named() -> Sequence[tuple[Message, set[str], set[str]]]:
    """Each message, the ids of the channels that it names, and those of their calls."""
    items = [item for item in recorded("asterisk-2") if isinstance(item, Message)]
    channels = [{value for key, value in item.pairs if key.lower().endswith("uniqueid")} for item in items]
    calls = [{linkedid for _, linkedid in pairs_of_ids(item)} for item in items]
    return list(zip(items, channels, calls, strict=True))


@cache
def messages_of(session_id: str) -> Sequence[Message]:
    of_call = (item for item, _, calls in named() if session_id in calls)
    uids = {uid for item in of_call for uid, linkedid in pairs_of_ids(item) if linkedid == session_id}
    return [item for item, channels, _ in named() if channels & uids]


@cache
def whole_logs() -> dict[str, list[Said]]:
    return of_stream("asterisk-2")


def joined(session_id: str, at: int) -> list[Entry]:
    translator = Translator(private=PRIVATE)
    said = [one for item in messages_of(session_id)[at:] for one in translator.feed(item)]
    return [
        e for e in (*said, *translator.tick(2**62)) if isinstance(e, Entry) and e.session_id == session_id
    ]


def less(line: str, whole: set[str]) -> bool:
    """A line of the whole log, or one that tells a part of what it tells."""
    ends = (" ", ":", ",")
    return line in whole or any(
        told.startswith(tuple(line + end for end in ends)) or told.lower().endswith(" " + line.lower())
        for told in whole
    )


@pytest.mark.parametrize("session_id", [id_ for id_ in whole_logs() if id_ != TYPED_BEFORE])
def test_nothing_is_told_that_did_not_happen(session_id: str) -> None:
    whole = {entry.line for entry in whole_logs()[session_id] if isinstance(entry, Entry)}
    # Who was dialled is told by the dialplan's whole list, or by the name of a queue's agent.
    dialled = [line for line in whole if line.startswith(("Dialling", "Calling"))]
    for at in range(1, len(messages_of(session_id)), 3):
        for entry in joined(session_id, at):
            line = entry.line
            if entry.kind is Kind.DEBUG or line.startswith(
                ("Log incomplete: joined", "Executing application")
            ):
                continue
            if line.startswith("Dialling") or (entry.kind is not Kind.ERROR and "did not answer" in line):
                assert dialled
                continue
            assert less(line, whole), (at, line)
