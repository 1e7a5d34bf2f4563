"""The process that seals: it builds frames and writes them to their Days, a step at a time.

`python -m ringlog.store.sqlite.sealing.sealer FOLDER` is started by the process that appends, which asks for
each step on stdin and drops the chunks itself: the catalogue has one writer. A step has two answers, each a
line of JSON on stdout: its frames are built; its frames are committed. Only a line on stdin leads from the
one to the other, and when stdin ends, this process does, whatever it is doing.
"""

import gc
import os
import signal
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import apsw
import msgspec

from ringlog.errors import RinglogError
from ringlog.store.sqlite.day.codec import Frame
from ringlog.store.sqlite.day.day_file import DayFile, SealedCall
from ringlog.store.sqlite.day.days import Days, Opened, Sealed
from ringlog.store.sqlite.disk.catalogue import Connection, connect, reading
from ringlog.store.sqlite.disk.faults import CATALOGUE, UNREADABLE, Seam, Unreadable, renamed
from ringlog.store.sqlite.sealing import waiting
from ringlog.store.sqlite.sealing.framing import framed
from ringlog.store.sqlite.sealing.steps import ALIVE, GO_ON, Report, Step
from ringlog.store.sqlite.sealing.waiting import WaitingCall

GARBAGE = 500_000
"""Objects made between two searches for cycles."""
NICE = 10
"""Reads and appends go first."""


class Sealer:
    """Holds no file open between two steps: expiry may take a Day away then."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / CATALOGUE
        self._catalogue = connect(self._file)
        self._days = Days(folder / "days")

    def step(self, step: Step) -> Generator[Report]:
        """Yields a report when the frames are built and, where there are any, one when they are committed."""
        quiet = (step.quiet_before_us, step.idle_before_us)
        backlog = waiting.count(self._catalogue, *quiet) if step.count else None
        calls = waiting.group(self._catalogue, step.after, *quiet)
        report = Report(calls[-1].id if calls else None, waiting=backlog)
        if not calls:
            yield report
            return
        day = calls[0].day
        try:
            with DayFile.opened(self._days, day, self._catalogue, _alive) as file:
                before = file.sealed([call.id for call in calls])
                built = list(self._built(calls, before, report))
                report.calls = [(call.call_id, call.arrival) for call in built]
                report.twice = [(call.call_id, call.twice) for call in built if call.twice.entries]
                yield report
                _write(self._catalogue, file, built, before)
        except (apsw.Error, OSError, RinglogError) as error:
            # The rest of this Day can wait, the other Days need not.
            report = Report(waiting.last_id(day), waiting=backlog)
            _note(report, error, calls[0], self._days.path(day))
        if report.calls or report.failed:
            yield report

    def _built(
        self, calls: Sequence[WaitingCall], before: Mapping[int, Sealed], report: Report
    ) -> Iterator[SealedCall]:
        with Seam(self._file), reading(self._catalogue):
            chunks = waiting.chunks(self._catalogue, calls)
        in_day = Seam(self._days.path(calls[0].day))
        for call in calls:
            try:
                with in_day:
                    known = _opened(call, before)
                yield framed(call, chunks[call.id], known)
            except RinglogError as error:
                _note(report, error, call, self._file)


def _opened(call: WaitingCall, before: Mapping[int, Sealed]) -> Opened | None:
    """What the call's Day holds of it."""
    if sealed := before.get(call.id):
        return Opened(sealed.first_error, Frame(sealed.frame))
    if call.sealed_arrival:
        raise Unreadable
    return None


def _write(
    catalogue: Connection, file: DayFile, calls: list[SealedCall], before: Mapping[int, Sealed]
) -> None:
    with file.writing():
        # A deletion marks the call in the catalogue before it takes the frame out of the Day, and expiry
        # marks the Day before it takes the file: whoever comes to the Day last sees what the other did.
        gone = waiting.gone(catalogue, [call.call_id for call in calls])
        calls = [call for call in calls if call.call_id not in gone]
        file.add([call for call in calls if call.call_id not in before])
        file.replace([call for call in calls if call.call_id in before])


def _note(report: Report, error: Exception, call: WaitingCall, file: Path) -> None:
    if not report.failed:
        known = renamed(error, file) or error
        report.failed, report.because, report.failed_call = type(known).__name__, str(known), call.id
        report.failed_unreadable = isinstance(error, UNREADABLE)


def _lines() -> Iterator[bytes]:
    """Lines of stdin, read by a thread, so that its end is seen in the middle of work."""
    lines: SimpleQueue[bytes] = SimpleQueue()

    def read() -> None:
        for line in sys.stdin.buffer:
            lines.put(line)
        os._exit(0)

    Thread(target=read, daemon=True).start()
    while True:
        yield lines.get()


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _alive() -> None:
    _say(ALIVE)


def main(folder: Path) -> None:
    # Ctrl-C is for the process that appends, which ends this one when it is done with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICE)
    # A group is some hundred thousand objects without a cycle: looking for one took a tenth of the time.
    gc.set_threshold(GARBAGE)
    sealer = Sealer(folder)
    decoder, encoder = msgspec.json.Decoder(Step), msgspec.json.Encoder()
    reports: Iterator[Report] = iter(())
    for line in _lines():
        if line != GO_ON:
            reports = sealer.step(decoder.decode(line))
        _say(encoder.encode(next(reports)) + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
