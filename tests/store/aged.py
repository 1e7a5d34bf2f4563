"""A store with something of everything, and how its calls read: python -m store.aged NAME, in tests/.

Writes `older/NAME.tar.gz` and, beside it, what was read. Run it with the last program before a schema
changes, name it for the versions of its schemas, and never write it anew: tests open it with every later
program.
"""

import asyncio
import json
import sys
import tarfile
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ringlog.model import Call, CallQuery, CallRow, CallType, EndedBy, Ending, Kind, Scope
from ringlog.store.base import Store
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon

OLDER = Path(__file__).parent / "older"
LATER = 3 * 3_600_000_000
"""When idle calls read as ended."""
NOW_S = NOW // 1_000_000


async def fill(store: Store) -> None:
    """Calls of every kind: sealed, sealed and late, unsealed; with and without row, entries, end, number."""
    one = (await store.add_account("One@example.com", NOW)).id
    two = (await store.add_account("two@example.com", NOW)).id
    await store.add_key(one, b"digest", Scope.READ | Scope.WRITE, NOW)
    await store.append(one, sealed(), horizon())
    await store.append(two, batch(ended(), entry(line="another account's")), horizon())
    await store.seal(horizon(60_000_000))
    await store.append(one, late(), horizon(61_234_567))


def sealed() -> Any:
    hung_up = entry("x", seq=2, time_us=NOW + 1_500_000)._replace(ending=Ending(EndedBy.CALLER, 16))
    row = CallRow("named", "sip:Zoë", "+1 (800) 555-0199", CallType.TRANSFER, NOW_S - 7, NOW_S, "menu", "1.0")
    capped = entry("capped", "ringlog", 0, kind=Kind.ERROR)
    return batch(
        ended(), entry(), entry(seq=1, time_us=NOW + 1, kind=Kind.ERROR, line="no such file"), hung_up, row,
        entry("named", "-", 9), entry("named", "-", None, time_us=NOW + 5), entry("named", "b", 2**53 - 1),
        ended("capped"), entry("capped"), capped,
        ended("yesterday", NOW - DAY), entry("yesterday", time_us=NOW - DAY),
    )  # fmt: skip


def late() -> Any:
    return batch(
        entry("x", seq=3, time_us=NOW - 2, kind=Kind.ERROR, line="late"),
        CallRow("outbound", src="Outbound", dest="0123456789", type=CallType.OUTBOUND),
        CallRow("queued", start_s=NOW_S),
        entry("entries alone", seq=0, time_us=NOW + 123_456), entry("entries alone", seq=1, time_us=NOW + 99),
    )  # fmt: skip


async def told(store: Store) -> list[dict[str, Any]]:
    """Everything that can be read of a store."""
    return [
        {"email": account.email, "keys": len(await store.keys(account.id)), **call}
        for account in await store.accounts()
        for after_us in (0, LATER)
        for call in await _calls(store, account.id, after_us)
    ]


async def _calls(store: Store, account_id: int, after_us: int) -> list[dict[str, Any]]:
    at = horizon(after_us)
    page = await store.calls(account_id, CallQuery(count=True), at)
    read = [await store.read(account_id, call.session_id, at) for call in page.calls]
    assert page.total == len(read)
    return [
        {"listed": _shown(call), "read": _shown(detail.call), "entries": [str(e) for e in detail.entries]}
        for call, detail in zip(page.calls, read, strict=True)
    ]


def _shown(call: Call) -> dict[str, Any]:
    """Without what is no part of the store: what a search says, and until when the clock changes nothing."""
    return {
        name: value
        for name, value in asdict(call).items()
        if name not in {"found", "found_arrival", "until_us"}
    }


def as_json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


async def main(name: str) -> None:
    with TemporaryDirectory() as folder:
        store = await SqliteStore.open(Path(folder), append=True)
        await fill(store)
        (OLDER / f"{name}.json").write_text(as_json(await told(store)), encoding="utf-8")
        await store.close()
        (Path(folder) / "lock").unlink()
        with tarfile.open(OLDER / f"{name}.tar.gz", "w:gz") as packed:
            packed.add(folder, ".")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
