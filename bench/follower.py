"""A thousand followers and the writer whose entries they wait for, on the clients' core.

python -m bench.follower URL AUTHORIZATION TARGET FOLLOWERS SECONDS CHANGES_PER_S
prints how long after its acknowledgement an entry reached the followers, in ms.
"""

import asyncio
import http.client
import json
import re
import sys
import time
from typing import cast
from urllib.parse import urlsplit

import uvloop

from bench.figures import fell

CALL = "followed"
BEGIN_S = 2
"""Changes before those that count."""
NUMBER = re.compile(rb'"entries":(\d+)')
"""Of the call's row, which comes with each of its entries, on either address."""


class Follower(asyncio.Protocol):
    """Notes when each number of entries was first seen."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.seen: dict[int, float] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        if found := NUMBER.findall(data):
            self.seen.setdefault(int(found[-1]), time.monotonic())


def written(url: str, authorization: str, seqs: range, rate: float) -> list[float]:
    """Sends one entry after the other; when each was acknowledged."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    headers = {"Authorization": authorization, "Content-Type": "application/x-ndjson"}
    begun, acknowledged = time.monotonic(), list[float]()
    data = {"module_type": "bench", "result_variable": "follow"}
    for number, seq in enumerate(seqs):
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        record = {"session_id": CALL, "source": "bench", "seq": seq, "class": "info",
                  "timestamp": int(time.time()), "event": {"line": f"step {seq}", "data": data}}  # fmt: skip
        connection.request("POST", "/v1/ingest", json.dumps(record).encode(), headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"the writer got {answer.status}: {text[:200]!r}")
        acknowledged.append(time.monotonic())
    connection.close()
    return acknowledged


def first_seen(seen: dict[int, float], number: int) -> float | None:
    """What comes together is told by its last number."""
    return min((at for known, at in seen.items() if known >= number), default=None)


async def follow(
    url: str, authorization: str, target: str, followers: int, seconds: float, rate: float
) -> None:
    where = urlsplit(url)
    request = f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n".encode()
    written(url, authorization, range(1), rate)
    loop = asyncio.get_running_loop()
    connected = [
        (await loop.create_connection(lambda: Follower(request), where.hostname, where.port))[1]
        for _ in range(followers)
    ]
    while not all(one.seen for one in connected):
        await asyncio.sleep(0.1)
    seqs = range(1, int((BEGIN_S + seconds) * rate))
    acknowledged = await asyncio.to_thread(written, url, authorization, seqs, rate)
    await asyncio.sleep(2)
    late: list[float] = []
    for one in connected:
        for seq, acknowledged_at in list(zip(seqs, acknowledged, strict=True))[int(BEGIN_S * rate) :]:
            at = first_seen(one.seen, seq + 1)
            if at is None:
                raise SystemExit(f"a follower was never told of entry {seq}")
            late.append(max(0.0, at - acknowledged_at) * 1000)
    print(json.dumps({"p50": fell(late, 0.5), "p99": fell(late, 0.99), "max": max(late)}))


if __name__ == "__main__":
    _, url, authorization, target, followers, seconds, rate = sys.argv
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(follow(url, authorization, target, int(followers), float(seconds), float(rate)))
