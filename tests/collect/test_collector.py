"""What a collector says of an engine that lacks something, over a real socket."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

from ringlog.client import Sender
from ringlog.collect.asterisk import Collector
from ringlog.collect.session import Pbx
from ringlog.wire.asterisk import Translator
from tests.collect.foreign import ForeignEngine

NOBODY = "http://127.0.0.1:1"
PATIENCE_S = 5


def now_us() -> int:
    return time.time_ns() // 1000


def said(engine: ForeignEngine, spool: Path, number: int) -> list[str]:
    """The sentences of a collector that ends when so many are said, or when time is up."""
    sentences: list[str] = []

    async def run(sender: Sender) -> None:
        enough = asyncio.Event()

        def say(sentence: str) -> None:
            sentences.append(sentence)
            if len(sentences) == number:
                enough.set()

        async with engine.listening() as port:
            pbx = Pbx("127.0.0.1", port, "ringlog", "s")
            collecting = asyncio.create_task(Collector(pbx, Translator(), sender, now_us, say).run())
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    await enough.wait()
            collecting.cancel()
            with suppress(asyncio.CancelledError):
                await collecting

    with Sender(NOBODY, "a@b.example", "k3y", name="pbx", spool=spool) as sender:
        asyncio.run(run(sender))
        sender.close(0)
    return sentences


def test_a_refused_look_at_the_channels_is_said_with_the_line_that_grants_it(tmp_path: Path) -> None:
    collecting, refused = said(ForeignEngine(write=""), tmp_path, 2)
    assert collecting.startswith("Collecting from")
    assert refused == (
        "User ringlog may not ask for CoreShowChannels: what a gap did to calls stays unknown; add `write = "
        "reporting` under [ringlog] in manager.conf, run `manager reload` and start this collector again."
    )
