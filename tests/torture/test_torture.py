"""The torture, as much of it as a minute allows; `make torture` does the rest (docs/reliability.md)."""

from pathlib import Path
from random import Random

from tests.torture import ami, collector


def test_three_hundred_broken_streams_break_nothing() -> None:
    failures = [failure for number in range(300) if (failure := ami.tried(1, number))]
    assert not failures, failures[0]


def test_a_collector_killed_up_to_five_times_loses_and_doubles_nothing(tmp_path: Path) -> None:
    so_far = collector.Sum()
    collector.one_pass(collector.last_run(tmp_path), 5, Random(5), so_far)
    assert not so_far.failures
    assert so_far.kills > 1
