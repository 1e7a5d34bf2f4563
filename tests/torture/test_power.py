"""Some cuts of power, and that the rig would notice if the store were careless."""

import re
import shutil
from pathlib import Path

import pytest

from ringlog.store.sqlite.disk import files
from tests.torture.power import tried
from tests.torture.recorder import Rig

STORE = Path(files.__file__).parents[1]
ON_ITS_OWN = re.compile(
    r"(?<!files)\.(mkdir|rmdir|unlink|rename|touch|write_bytes|write_text)\(|\bos\.(open|fsync|replace|remove)\b"
)


def test_the_rig_sees_all_that_the_store_does_to_files() -> None:
    """What a backup that failed takes away again is all that is not done by `files.py`."""
    others = [file for file in STORE.rglob("*.py") if file.name != "files.py"]
    assert len(others) > 10
    assert [file.name for file in others if ON_ITS_OWN.search(file.read_text())] == []


def test_forty_cuts_of_power_lose_nothing() -> None:
    failures = [failure for failure in tried("1", 40) if failure]
    assert not failures, failures[0]


CARELESS = {
    "commits are not synced": Rig(synchronous="OFF"),
    "commits are synced by checkpoints only": Rig(synchronous="NORMAL"),
    "the store's own name is not": Rig(unsynced="make_folder"),
    "a new Day's name is not, by anybody": Rig(unsynced="connect_to_write", unsynced_by_sqlite="days"),
    "a Day's removal is not": Rig(unsynced="remove"),
    "a backup's name is not": Rig(unsynced="new_folder"),
    "the clock's reading is not": Rig(unsynced="write_whole"),
}


@pytest.mark.parametrize("rig", CARELESS.values(), ids=CARELESS)
def test_a_careless_store_is_noticed(rig: Rig) -> None:
    cuts = (failure for story in range(10) for failure in tried(str(story), 60, rig))
    failure = next(filter(None, cuts), "")
    assert failure
    shutil.rmtree(failure.partition(": ")[2].partition(": ")[0])
