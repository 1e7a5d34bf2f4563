"""The replay server as a manager sees it, over a real socket."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Coroutine
from pathlib import Path

from ringlog.collect.recording import read_recording
from ringlog.collect.replay import Pass, Replay, first_us
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


def test_an_engine_that_is_started_again_greets_nobody_before_its_time(tmp_path: Path) -> None:
    event = b"Event: %s\r\nTimestamp: %d.000001\r\n\r\n"
    banner = b"Asterisk Call Manager/11.0.0\r\n"
    path = tmp_path / "ami.txt"
    path.write_bytes(banner + event % (b"One", 1795424527) + banner + event % (b"Two", 1795424528))

    async def run() -> None:
        replay = Replay(read_recording(path), [Pass(speed=10)], lambda: NOW_US)
        await replay.listen("127.0.0.1", 0)
        playing = asyncio.create_task(replay.play())
        for banner_late in (False, True):
            reader, writer = await asyncio.open_connection("127.0.0.1", replay.port)
            greeting = asyncio.create_task(reader.readline())
            if banner_late:
                done, _ = await asyncio.wait([greeting], timeout=0.05)
                assert not done
            assert (await asyncio.wait_for(greeting, 10)).startswith(b"Asterisk Call Manager/")
            client = Client(reader, writer)
            await client.ask(Action="Login", Username="u", Secret="any")
            await client.message()
            if not banner_late:
                assert await asyncio.wait_for(reader.read(), 10) == b""
            writer.close()
        playing.cancel()
        await replay.close()

    asyncio.run(run())


def test_what_was_said_before_a_restart_is_heard_though_the_client_had_more_to_say(tmp_path: Path) -> None:
    """A connection that is closed with a client's words unread is reset, and takes back what it said."""
    event = b"Event: One\r\nTimestamp: 1795424527.000001\r\nLine: %s\r\n\r\n" % (b"x" * 1000)
    banner = b"Asterisk Call Manager/11.0.0\r\n"
    path = tmp_path / "ami.txt"
    path.write_bytes(banner + event * 100 + banner + event)

    async def story(client: Client) -> None:
        await client.ask(Action="Login", Username="u", Secret="any")
        await client.message()
        for _ in range(20):
            await client.send(Action="Ping")
        heard = await asyncio.wait_for(client.reader.read(), 10)
        assert heard.count(b"Event: One") == 99

    played(path, story, [Pass(speed=0)])


def test_copies_tell_themselves_apart_by_ids_channels_bridges_and_numbers(tmp_path: Path) -> None:
    path = tmp_path / "ami.txt"
    path.write_bytes(
        b"Event: FullyBooted\r\n\r\n"
        b"Event: Newchannel\r\nTimestamp: 1795424527.000001\r\nUniqueid: 1795424527.17\r\nLinkedid: my-id\r\n"
        b"Channel: PJSIP/agent-0000001c\r\nChannelState: 4\r\nCallerIDNum: 2025550101\r\nExten: 500\r\n"
        b"BridgeUniqueid: b39d7e1e-67ce-488f-92ed-7df0e7970627\r\n"
        b"Extra: 1795424527.17 my-id PJSIP/agent-0000001c;2 sip:2025550101@x"
        b" 12025550101 1795424527.170\r\n\r\n"
    )

    async def story(client: Client) -> None:
        await client.ask(Action="Login", Username="u", Secret="any")
        assert await client.message() == "Event: FullyBooted\r\n\r\n"  # it names nothing, so one says it
        for k in range(1, 13):
            said = await client.message()
            for own in (
                f"Uniqueid: 1799999999.{k}17",
                f"Linkedid: my-id~{k}",
                f"Channel: PJSIP/agent-{k:06x}1c",
                f"CallerIDNum: 2025550101{k:02}",
                "Exten: 500",
                f"BridgeUniqueid: b39d7e1e-67ce-488f-92ed-7df0e7970627~{k}",
                f"Extra: 1799999999.{k}17 my-id~{k} PJSIP/agent-{k:06x}1c;2 sip:2025550101{k:02}@x ",
            ):
                assert f"\r\n{own}" in said
            assert " 12025550101 1795424527.170\r\n" in said  # a longer number and another id
        await client.send(Action="CoreShowChannels", ActionID="c")
        shown = await client.until("CoreShowChannelsComplete")
        assert "ListItems: 12\r\n" in shown[-1]
        assert "CoreCurrentCalls: 12\r\n" in await client.ask(Action="CoreStatus")

    played(path, story, [Pass(speed=0, copies=12)])


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


def test_who_logs_in_later_is_told_since_when_the_engine_runs() -> None:
    recorded = read_recording(FIRST / "ami.txt")
    runs_s = 5 + (recorded.last_us - first_us(recorded.connections[0])) // MICROSECONDS

    async def run() -> None:
        replay = Replay(recorded, AT_ONCE, lambda: NOW_US)
        await replay.listen("127.0.0.1", 0)
        playing = asyncio.create_task(replay.play())
        heard: list[str] = []
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", replay.port)
            await reader.readline()
            client = Client(reader, writer)
            await client.ask(Action="Login", Username="u", Secret="any")
            heard.append((await client.until("Event: FullyBooted"))[-1])
            if not heard[1:]:
                await playing  # all of it is said to the first
            writer.close()
        assert "\r\nUptime: 5\r\n" in heard[0]
        assert f"\r\nUptime: {runs_s}\r\n" in heard[1]
        await replay.close()

    asyncio.run(run())


def test_the_engines_clock_begins_anew_with_each_pass(tmp_path: Path) -> None:
    path = tmp_path / "ami.txt"
    event = b"Event: %s\r\nTimestamp: %d.000001\r\n\r\n"
    path.write_bytes(event % (b"One", 1795424527) + event % (b"Two", 1795424927))
    now_us = NOW_US

    async def run() -> None:
        nonlocal now_us
        replay = Replay(read_recording(path), [Pass(speed=0), Pass()], lambda: now_us)
        await replay.listen("127.0.0.1", 0)
        playing = asyncio.create_task(replay.play())
        reader, writer = await asyncio.open_connection("127.0.0.1", replay.port)
        await reader.readline()
        client = Client(reader, writer)
        await client.ask(Action="Login", Username="u", Secret="any")
        await client.until("Event: Two")
        now_us += 1000 * MICROSECONDS
        await client.until("Event: One")
        told = re.search(r"\r\nTimestamp: (\d+)\.", await client.ask(Action="Ping"))
        assert told
        assert int(told[1]) in {now_us // MICROSECONDS, now_us // MICROSECONDS - 1}
        writer.close()
        playing.cancel()
        await replay.close()

    asyncio.run(run())


def test_a_manager_is_told_the_settings_that_the_recording_shows() -> None:
    async def story(client: Client) -> None:
        async def setting(place: str) -> str:
            said = await client.ask(Action="Getvar", Variable=f"AST_CONFIG({place},-1)")
            return said.split("\r\nValue: ")[1].strip()

        await client.ask(Action="Login", Username="u", Secret="any")
        assert await setting("manager.conf,general,timestampevents") == "yes"
        assert await setting("manager.conf,general,channelvars") == "CALL_APP,CALL_APP_VERSION"
        assert await setting("manager.conf,u,read") == "all"
        assert await setting("manager.conf,u,secret") == ""
        assert await setting("cel.conf,manager,enabled") == "yes"
        assert "STREAM_BEGIN" in (await setting("cel.conf,general,events")).split(",")
        assert "No variable specified" in await client.ask(Action="Getvar")

    played(FIRST / "ami.txt", story, AT_ONCE)
