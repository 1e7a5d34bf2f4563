"""The torture, as much of it as a few seconds allow; `make torture` does the rest (docs/reliability.md)."""

from tests.torture import ami, collector
from tests.torture.outcome import Effort


def test_three_hundred_broken_streams_break_nothing() -> None:
    failures = [failure for number in range(300) if (failure := ami.tried(1, number))]
    assert not failures, failures[0]


def test_a_collector_killed_five_times_loses_and_doubles_nothing() -> None:
    outcome = collector.run(Effort(seconds=0, rounds=5, seed=5))
    assert outcome.good, str(outcome)
