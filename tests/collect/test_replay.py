"""The replay server as a manager sees it, over a real socket."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Coroutine
from pathlib import Path

from ringlog.collect.recording import read_recording
from ringlog.collect.replay import Pass, Replay
from ringlog.model import MICROSECONDS

FIRST = Path(__file__).parent.parent / "recordings" / "asterisk"
NOW_US = 1_800_000_000 * MICROSECONDS


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, **keys: str) -> None:
        self.writer.write("".join(f"{k}: {v}\r\n" for k, v in keys.items()).encode() + b"\r\n")
        await self.writer.drain()

    async def message(self) -> str:
        return (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)).decode()

    async def ask(self, **keys: str) -> str:
        """The answer that bears our ActionID, whatever is said before it."""
        await self.send(ActionID="ours", **keys)
        while "\r\nActionID: ours\r\n" not in (said := await self.message()):
            pass
        return said

    async def until(self, text: str) -> list[str]:
        said: list[str] = []
        while not said or text not in said[-1]:
            said.append(await self.message())
        return said


Story = Callable[[Client], Coroutine[None, None, None]]


def played(path: Path, story: Story, passes: list[Pass], secret: str | None = None, log_ins: int = 1) -> None:
    async def run() -> None:
        replay = Replay(read_recording(path), passes, lambda: NOW_US, secret)
        await replay.listen("127.0.0.1", 0)
        playing = asyncio.create_task(replay.play())
        for _ in range(log_ins):
            reader, writer = await asyncio.open_connection("127.0.0.1", replay.port)
            assert (await reader.readline()).startswith(b"Asterisk Call Manager/")
            await story(Client(reader, writer))
            writer.close()
        playing.cancel()
        await replay.close()

    asyncio.run(run())


AT_ONCE = [Pass(speed=0, end_ago_s=60)]


def test_times_move_so_that_the_last_event_was_end_ago_before_now_and_ids_stay(tmp_path: Path) -> None:
    recorded = read_recording(FIRST / "ami.txt")

    async def story(client: Client) -> None:
        assert "Authentication accepted" in await client.ask(Action="Login", Username="u", Secret="any")
        messages = recorded.connections[0].messages
        said = [await client.message() for _ in messages]
        stamps = [int(float(s)) for m in said for s in re.findall(r"^Timestamp: (\S+)\r$", m, re.MULTILINE)]
        assert max(stamps) in {NOW_US // MICROSECONDS - 60, NOW_US // MICROSECONDS - 61}
        assert "Uniqueid: 1795424527.0\r\n" in "".join(said)
        assert "2026-11-23" not in "".join(said)
        # But for times, what is said is what was recorded.
        told = [[line.partition(":")[0] for line in m.split("\r\n") if line] for m in said]
        wanted = [[line.partition(":")[0] for line in m.text.decode().split("\r\n")] for m in messages]
        assert told == wanted
        assert "Pong" in await client.ask(Action="Ping")  # the connection stays open

    played(FIRST / "ami.txt", story, AT_ONCE)


def test_new_ids_move_with_the_time_wherever_they_occur() -> None:
    recorded = read_recording(FIRST / "ami.txt")
    moved_s = (NOW_US - 60 * MICROSECONDS - recorded.last_us) // MICROSECONDS

    async def story(client: Client) -> None:
        await client.ask(Action="Login", Username="u", Secret="any")
        said = "".join([await client.message() for _ in recorded.connections[0].messages])
        assert not re.search(r"(?<!\d)1795424\d{3}\.\d{1,2}(?!\d)", said)
        assert f"Uniqueid: {1795424527 + moved_s}.0\r\n" in said

    played(FIRST / "ami.txt", story, [Pass(speed=0, end_ago_s=60, new_ids=True)])


def test_an_id_somebody_chose_gets_the_passs_suffix(tmp_path: Path) -> None:
    path = tmp_path / "ami.txt"
    path.write_bytes(
        b"Event: Newchannel\r\nTimestamp: 1795424527.000001\r\nUniqueid: my-id\r\nLinkedid: my-id\r\n"
        b"ChannelState: 4\r\nExtra: x my-id, my-id-2\r\n\r\n"
    )

    async def story(client: Client) -> None:
        await client.ask(Action="Login", Username="u", Secret="any")
        said = await client.message()
        assert "Uniqueid: my-id~1\r\n" in said
        assert "Extra: x my-id~1, my-id-2\r\n" in said

    played(path, story, [Pass(speed=0, new_ids=True)])


def test_a_second_banner_ends_the_connection_and_the_rest_waits_for_the_next_log_in(tmp_path: Path) -> None:
    event = b"Event: %s\r\nTimestamp: 1795424527.000001\r\n\r\n"
    banner = b"Asterisk Call Manager/11.0.0\r\n"
    path = tmp_path / "ami.txt"
    path.write_bytes(banner + event % b"One" + banner + event % b"Two")
    heard: list[str] = []

    async def story(client: Client) -> None:
        await client.ask(Action="Login", Username="u", Secret="any")
        heard.append((await client.message()).split("\r\n")[0])
        if heard == ["Event: One"]:
            assert await asyncio.wait_for(client.reader.read(), 10) == b""

    played(path, story, [Pass(speed=0)], log_ins=2)
    assert heard == ["Event: One", "Event: Two"]


def test_a_secret_is_asked_for_plainly_or_by_challenge() -> None:
    async def story(client: Client) -> None:
        assert "Permission denied" in await client.ask(Action="Ping")
        challenge = (await client.ask(Action="Challenge", AuthType="MD5")).split("Challenge: ")[1].strip()
        key = hashlib.md5((challenge + "s3cret").encode()).hexdigest()
        said = await client.ask(Action="Login", AuthType="MD5", Username="u", Key=key)
        assert "Response: Success" in said

    async def wrong(client: Client) -> None:
        assert "Authentication failed" in await client.ask(Action="Login", Username="u", Secret="no")
        assert await asyncio.wait_for(client.reader.read(), 10) == b""

    played(FIRST / "ami.txt", story, [], secret="s3cret")
    played(FIRST / "ami.txt", wrong, [], secret="s3cret")


def test_channels_that_were_up_before_the_recording_began_are_shown() -> None:
    recorded = read_recording(FIRST / "ami-joined-midcall.txt")

    async def story(client: Client) -> None:
        await client.ask(Action="Login", Username="u", Secret="any", Events="off")
        await client.send(Action="CoreShowChannels", ActionID="c")
        said = await client.until("CoreShowChannelsComplete")
        assert "Uniqueid: 1795424666.46\r\n" in "".join(said)
        assert "ListItems: 1" in said[-1]

    # Hardly anything of it is said before we ask: it lasts as many hours as it has seconds.
    assert recorded.first_us < recorded.last_us
    played(FIRST / "ami-joined-midcall.txt", story, [Pass(speed=1 / 3600)])
