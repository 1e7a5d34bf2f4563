"""The client needs nothing but the standard library, and says at once what cannot work."""

import subprocess
import sys
from pathlib import Path

import ringlog

ROOT = Path(ringlog.__file__).parents[1]

ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from ringlog.client import Sender
from ringlog.model import CallRow, Entry, Kind
with Sender("http://127.0.0.1:1", "a@b.example", "k3y", name="pbx", spool=Path(sys.argv[2])) as ours:
    ours.call(CallRow("c", start_s=1795424527))
    ours.entry(Entry("c", Kind.INFO, "line", {"module_type": "m", "result_variable": ""}, 1795424527000000))
    ours.close(0)
strange = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
print(*sorted(strange - {"__main__", "ringlog"}), sep=",")
print(*sorted(name for name in sys.modules if name.startswith("ringlog.") and name.count(".") == 1), sep=",")
"""


def test_the_client_works_where_nothing_is_installed(tmp_path: Path) -> None:
    """`-I -S`: no site-packages, no PYTHONPATH."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", ALONE, str(ROOT), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["", "ringlog.client,ringlog.errors,ringlog.model,ringlog.wording"]
    assert len(list(tmp_path.glob("pbx-*/00000001.ndjson"))) == 1
