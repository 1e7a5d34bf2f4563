"""The collector as an operator runs it: real processes, a recorded PBX, a server that goes and comes back."""

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ringlog.model import CallRow
from ringlog.wire.asterisk import Banner, Splitter, Translator
from tests.playing import (
    FIRST,
    LAST,
    LAST_OF_SECOND,
    SECOND,
    collect,
    collector,
    refusing,
    replay,
    secrets,
)
from tests.running import Server, ringlog

CALLS = 35
PATIENCE_S = 40


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "store") as running:
        yield running


def logs(server: Server) -> Mapping[str, list[tuple[str, str]]]:
    """Class and line of every entry, by call."""
    calls = server.get("/v1/calls?limit=1000").json()["calls"]
    return {call["session_id"]: log(server, call["session_id"]) for call in calls}


def log(server: Server, session_id: str) -> list[tuple[str, str]]:
    entries = server.get(f"/api/call/{session_id}").json()
    return [(entry["class"], entry["event"]["line"]) for entry in entries]


def expected(recording: Path = FIRST) -> Mapping[str, list[tuple[str, str]]]:
    """What the translator says of the whole recording, heard without a break."""
    translator, splitter = Translator(), Splitter()
    said: dict[str, list[tuple[str, str]]] = {}
    for message in splitter.feed(recording.read_bytes()):
        for item in translator.connected() if isinstance(message, Banner) else translator.feed(message):
            if not isinstance(item, CallRow):
                said.setdefault(item.session_id, []).append((item.kind, item.line))
    return said


def ended(body: Any, last: str = LAST) -> bool:
    """The recording is over: its last call has come, and no call is left open."""
    return any(call["session_id"] == last for call in body["calls"]) and all(
        call["end"] for call in body["calls"]
    )


def wait_for_all(server: Server, last: str = LAST) -> None:
    server.wait_for("/v1/calls?limit=1000", lambda body: ended(body, last), PATIENCE_S)


def test_every_call_is_logged_as_it_happened(server: Server, tmp_path: Path) -> None:
    with replay("--speed", "0", "--end-ago", "60") as port, collector(server, port, tmp_path / "spool"):
        wait_for_all(server)
    assert logs(server) == expected()
    assert len(expected()) == CALLS


def test_a_collector_that_is_up_before_its_pbx_tells_the_same(server: Server, tmp_path: Path) -> None:
    """The engine's clock is a minute behind, and no refused connection may set the collector's by ours."""
    with ExitStack() as running:
        with refusing() as port:
            collecting = running.enter_context(collector(server, port, tmp_path / "spool"))
            assert collecting.stderr
            assert "connection refused" in collecting.stderr.readline()
        running.enter_context(replay("--speed", "0", "--end-ago", "60", recording=SECOND, port=port))
        wait_for_all(server, LAST_OF_SECOND)
    assert logs(server) == expected(SECOND)


def test_nothing_is_lost_while_the_server_is_killed_and_comes_back(server: Server, tmp_path: Path) -> None:
    with replay("--speed", "40") as port, collector(server, port, tmp_path / "spool"):
        for enough in (3, 12, 25):
            server.wait_for(
                "/v1/calls?limit=1000", lambda body, n=enough: len(body["calls"]) >= n, PATIENCE_S
            )
            server.kill()
            server.start()
        wait_for_all(server)
    assert logs(server) == expected()


def test_a_collector_that_is_stopped_and_started_again_leaves_the_same_logs_but_for_a_gap(
    server: Server, tmp_path: Path
) -> None:
    with replay("--speed", "5") as port:
        with collector(server, port, tmp_path / "spool"):
            server.wait_for("/v1/calls?limit=1000", lambda body: len(body["calls"]) >= 3, PATIENCE_S)
        with collector(server, port, tmp_path / "spool"):
            wait_for_all(server)
    whole, found = expected(), logs(server)
    assert [lines for id_, lines in found.items() if not is_whole_but_for_a_gap(lines, whole[id_])] == []
    assert sum(lines != whole[id_] for id_, lines in found.items()) <= 4  # no more run at once


def is_whole_but_for_a_gap(lines: list[tuple[str, str]], whole: list[tuple[str, str]]) -> bool:
    """Everything stands once and in its place; where something is missing a gap is said."""
    joined = ("error", "Log incomplete: joined in mid-call")
    # Behind it the application is named anew, and keys may be told whose step was not heard.
    named = [lines.index(joined) + 1] if joined in lines else []
    told = [one for n, one in enumerate(lines) if n not in named and not one[1].startswith("Keys: ")]
    gaps = [one for one in told if one[1].startswith("Log incomplete")]
    rest = iter(whole)
    in_place = all(one in rest for one in told if one not in gaps)
    return lines == whole or (len(gaps) == 1 and in_place and lines[-1][1] == "Disconnecting call")


