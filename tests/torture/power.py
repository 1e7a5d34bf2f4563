"""Cuts of power: a story's steps are recorded, and after a cut at any of them its stores are looked at.

Some cuts come while a store recovers from one. Of every cut: the store opens; SQLite and `ringlog doctor`
find nothing; nothing acknowledged before the cut is lost, no entry stands twice or out of order, what was
deleted or expired stays so; a backup that has its name is a whole store; and everything goes on from there.
"""

import asyncio
import json
import shutil
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

from ringlog.errors import DetailsGone, NoSuchAccount, NoSuchCall
from ringlog.store.sqlite.doctor.doctor import Doctor
from ringlog.store.sqlite.store import SqliteStore
from tests.store.records import DAY, NOW, batch, ended
from tests.torture.disk import Chance, Disk
from tests.torture.outcome import Effort, Outcome
from tests.torture.recorder import SYNCS, Rig, Step, recording
from tests.torture.story import (
    DAYS,
    EMAIL,
    FOR_EVER,
    Said,
    Story,
    Truth,
    day_of,
    horizon,
    in_one_process,
    line,
    said_entry,
    silent,
)

STORE = Path("where") / "store"
CUTS = 100
"""Of one story."""
CUTS_A_ROUND = 20
AGAIN, SECOND = 8, 4
"""Every so many cuts, so many more while the store recovers."""
NO_RIG = Rig()


def run(effort: Effort) -> Outcome:
    began, wanted, cuts, stories = time.monotonic(), effort.rounds * CUTS_A_ROUND, 0, 0
    failures: list[str] = []
    while cuts < wanted:
        for failure in tried(f"{effort.seed}:{stories}", min(CUTS, wanted - cuts)):
            failures += [failure] * bool(failure)
            cuts += 1
        stories += 1
    took = time.monotonic() - began
    return Outcome("power", cuts, "cuts", took, effort.seed, failures, f"in {stories} stories")


