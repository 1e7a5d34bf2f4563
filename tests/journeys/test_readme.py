"""The README's commands do what it says, pasted as they stand there."""

import re
import subprocess
from pathlib import Path

from tests.running import ENVIRONMENT, RINGLOG, Server, ringlog

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def block(holds: str) -> str:
    """The first block of shell commands that holds this text."""
    return next(found for found in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) if holds in found)


def pasted(commands: str, server: Server) -> str:
    """What a shell prints for the commands, with this server's address, account and key."""
    for written, meant in (
        ("http://127.0.0.1:8080", server.url),
        ("https://logs.example.com", server.url),
        ("you@example.com:KEY", f"{server.email}:{server.key}"),
        ("you@example.com", server.email),
        ("SESSION_ID", "my-call-1"),
        ("ringlog ", " ".join(RINGLOG) + " "),
    ):
        commands = commands.replace(written, meant)
    environment = {**ENVIRONMENT, "RINGLOG_KEY": server.key, "RINGLOG_STORE": server.store}
    done = subprocess.run(  # pasted as it stands
        ["/bin/sh", "-euc", commands],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_record_sent_with_curl_is_there_to_read(tmp_path: Path) -> None:
    with Server(tmp_path / "store") as server:
        assert pasted(block("/v1/ingest"), server) == '{"accepted":1,"duplicates":0}'
        shown = pasted(block("ringlog show"), server)
        assert "2025550101 → 100   email test 0.2" in shown
        assert "User input: 1 (dtmf)" in shown
        assert shown.count("2025550101") == 3


def test_the_pictured_call_is_one_that_the_demo_shows() -> None:
    """Every step in the picture is in that call's expected log; `…` stands where some are left out."""
    pictured = re.search(r"\n\$ ringlog show .*?```", README, re.DOTALL)
    assert pictured
    log = (ROOT / "tests/recordings/asterisk/expected/31-1795424645.40.txt").read_text()
    entries = re.findall(r"^ +\d+\.\d{6} .*$", log, re.MULTILINE)
    at = 0
    for part in pictured[0].split("…"):
        steps = re.findall(r"^\d:\d\d\.\d.{11}[^a-z]+[a-z]+ +(.+)$", part, re.MULTILINE)
        said = [step.removeprefix("Playing ").removesuffix("  (by application, 34)") for step in steps]
        at = next(n for n in range(at, len(entries)) if said[0] in entries[n])
        for step in said:
            assert step in entries[at]
            at += 1
    assert at == len(entries)


def test_make_prints_the_targets_the_readme_names() -> None:
    printed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in set(re.findall(r"\bmake (\w+)", README)) | {"lock", "check"}:
        assert f"make {target} " in printed


def test_python_m_is_the_same_command() -> None:
    assert ringlog("--version").stdout.startswith("ringlog ")
