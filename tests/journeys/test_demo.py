"""The demo as a newcomer runs it."""

import gzip
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tools.recordings import SHIPPED, shipped

from ringlog.cli.played import OFFICE, PBXS, untaken
from ringlog.collect.recording import read_recording
from ringlog.wire.asterisk import Translator
from tests.running import ENVIRONMENT, RINGLOG
from tests.wire.asterisk.transcripts import STREAMS, logs, messages, of_stream, translate

RECORDED = Path(__file__).parent.parent / "recordings" / "asterisk" / "ami.txt"
CALLS = 35 + 54


@contextmanager
def demo(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A demo that has said everything, and what it said."""
    with subprocess.Popen(
        [*RINGLOG, "demo", "--port", "0", "--folder", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT,
    ) as process:  # fmt: skip
        try:
            assert process.stdout
            said = ""
            while not said.endswith("Ctrl-C ends the demo.\n"):
                line = process.stdout.readline()
                assert line, said
                said += line
            yield process, said
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def pasted(said: str) -> list[bytes]:
    lines = [line for line in said.splitlines() if line.startswith("curl ")]
    assert len(lines) == 3
    return [
        subprocess.run(["sh", "-c", f"{line} --fail"], capture_output=True, check=True, timeout=30).stdout
        for line in lines
    ]


def children(process: subprocess.Popen[str]) -> dict[str, int]:
    """The demo's processes by their command."""
    found: dict[str, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            words = (folder / "cmdline").read_text().split("\0")
        except OSError:  # it ended meanwhile
            continue
        if parent == str(process.pid):
            found[words[words.index("ringlog") + 1]] = int(folder.name)
    return found


def test_the_recordings_that_are_shipped_are_the_recorded_ones() -> None:
    files = dict(shipped())
    assert files.keys() == set(SHIPPED.glob("*.gz"))
    for path, text in files.items():
        assert gzip.decompress(path.read_bytes()) == text, "write them anew: python -m tools.recordings"


def test_each_call_of_a_shipped_recording_has_the_log_of_the_whole_one() -> None:
    """What is left out takes nothing else with it."""
    for pbx, name in zip(PBXS, ("asterisk", "asterisk-2"), strict=True):
        text = gzip.decompress((SHIPPED / f"{pbx.recording}.gz").read_bytes())
        options = STREAMS[name][2]
        found = logs(translate(messages(text), Translator(**options)))
        assert len(found) == pbx.calls
        assert found.items() <= of_stream(name).items()


def test_a_pass_takes_no_ids_of_an_earlier_run() -> None:
    recording = read_recording(RECORDED)
    now_s = 1_800_000_000
    assert untaken(recording, (), now_s) == 60
    moved_s = now_s - 60 - recording.last_us // 1_000_000
    earlier = {f"{1795424527 + moved_s}.0", "chosen", "1.2.3"}
    assert untaken(recording, earlier, now_s) == 80
    assert untaken(recording, {*earlier, f"{1795424645 + moved_s - 20}.40"}, now_s) == 100


@pytest.mark.needs_curl
def test_two_runs_show_real_calls(tmp_path: Path) -> None:
    listed: list[set[str]] = []
    for _ in range(2):
        with demo(tmp_path / "demo") as (process, said):
            began = time.time()
            calls, entries, xml = pasted(said)
            body = json.loads(calls)
            assert body["total_calls"] >= CALLS
            assert began - 120 < max(row["end"] for row in body["calls"]) <= began
            listed.append({row["session_id"] for row in body["calls"]})
            (url,) = set(re.findall(r"http://127\.0\.0\.1:\d+", said))
            assert len(ElementTree.fromstring(xml)) == len(json.loads(entries)) > 30
            assert re.search(r"^In a browser, .*: http://127\.0\.0\.1:\d+$", said, re.MULTILINE)
            assert "Missing prompt: prompts/does-not-exist" in said.partition("$ ")[2]
            assert re.search(r"^\d+ entries   id \S+   source asterisk@ivr/", said, re.MULTILINE)
            assert set(children(process)) == {"serve", "collect", "replay"}
            more = said.partition("More to look at:\n")[2].partition("\n\n")[0].splitlines()
            assert [line.partition("# ")[2] for line in more] == list(OFFICE.worth.values())
            shown = subprocess.run(
                ["sh", "-c", more[0]], capture_output=True, check=True, text=True, timeout=30
            )
            assert "Queue support timed out: nobody answered" in shown.stdout
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
            with pytest.raises(urllib.error.URLError):
                urllib.request.urlopen(f"{url}/health/ready", timeout=5)
    first, both = listed
    assert first < both
    assert len(both) >= len(first) + CALLS


def test_a_part_that_ends_is_one_sentence(tmp_path: Path) -> None:
    with demo(tmp_path) as (process, _):
        os.kill(children(process)["collect"], signal.SIGKILL)
        assert process.wait(60) == 1
        assert process.stdout
        assert process.stdout.read().startswith("ringlog: The collector of ")
        assert children(process) == {}


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*RINGLOG, "demo", "--port", port, "--folder", str(tmp_path)],
            capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=60,
        )  # fmt: skip
    sentence = f"The server ended: Cannot listen on 127.0.0.1 port {port}: address already in use."
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"ringlog: {sentence}\n")
