"""The measuring rig: its calls are the same each time and differ from one another, its table holds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench.calls import Traffic, repeated
from bench.figures import Figure, in_turns
from bench.report import compared, line, written
from bench.targets import TARGETS

from ringlog.wire.records import parse
from tests.running import ENVIRONMENT

ROOT = Path(__file__).parents[1]
LATER_US = 2_000_000_000_000_000


def test_a_call_is_the_same_each_time_and_like_no_other():
    traffic = Traffic(10_000)
    assert traffic.body(range(50)) == Traffic(10_000).body(range(50))
    calls = parse(traffic.body(range(300)), "application/x-ndjson", None, LATER_US)
    assert set(calls) == {traffic.session_id(n) for n in range(300)}
    assert all(len(call.entries) == 7 for call in calls.values())
    times = [entry.time_us for call in calls.values() for entry in call.entries]
    assert len(set(times)) > 0.999 * len(times)
    texts = {b"".join(entry.text for entry in call.entries) for call in calls.values()}
    assert len(texts) == 300
    assert 0.2 < repeated(traffic, 1000) < 0.9


def test_a_ratio_is_of_its_round_and_judged_by_its_target():
    ours, theirs = iter([5.0, 8.0, 3.0]), iter([10.0, 10.0, 10.0])
    figure = in_turns("read-cold", "reads/s", 3, lambda: next(ours), lambda: next(theirs))
    assert figure.median == 0.5
    assert line(figure).splitlines()[0].endswith("MISS")
    assert "pass" in line(Figure("read-cold", "reads/s", [6.0], [10.0]))
    assert "pass" in line(Figure("start", "s", [1.9]))
    assert not TARGETS["sustained"].judged


def test_two_runs_can_be_compared(tmp_path):
    one = written(tmp_path, "one", {}, [Figure("start", "s", [1.0, 1.1]), Figure("memory", "MiB", [80])], "")
    other = written(tmp_path, "other", {}, [Figure("start", "s", [2.0, 2.2])], "")
    said = compared(one, other)
    assert "2.00x" in said
    assert "in one of them only: memory" in said
    assert "(within the spread)" in compared(one, one)


@pytest.mark.parametrize(
    ("part", "options", "keys"),
    [
        ("size", ["--calls", "300"], {"size-days", "size-without-index", "size-all"}),
        ("follow", ["--rounds", "1", "--seconds", "1", "--followers", "50"], {"follow-call", "follow-list"}),
    ],
)
def test_a_part_runs_from_its_command(tmp_path, part, options, keys):
    done = subprocess.run(
        [sys.executable, "-m", "bench", part, *options, "--data", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (run,) = (tmp_path / "results").glob("*.json")
    assert set(json.loads(run.read_text())["figures"]) == keys


def test_the_dictionary_can_be_made_anew(tmp_path):
    made = [tmp_path / name for name in ("one.zdict", "other.zdict")]
    for path in made:
        done = subprocess.run(
            [sys.executable, "-m", "bench.dictionary", "--calls", "200", "--out", str(path)],
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=120, env=ENVIRONMENT,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "not shipped" in done.stdout
    assert made[0].read_bytes() == made[1].read_bytes()
