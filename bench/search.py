"""Free-text search in a sealed store of five Days, for an account with most of the calls and one with few."""

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

from bench.calls import DAY_S, Traffic
from bench.figures import Figure, fell
from bench.settings import Settings
from bench.stock import BUILT_US, KEEP, PORTION, version
from ringlog.model import CallQuery
from ringlog.store.sqlite.store import SqliteStore
from ringlog.terms import terms
from ringlog.wire.records import parse

ACCOUNTS = ("many", "few", "others")
ENTRIES = 1_000_000
LIMIT = 50
QUERIES = 40
"""Of each kind in a round."""
SAMPLE = 2000
"""Calls that words are taken from."""


def run(settings: Settings) -> Iterator[Figure]:
    traffic = Traffic(min(settings.calls, ENTRIES // 7), span_s=5 * DAY_S)
    folder = _stock(settings.data, traffic)
    for number, who in enumerate(ACCOUNTS[:2], 1):
        took = asyncio.run(_searched(folder, number, _texts(traffic, number), settings.rounds))
        every = [seconds for of_kind in took.values() for seconds, _ in of_kind]
        note = f"of {len(every)} searches of {LIMIT} calls each\n" + "\n".join(_told(took))
        yield Figure(f"search-{who}-p50", "ms", [1000 * fell(every, 0.5)], note=note)
        yield Figure(f"search-{who}-p99", "ms", [1000 * fell(every, 0.99)], note=f"of {len(every)} searches")


Took = tuple[float, float]
"""Seconds, and of them the processor's."""


def _told(took: Mapping[str, Sequence[Took]]) -> Iterator[str]:
    for kind, every in took.items():
        wall, processor = map(_spread, zip(*every, strict=True))
        yield f"      {kind}: {wall}; of the processor {processor}"


def _spread(seconds: Sequence[float]) -> str:
    return f"p50 {1000 * fell(seconds, 0.5):.1f} ms, p99 {1000 * fell(seconds, 0.99):.1f} ms"


def account_of(n: int) -> int:
    """90 % of the calls are of account 1, 0.02 % of account 2."""
    return 2 if n % 5000 == 7 else 3 if n % 10 == 3 else 1


def _stock(data: Path, traffic: Traffic) -> Path:
    folder = data / f"search-{version()}-{traffic.calls}"
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        asyncio.run(_build(folder, traffic))
        (folder / "whole").touch()
    return folder


async def _build(folder: Path, traffic: Traffic) -> None:
    store = await SqliteStore.open(folder, append=True)
    horizon, later = KEEP.horizon(BUILT_US), KEEP.horizon(BUILT_US + 3600 * 1_000_000)
    try:
        for who in ACCOUNTS:
            await store.add_account(f"{who}@example.com", BUILT_US)
        for first in range(0, traffic.calls, PORTION):
            for begin in range(first, min(first + PORTION, traffic.calls), 1000):
                numbers = range(begin, min(begin + 1000, first + PORTION, traffic.calls))
                for account_id in (1, 2, 3):
                    if chosen := [n for n in numbers if account_of(n) == account_id]:
                        body = traffic.body(chosen)
                        batch = parse(body, "application/x-ndjson", None, BUILT_US)
                        await store.append(account_id, batch, horizon)
            await store.seal(later)
    finally:
        await store.close()


def _texts(traffic: Traffic, account_id: int) -> Mapping[str, Sequence[str]]:
    """What is asked for, by kind: words as often as the sample says, and made-up ones."""
    random = Random(account_id)
    own = [n for n in range(traffic.calls) if account_of(n) == account_id]
    batch = parse(traffic.body(own[:: max(1, len(own) // SAMPLE)]), "application/x-ndjson", None, BUILT_US)
    counted = Counter(
        term for call in batch.values() for term in terms("\n".join(entry.line for entry in call.entries))
    )
    common = [word for word, _ in counted.most_common(30)]
    rare = [word for word, count in counted.items() if count == 1]
    return {
        "common": [random.choice(common) for _ in range(QUERIES)],
        "rare": [random.choice(rare) for _ in range(QUERIES)],
        "absent": [f"nobody{number}says" for number in range(QUERIES)],
        "two common": [" ".join(random.sample(common, 2)) for _ in range(QUERIES)],
    }


async def _searched(
    folder: Path, account_id: int, texts: Mapping[str, Sequence[str]], rounds: int
) -> Mapping[str, Sequence[Took]]:
    """Seconds and processor seconds of each search, by kind."""
    took: dict[str, list[Took]] = {kind: [] for kind in texts}
    store = await SqliteStore.open(folder, append=False)
    horizon = KEEP.horizon(BUILT_US)
    try:
        for _ in range(rounds):
            for kind, asked in texts.items():
                for text in asked:
                    begun = time.perf_counter(), time.process_time()
                    await store.calls(account_id, CallQuery(text=text, limit=LIMIT), horizon)
                    took[kind].append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
    finally:
        await store.close()
    return took
