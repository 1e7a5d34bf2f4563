"""The sealer as the process that appends has it: started when it is first needed, and again when it died.

Deletion, expiry and the end of the store wait for its answer: one that hangs is killed, which does no harm.
"""

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from ringlog.errors import StoreFault
from ringlog.store.sqlite.sealing.steps import ALIVE, GO_ON, Report, Step

SILENT_S = 60
"""How long it may say nothing in a step. One that works on a large Day says that it is alive."""
END_S = 5
"""How long it may take to end; it only has to see that nobody asks any more."""
LOOK_MS = 1000
"""Between two looks at the clock."""


def _nothing() -> None: ...


class SealerProcess:
    """For one thread. Raises StoreFault where the process died or hangs; the next question starts another."""

    def __init__(
        self,
        folder: Path,
        while_waiting: Callable[[], None] = _nothing,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`while_waiting` is called each second in which no answer came."""
        self._command = [
            sys.executable,
            "-P",
            "-m",
            "ringlog.store.sqlite.sealing.sealer",
            str(folder.absolute()),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self._decoder = msgspec.json.Decoder(Report)
        self._while_waiting = while_waiting
        self._clock = clock
        self._ends_at = float("inf")

    def ask(self, step: Step) -> Report:
        return self._answer(msgspec.json.encode(step) + b"\n")

    def go_on(self) -> Report:
        return self._answer(GO_ON)

    def _answer(self, line: bytes) -> Report:
        process = self._process = self._process or self._started()
        answer = b""
        with suppress(BrokenPipeError):
            if process.stdin and process.stdout:
                process.stdin.write(line)
                process.stdin.flush()
                answer = self._line(process.stdout.fileno())
        if not answer.endswith(b"\n"):
            self.close()
            raise StoreFault(f"The process that seals ended (exit code {process.returncode}).")
        return self._decoder.decode(answer)

    def _line(self, output: int) -> bytes:
        """What it says, or part of it where it ended. Raises StoreFault where it is silent for too long."""
        line, ready, heard = b"", select.poll(), self._clock()
        ready.register(output, select.POLLIN)
        while not line.endswith(b"\n"):
            if ready.poll(LOOK_MS):
                some, heard = os.read(output, 2**16), self._clock()
                if not some:
                    break
                line = (line + some).lstrip(ALIVE)
            elif self._clock() > min(heard + SILENT_S, self._ends_at):
                self.close(within_s=0)
                raise StoreFault("The process that seals gave no answer.")
            else:
                self._while_waiting()
        return line

    def hurry(self) -> None:
        """Nobody waits longer for it than it may take to end. From any thread."""
        self._ends_at = self._clock() + END_S

    def _started(self) -> subprocess.Popen[bytes]:
        # In a process group of its own, so that a terminal's signals go to who asked for it alone.
        return subprocess.Popen(  # noqa: S603 - our own module
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
        )

    def close(self, within_s: float = END_S) -> None:
        process, self._process = self._process, None
        if process:
            try:
                process.communicate(timeout=within_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
