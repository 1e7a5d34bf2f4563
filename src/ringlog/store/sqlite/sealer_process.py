"""The sealer as the process that appends has it: started when it is first needed, and again when it died."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from ringlog.errors import StoreFault
from ringlog.store.sqlite.steps import GO_ON, Report, Step

END_S = 10
"""How long it may take to end; it only has to see that nobody asks any more."""


class SealerProcess:
    """For one thread. Raises StoreFault where the process died; the next question starts another."""

    def __init__(self, folder: Path) -> None:
        self._command = [sys.executable, "-P", "-m", "ringlog.store.sqlite.sealer", str(folder.absolute())]
        self._process: subprocess.Popen[bytes] | None = None
        self._decoder = msgspec.json.Decoder(Report)

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
                answer = process.stdout.readline()
        if not answer.endswith(b"\n"):
            self.close()
            raise StoreFault(f"The process that seals ended (exit code {process.returncode}).")
        return self._decoder.decode(answer)

    def _started(self) -> subprocess.Popen[bytes]:
        # In a process group of its own, so that a terminal's signals go to who asked for it alone.
        return subprocess.Popen(  # noqa: S603 - our own module
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
        )

    def close(self) -> None:
        process, self._process = self._process, None
        if process:
            try:
                process.communicate(timeout=END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
