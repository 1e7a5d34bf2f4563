"""`make test-asterisk`, no part of `make test`: SIP calls through a real Asterisk, read while they run."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.engine import Engine, binary, check, collector
from tests.running import Server

pytestmark = pytest.mark.skipif(
    not binary() or not shutil.which("sipp"),
    reason="needs an Asterisk (on the PATH, or ASTERISK=/path/to/it) and sipp (apt-get install sip-tester)",
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "engine") as running:
        yield running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "store") as running:
        yield running


@pytest.fixture
def collecting(server: Server, engine: Engine, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with collector(server, engine, tmp_path / "spool") as process:
        assert process.stderr
        assert b"Collecting from" in process.stderr.readline()
        yield process
        process.send_signal(signal.SIGTERM)


def calls(server: Server, wanted: int, *, ended: bool) -> list[Any]:
    def there(body: Any) -> bool:
        rows = body["calls"]
        return len(rows) == wanted and all((row["end"] is not None) == ended for row in rows)

    return server.wait_for("/v1/calls", there, 30)["calls"]


def lines(server: Server, session_id: str) -> list[str]:
    log = server.get(f"/api/call/{session_id}").json()
    return [entry["event"]["line"] for entry in log if entry["class"] != "debug"]


@pytest.mark.usefixtures("collecting")
def test_a_call_is_told_while_it_runs_and_when_it_has_ended(engine: Engine, server: Server) -> None:
    with engine.call("100", 10_000):
        (row,) = calls(server, 1, ended=False)
        session_id = row["session_id"]
        server.wait_for(f"/api/call/{session_id}", lambda log: len(log) > 4, 10)
        assert lines(server, session_id)[:2] == [
            'Executing application "live test" version "1.0"',
            "Missing prompt: prompts/none",
        ]
    (row,) = calls(server, 1, ended=True)
    assert lines(server, session_id)[-3:] == ["No input within 2 s", "Done", "Disconnecting call"]
    assert (row["by"], row["cause"], row["dest"]) == ("application", 16, "100")


@pytest.mark.usefixtures("collecting")
def test_who_hung_up_and_where_a_dialplan_stopped(engine: Engine, server: Server) -> None:
    with engine.call("101", 1500), engine.call("102", 5000):
        pass
    rows = {row["dest"]: row for row in calls(server, 2, ended=True)}
    assert rows["101"]["by"] == "caller"
    assert rows["102"]["first_error"].startswith("Dialplan stopped")


def test_a_call_that_was_running_when_collecting_began_is_joined(
    engine: Engine, server: Server, tmp_path: Path
) -> None:
    with engine.call("101", 8000):
        engine.wait_for_channels(1)
        with collector(server, engine, tmp_path / "spool") as process:
            (row,) = calls(server, 1, ended=True)
            process.send_signal(signal.SIGTERM)
    said = lines(server, row["session_id"])
    assert said[0] == "Log incomplete: joined in mid-call"
    assert said[-1] == "Disconnecting call"


@pytest.mark.usefixtures("collecting")
def test_a_call_of_an_engine_that_was_killed_ends_with_a_gap(engine: Engine, server: Server) -> None:
    with engine.call("101", 60_000) as calling:
        # An engine tells its uptime in whole seconds, so the call must be older than that.
        server.wait_for(
            "/v1/calls", lambda body: any(time.time() - row["start"] > 3 for row in body["calls"])
        )
        engine.stop(signal.SIGKILL)
        engine.start()
        calling.kill()
    (row,) = calls(server, 1, ended=True)
    assert row["by"] == "engine"
    assert lines(server, row["session_id"])[-2].startswith("Log incomplete: ")


def test_a_good_engine_lacks_nothing(engine: Engine) -> None:
    done = check(engine, "ringlog")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing is missing for good logs." in done.stdout


def test_what_a_user_lacks_is_found_and_what_it_may_not_see_is_not_guessed(engine: Engine) -> None:
    deaf = check(engine, "deaf")
    assert deaf.returncode == 1
    assert "read = call,dialplan,dtmf,user,agent,agi,system\n" in deaf.stdout
    mute = check(engine, "mute")
    assert mute.returncode == 1
    assert "Could not be seen: manager.conf, for user mute may not look it up (Getvar)." in mute.stdout
    assert "[mute]\nwrite = reporting\n" in mute.stdout


def test_a_setting_that_waits_for_a_reload_is_told_from_one_that_is_not_made(engine: Engine) -> None:
    off = "timestampevents is off: entries bear the time at which they were heard"
    engine.configure(timestamps="no")
    engine.tell("manager reload")
    done = check(engine, "ringlog")
    assert done.returncode == 1
    assert f"{off}.\n" in done.stdout
    assert "[general]\ntimestampevents = yes\n" in done.stdout
    engine.configure()
    # Every log-in is an event of the class `security`, which shows what is in force.
    assert f"{off}; manager.conf says otherwise, so run `manager reload`.\n" in check(engine, "whole").stdout
    engine.tell("manager reload")
    assert check(engine, "whole").returncode == 0
