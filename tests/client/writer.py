"""A writer in a process of its own, for tests that kill it.

    python -m tests.client.writer URL KEY SPOOL RUN

It writes one line after the other into call `c` until it is killed and prints, every tenth, how many were
accepted. With `hold` as RUN it writes 40 MB for a server that is away and prints what memory that took.
"""

import sys
import time
from pathlib import Path

from ringlog.client import Sender
from ringlog.model import CallRow, Entry, Kind

DATA = {"module_type": "m", "result_variable": ""}
HELD_ENTRIES = 20_000
HELD_LINE_CHARACTERS = 2000


def now_us() -> int:
    return time.time_ns() // 1000


def say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def repeat(ours: Sender, run: str) -> None:
    ours.call(CallRow("c", start_s=now_us() // 1_000_000))
    n = 0
    while True:
        ours.entry(Entry("c", Kind.INFO, f"run {run} line {n}", DATA, now_us()))
        n += 1
        if n % 10 == 0:
            say(n)


def peak_kib() -> int:
    """This process's own; `ru_maxrss` would begin with that of the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def hold(ours: Sender) -> None:
    """Prints the KiB by which memory grew."""
    ours.entry(Entry("c", Kind.INFO, "first", DATA, now_us()))
    before = peak_kib()
    for n in range(HELD_ENTRIES):
        line = f"{n} " + "x" * HELD_LINE_CHARACTERS
        ours.entry(Entry(f"call {n}", Kind.INFO, line, DATA, now_us()))
    say(peak_kib() - before)
    ours.close(0)


if __name__ == "__main__":
    url, key, spool, what = sys.argv[1:]
    writing = Sender(url, "tests@example.com", key, name="pbx", spool=Path(spool))
    if what == "hold":
        hold(writing)
    else:
        repeat(writing, what)
