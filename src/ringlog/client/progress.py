"""The calls a Sender has begun and not ended, remembered from run to run."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ringlog.client.segment import whole_bytes, write_all, write_durably
from ringlog.model import MICROSECONDS

REWRITE_BYTES = 2**20
"""The file is written anew when it has grown by so much."""


class Progress:
    """Ids of calls in progress, each with the time of the last that was said of it, in microseconds.

    A file of lines [id, time] (time null: it ended), appended to at each beginning, each end, and once a
    second of each call. What is written is the end of that second, so that after a kill no call was
    heard of later than the file says; `close` leaves the times as they are.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._path = path
        self._calls = remembered(path)
        self._fd = self._rewritten()

    @property
    def calls(self) -> Mapping[str, int]:
        return dict(self._calls)

    def begins(self, session_id: str, time_us: int) -> None:
        if session_id not in self._calls:
            self._calls[session_id] = time_us
            self._write(session_id, time_us)

    def goes_on(self, session_id: str, time_us: int) -> None:
        known_us = self._calls.get(session_id)
        if known_us is None or time_us <= known_us:
            return
        self._calls[session_id] = time_us
        if time_us // MICROSECONDS != known_us // MICROSECONDS:
            self._write(session_id, time_us)

    def ends(self, session_id: str) -> None:
        if self._calls.pop(session_id, None) is not None:
            self._write(session_id, None)

    def close(self) -> None:
        with suppress(OSError):
            self._rewrite(self._calls)
        os.close(self._fd)

    def _write(self, session_id: str, time_us: int | None) -> None:
        line = said(session_id, None if time_us is None else second_end(time_us))
        self._grown += len(line)
        # A full disk is the spool's to report; without this file a call that ended unseen gets no end.
        with suppress(OSError):
            try:
                write_all(self._fd, line)
            except OSError:
                os.ftruncate(self._fd, whole_bytes(self._path))
                raise
            if self._grown > REWRITE_BYTES:
                old, self._fd = self._fd, self._rewritten()
                os.close(old)

    def _rewritten(self) -> int:
        # What a full disk keeps of it is longer, and says the same.
        with suppress(OSError):
            self._rewrite({session_id: second_end(time_us) for session_id, time_us in self._calls.items()})
        self._grown = 0
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def _rewrite(self, calls: Mapping[str, int]) -> None:
        fresh = self._path.with_suffix(".new")
        text = b"".join(said(*item) for item in calls.items())
        try:
            write_durably(fresh, text)
            fresh.replace(self._path)
        except OSError:
            with suppress(OSError):
                fresh.unlink()
            overwrite(self._path, text)


def second_end(time_us: int) -> int:
    return time_us // MICROSECONDS * MICROSECONDS + MICROSECONDS - 1


def said(session_id: str, time_us: int | None) -> bytes:
    return json.dumps([session_id, time_us]).encode() + b"\n"


def overwrite(path: Path, text: bytes) -> None:
    """For a full disk, which has room only where a file lies. A kill in its midst leaves some old lines."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        write_all(fd, text)
        os.ftruncate(fd, len(text))
    finally:
        os.close(fd)


def remembered(path: Path) -> dict[str, int]:
    """What the file at `path` says; a line that was cut off says nothing."""
    calls: dict[str, int] = {}
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            session_id, time_us = json.loads(line)
        except (ValueError, TypeError):
            continue
        note(calls, session_id, time_us)
    return calls


def note(calls: dict[str, int], session_id: Any, time_us: Any) -> None:
    if not isinstance(session_id, str):
        return
    if isinstance(time_us, int):
        calls[session_id] = time_us
    else:
        calls.pop(session_id, None)
