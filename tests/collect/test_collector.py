"""What a collector says of an engine that lacks something, over a real socket."""

import asyncio
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ringlog.client import Sender
from ringlog.collect.asterisk import Collector
from ringlog.collect.session import Pbx
from ringlog.wire.asterisk import Translator
from tests.collect.foreign import PACE_S, ForeignEngine

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


def event(name: str, **more: str) -> str:
    channel = {"Channel": "PJSIP/a-1", "ChannelState": "6", "Uniqueid": "1.1", "Linkedid": "1.1"}
    pairs = {"Event": name, "Privilege": "call,all", **channel, **more}
    return "".join(f"{key}: {value}\r\n" for key, value in pairs.items()) + "\r\n"


def lines_in(spool: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in spool.glob("*/0*.ndjson") for line in file.read_text().splitlines()]


def test_an_event_without_a_time_happened_when_it_was_heard(tmp_path: Path) -> None:
    place = {"Context": "main", "Exten": "1", "Application": "Playback"}
    steps = [event("Newexten", **place, Priority=sound, AppData=sound) for sound in "123"]
    begun_us = now_us()
    said(ForeignEngine(timestamps=False, says=[event("Newchannel"), *steps]), tmp_path, 2)
    entries = [one for one in lines_in(tmp_path) if one.get("class") == "prompt"]
    times_us = {one["event"]["line"]: one["time_us"] for one in entries}
    assert list(times_us) == ["1", "2", "3"]
    for number, sound in enumerate("123", 1):
        assert times_us[sound] - begun_us >= number * PACE_S * 1_000_000


def test_what_an_engine_said_last_is_told_while_it_is_away(tmp_path: Path) -> None:
    """A prompt waits a moment for the news that its file is missing, and not for the engine to be back."""
    step = event("Newexten", Context="main", Exten="1", Priority="1", Application="Playback", AppData="last")
    engine = ForeignEngine(says=[event("Newchannel"), step], pace_s=0, killed=True)

    async def run(sender: Sender) -> None:
        async with engine.listening() as port:
            pbx = Pbx("127.0.0.1", port, "ringlog", "s")
            collecting = asyncio.create_task(Collector(pbx, Translator(), sender, now_us, print).run())
            async with asyncio.timeout(PATIENCE_S):
                while not any(one.get("class") == "prompt" for one in lines_in(tmp_path)):  # noqa: ASYNC110 - a file
                    await asyncio.sleep(0.02)
            collecting.cancel()
            with suppress(asyncio.CancelledError):
                await collecting

    with Sender(NOBODY, "a@b.example", "k3y", name="pbx", spool=tmp_path) as sender:
        asyncio.run(run(sender))
        sender.close(0)
