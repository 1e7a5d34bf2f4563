"""Too many open files are said to be that, and nothing is called damaged."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .test_lost_days import sealed

TESTS = Path(__file__).parent.parent
WHY = "cannot be opened: too many open files; raise that limit, nothing is damaged."


def crowded(folder: Path, *arguments: object) -> dict[str, Any]:
    """What a process says that may open few files, of a store with the sealed calls `a` and `b`."""
    ran = subprocess.run(
        [sys.executable, "-m", "store.crowded", str(folder), *map(str, arguments)],
        cwd=TESTS, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture
def day(tmp_path: Path) -> Path:
    async def story() -> None:
        store, _ = await sealed(tmp_path)
        await store.close()

    asyncio.run(story())
    (file,) = (tmp_path / "days").glob("*.db")
    return file


@pytest.mark.parametrize("free", [0, 1, 2])
def test_what_cannot_be_opened_for_want_of_descriptors_is_not_damaged(
    tmp_path: Path, day: Path, free: int
) -> None:
    """A database, its log and the log's index: three files."""
    assert crowded(tmp_path, free) == {
        "read": ["StoreFault", f"{day} {WHY}"],
        "list": ["StoreFault", f"{tmp_path / 'catalogue.db'} {WHY}"],
        "broken": [],
        "afterwards": "",
    }


def test_a_day_that_was_broken_before_still_is(tmp_path: Path, day: Path) -> None:
    day.write_bytes(b"no database " * 1000)
    said = crowded(tmp_path, 0, "b")
    assert (said["broken"], said["afterwards"]) == ([day.stem], "StoreDamaged")
