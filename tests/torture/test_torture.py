"""The torture, as much of it as a minute allows; `make torture` does the rest (docs/reliability.md)."""

from pathlib import Path
from random import Random

import pytest

from tests.torture import ami, collector


def test_three_hundred_broken_streams_break_nothing() -> None:
    failures = [failure for number in range(300) if (failure := ami.tried(1, number))]
    assert not failures, failures[0]


@pytest.mark.parametrize("number", [8843, 14600])
def test_streams_that_told_of_a_call_behind_its_end(number: int) -> None:
    """Its id comes again in them: what was told late stepped back in time."""
    assert not ami.tried(2148880044, number)


def test_a_collector_killed_up_to_five_times_loses_and_doubles_nothing(tmp_path: Path) -> None:
    so_far = collector.Sum()
    collector.one_pass(collector.last_run(tmp_path), 5, Random(5), so_far)
    assert not so_far.failures
    assert so_far.kills > 1
