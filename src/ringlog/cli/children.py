"""Commands of Ringlog as child processes: started, watched, and ended one after the other."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from ringlog.errors import RinglogError

END_S = 15
"""How long a child may take after SIGTERM."""


class ChildEnded(RinglogError):
    """A child process ended by itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Child:
    name: str
    process: asyncio.subprocess.Process
    log: Path
    """What it writes to stderr."""

    def ended(self) -> ChildEnded:
        """Its last words, without the program's name."""
        said = self.log.read_text(errors="replace").strip().rpartition("\n")[2].removeprefix("ringlog: ")
        return ChildEnded(f"The {self.name} ended: {said or f'see {self.log}.'}")


class Children:
    """Ends those that still run, the last one first, when its `async with` is left.

    Each is in a session of its own: a Ctrl-C reaches their parent only.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` takes their logs."""
        self._folder = folder
        self._running: list[Child] = []
        self._watches: set[asyncio.Task[None]] = set()
        self._first_ended: asyncio.Future[Child] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in reversed(self._running.copy()):
            await self.end(child)

    async def start(self, name: str, *arguments: str, secrets: Mapping[str, str] | None = None) -> Child:
        """`ringlog` with `arguments`; of its environment's RINGLOG_ variables it gets `secrets` only."""
        own = {key: value for key, value in os.environ.items() if not key.startswith("RINGLOG_")}
        log = self._folder / f"{name}.log"
        with log.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "ringlog", *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={**own, **(secrets or {})},
                start_new_session=True,
            )
        child = Child(name, process, log)
        self._running.append(child)
        watch = asyncio.create_task(self._watch(child))
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)
        return child

    async def said(self, child: Child) -> str:
        """The next line it prints. Raises ChildEnded."""
        line = await child.process.stdout.readline() if child.process.stdout else b""
        if not line:
            await child.process.wait()
            raise child.ended()
        return line.decode(errors="replace").rstrip("\n")

    async def end(self, child: Child) -> None:
        self._running.remove(child)
        if child.process.returncode is not None:
            return
        child.process.terminate()
        try:
            await asyncio.wait_for(child.process.wait(), END_S)
        except TimeoutError:
            child.process.kill()
            await child.process.wait()

    async def one_ended(self) -> NoReturn:
        """Waits until a child has ended by itself; raises ChildEnded."""
        raise (await asyncio.shield(self._first_ended)).ended()

    async def _watch(self, child: Child) -> None:
        await child.process.wait()
        if child in self._running and not self._first_ended.done():
            self._first_ended.set_result(child)
