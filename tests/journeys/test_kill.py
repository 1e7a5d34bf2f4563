"""`kill -9` of a server at work: tests/torture/kill.py says at what."""

from tests.torture import kill

ROUNDS = 20


def test_twenty_kills_lose_nothing() -> None:
    so_far = kill.Sum()
    assert list(kill.one_store(ROUNDS, "20", so_far)) == []
    assert so_far.kills == ROUNDS
    assert so_far.deleted
    assert so_far.expired
    assert so_far.backups
