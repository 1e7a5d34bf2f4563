"""What a server's log says of upkeep that fails: what is new, once."""

import asyncio
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from ringlog.cli.serving import every
from ringlog.errors import StoreBusy, StoreDamaged, StoreFull


def said(rounds: Sequence[Exception | None]) -> list[tuple[str, str, str]]:
    """Level, event and reason of each line, of upkeep whose rounds end so."""
    left = iter(rounds)

    async def work() -> None:
        try:
            outcome = next(left)
        except StopIteration:
            raise asyncio.CancelledError from None
        if outcome:
            raise outcome

    with capture_logs() as lines, pytest.raises(asyncio.CancelledError):
        asyncio.run(every(0, work))
    return [(line["log_level"], line["event"], line.get("why", "")) for line in lines]


def test_a_fault_is_said_when_it_begins_changes_and_is_over() -> None:
    full, damaged = StoreFull(), StoreDamaged("b.db is missing.")
    assert said([None, full, full, full, damaged, damaged, None, None, full]) == [
        ("warning", "upkeep fails", "The disk is full."),
        ("warning", "upkeep fails", "b.db is missing."),
        ("info", "upkeep works again", ""),
        ("warning", "upkeep fails", "The disk is full."),
    ]


def test_waiting_for_a_backup_is_no_failure() -> None:
    assert said([StoreBusy("A backup is made."), StoreBusy("A backup is made.")]) == [
        ("warning", "upkeep waits", "A backup is made.")
    ]


def test_what_nobody_expected_is_said_each_time() -> None:
    assert said([ValueError(), ValueError()]) == [("error", "upkeep failed", "")] * 2