def tried(seed: str, cuts: int, rig: Rig = NO_RIG) -> Iterator[str]:
    """Records a story and cuts it; of every cut, what was wrong, if anything."""
    with tempfile.TemporaryDirectory(prefix="ringlog-power-") as folder, in_one_process():
        steps = recorded(Path(folder), Random(seed), rig)
        places = cut_places(steps, cuts * AGAIN // (AGAIN + SECOND), Random(f"{seed} places"))
        for number, (disk, truth, name) in enumerate(states(steps, places, Truth(), f"story {seed}")):
            yield after(disk, truth, name)
            if number % AGAIN == 0:
                yield from again(disk, truth, name)


def recorded(root: Path, random: Random, rig: Rig) -> Sequence[Step | Said]:
    with recording(root, rig) as log:
        asyncio.run(Story(root, log.say, random).tell())
    return log.steps


def cut_places(steps: Sequence[Step | Said], cuts: int, random: Random) -> list[int]:
    """Before which steps to cut: beside syncs, as soon as something was acknowledged, anywhere."""
    beside = [at + more for at, step in enumerate(steps) if isinstance(step, SYNCS) for more in (0, 1)]
    behind = [at + 1 for at, step in enumerate(steps) if isinstance(step, Said) and step.done]
    anywhere = range(len(steps) + 1)
    kinds = [places for places in (beside, behind, anywhere) if places]
    return sorted(random.choice(kinds[number % len(kinds)]) for number in range(cuts))


def states(
    steps: Sequence[Step | Said], places: Sequence[int], truth: Truth, name: str
) -> Iterator[tuple[Disk, Truth, str]]:
    """The disk and the truth at each of the places, in turn, and what that cut is called."""
    disk, at = Disk(), 0
    for number, place in enumerate(places):
        for step in steps[at:place]:
            if isinstance(step, Said):
                truth.hear(step)
            else:
                disk.apply(step)
        at = place
        yield disk, truth, f"{name}, cut {number}"


def after(disk: Disk, truth: Truth, name: str) -> str:
    """What is wrong after a cut; what was left of the disk is kept then."""
    root = Path(tempfile.mkdtemp(prefix="ringlog-cut-", dir=memory()))
    try:
        disk.rebuilt(root, Chance(name))
        check(root, truth)
    except Exception:  # whatever it raises is a finding
        kept = tempfile.mkdtemp(prefix="ringlog-kept-")
        disk.rebuilt(Path(kept), Chance(name))
        return f"{name}: {kept}: {traceback.format_exc()}"
    else:
        return ""
    finally:
        shutil.rmtree(root)


def again(disk: Disk, truth: Truth, name: str) -> Iterator[str]:
    """Cuts the power a second time, while a store is opened and goes on after a cut it came through."""
    root = Path(tempfile.mkdtemp(prefix="ringlog-cut-", dir=memory()))
    try:
        disk.rebuilt(root, Chance(name))
        with recording(root, NO_RIG) as log:
            begin = len(log.steps)
            with suppress(Exception):  # `after` has told of it
                check(root, truth)
    finally:
        shutil.rmtree(root)
    places = [begin + place for place in cut_places(log.steps[begin:], SECOND, Random(name))]
    later = replace(truth, expiring=truth.expiring + 1)
    for second, its, called in states(log.steps, places, later, f"{name}, again"):
        yield after(second, its, called)


def memory() -> str | None:
    """Checking syncs, and that need not be slow."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


# -- what must hold ------------------------------------------------------------------------------------


def check(root: Path, truth: Truth) -> None:
    folder = root / STORE
    assert not (found := remains(folder, truth.deleted)), f"of deleted calls there is {found}"
    assert clock_us(folder) >= truth.clock_us, "the clock's reading is lost"
    if truth.account or (folder / "catalogue.db").exists():
        asyncio.run(look(folder, truth, truth))
    for name, asked in truth.backups.items():
        if name in truth.backed_up or (root / name).exists():
            asyncio.run(look(root / name, asked, truth))


def remains(folder: Path, session_ids: set[str]) -> set[str]:
    files = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    return {one for one in session_ids if any(f"{one} says".encode() in data for data in files)}


def clock_us(folder: Path) -> int:
    file = folder / "clock"
    return json.loads(file.read_bytes())[1] if file.exists() else 0


async def look(folder: Path, least: Truth, most: Truth) -> None:
    """Holds a store against what it must have at least, and may have at most; then goes on with it."""
    store = await SqliteStore.open(folder, append=True)
    try:
        one = (await store.account(EMAIL)).id
    except NoSuchAccount:
        assert not least.account
        await store.close()
        return
    for session_id in most.asked:
        await look_at(store, one, session_id, least, most)
    await go_on(store, one, least, most)
    await store.close()
    assert (said := list(Doctor(folder, silent).findings())) == [], said


async def look_at(store: SqliteStore, one: int, session_id: str, least: Truth, most: Truth) -> None:
    day, wanted = day_of(session_id), least.stored.get(session_id, 0)
    try:
        entries = (await store.read(one, session_id, FOR_EVER.horizon(NOW))).entries
    except NoSuchCall:
        assert session_id in most.deleting or not wanted, f"{session_id} is lost"
        return
    except DetailsGone:
        assert day < most.expiring, f"{session_id} expired too early"
        return
    assert session_id not in least.deleted, f"{session_id} was deleted and is there"
    assert day >= least.expired, f"{session_id} expired and is there"
    found = [(one.seq, json.loads(one.text)["event"]["line"]) for one in entries]
    assert found == [(seq, line(session_id, seq)) for seq in range(len(found))], f"{session_id} has {found}"
    assert wanted <= len(found) <= most.asked[session_id], (
        f"{session_id}: {wanted} stored, {len(found)} found"
    )


async def go_on(store: SqliteStore, one: int, least: Truth, most: Truth) -> None:
    """A retry of what was not acknowledged, something new, sealing, expiry."""
    later = FOR_EVER.horizon(NOW + DAYS * DAY)
    for session_id, count in most.asked.items():
        if day_of(session_id) >= most.expiring and session_id not in most.deleting:
            row = ended(session_id, NOW + day_of(session_id) * DAY)
            await store.append(one, batch(row, *(said_entry(session_id, seq) for seq in range(count))), later)
    await store.seal(FOR_EVER.horizon(NOW + (DAYS + 1) * DAY))
    for session_id, count in most.asked.items():
        if day_of(session_id) >= most.expiring and session_id not in most.deleting:
            entries = (await store.read(one, session_id, later)).entries
            assert [one.seq for one in entries] == list(range(count)), f"{session_id} after a retry"
    await store.expire(horizon(most.expiring + 1))