def test_two_engines_with_equal_ids_are_kept_apart(server: Server, tmp_path: Path) -> None:
    at_once = ("--speed", "0", "--end-ago", "60")
    with (
        replay(*at_once) as one,
        replay(*at_once) as other,
        collector(server, one, tmp_path / "spool", "--name", "one", "--session-prefix", "one-"),
        collector(server, other, tmp_path / "spool", "--name", "two", "--session-prefix", "two-"),
    ):
        server.wait_for("/v1/calls?limit=1000", lambda body: both_ended(body["calls"]), PATIENCE_S)
    whole = expected()
    assert logs(server) == {prefix + id_: told for prefix in ("one-", "two-") for id_, told in whole.items()}
    for prefix in ("one-", "two-"):
        entries = server.get(f"/v1/calls/{prefix}{LAST}").json()["entries"]
        assert {entry["source"].partition("/")[0] for entry in entries} == {f"asterisk@{prefix[:-1]}"}


def both_ended(calls: list[Any]) -> bool:
    return len(calls) == 2 * CALLS and all(call["end"] for call in calls)


def test_a_connection_that_breaks_in_mid_call_is_said_in_the_log(server: Server, tmp_path: Path) -> None:
    async def relay(port: int) -> None:
        """Stands between collector and PBX and cuts the first connection after 60 kB."""
        cut_after = [60_000, 10**9]

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", port)
            left = cut_after.pop(0) if cut_after else 10**9

            async def up() -> None:
                while data := await reader.read(65536):
                    back.write(data)

            sending = asyncio.create_task(up())
            try:
                while left > 0 and (data := await there.read(min(65536, left))):
                    left -= len(data)
                    writer.write(data)
                    await writer.drain()
            finally:
                sending.cancel()
                back.close()
                writer.close()

        between = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with between:
            await asyncio.to_thread(collected, between.sockets[0].getsockname()[1])

    def collected(port: int) -> None:
        with collector(server, port, tmp_path / "spool"):
            wait_for_all(server)

    with replay("--speed", "20") as port:
        asyncio.run(relay(port))
    found = logs(server)
    whole = expected()
    assert {session_id for session_id in found if session_id in whole} == set(found)
    broken = [
        lines for lines in found.values() if any(line.startswith("Log incomplete") for _, line in lines)
    ]
    assert 1 <= len(broken) <= 10
    assert sum(found[session_id] == whole[session_id] for session_id in found) >= 10


def test_an_entry_is_readable_within_a_second_of_the_moment_it_is_settled(
    server: Server, tmp_path: Path
) -> None:
    session_id = "1795424527.0"
    lags: dict[int, float] = {}
    with replay("--speed", "1") as port, collector(server, port, tmp_path / "spool"):
        server.wait_for("/v1/calls", lambda body: body["calls"], PATIENCE_S)
        end = time.monotonic() + 7
        while time.monotonic() < end:
            for entry in server.get(f"/v1/calls/{session_id}").json().get("entries", []):
                lags.setdefault(entry["seq"], time.time() - entry["time_us"] / 1e6)
            time.sleep(0.05)
    # Replays move by whole seconds, and the first entry waits up to one for the application's name.
    settled = sorted(lags.values())
    assert len(settled) > 8
    assert settled[len(settled) // 2] < 2
    assert max(lags[seq] for seq in lags if seq > 6) - min(lags.values()) < 1


def test_a_refused_key_is_said_before_the_first_call(server: Server, tmp_path: Path) -> None:
    server.key = "bogus"
    with refusing() as port, collector(server, port, tmp_path / "spool") as collecting:
        assert collecting.stderr
        said = [collecting.stderr.readline() for _ in range(2)]
    assert any(f"ringlog: {server.url} refuses this email and key (401: " in line for line in said), said


def test_a_refused_log_in_is_one_sentence(server: Server, tmp_path: Path) -> None:
    with replay(RINGLOG_REPLAY_SECRET="right") as port:
        refused = subprocess.run(
            collect(server, port, tmp_path / "spool"),
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env=secrets(server, "wrong"),
        )
    assert refused.returncode == 1
    assert refused.stderr == f"ringlog: 127.0.0.1:{port} refuses the log-in: Authentication failed.\n"


def test_no_digit_of_a_pin_is_anywhere(server: Server, tmp_path: Path) -> None:
    """Calls 7, 8 and 11 type 4321, 1111 and 2222, and 43 and 4321 into PIN."""
    with replay("--speed", "0", "--end-ago", "60") as port, collector(server, port, tmp_path / "spool"):
        wait_for_all(server)
    for session_id in ("1795424561.6", "1795424562.7", "1795424582.11"):
        for entry in server.get(f"/api/call/{session_id}").json():
            text = json.dumps({**entry["event"], "line": entry["event"]["line"]})
            for pin in ("4321", "1111", "2222"):
                assert pin not in text, text
    export = ringlog("export", "--store", server.store)
    assert '"User input: ••••"' in export.stdout or "User input: \\u2022" in export.stdout
    for file in (tmp_path / "spool").rglob("*"):
        assert not file.is_file() or b"User input: 4321" not in file.read_bytes()


def test_a_recording_that_is_none_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("nothing\n")
    refused = ringlog("replay", str(tmp_path / "empty.txt"), "--port", "0")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "empty.txt" in refused.stderr
    assert os.linesep not in refused.stdout
