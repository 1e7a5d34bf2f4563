"""The Sender: takes what happened in calls, numbers it, keeps it on disk, brings it to a Ringlog server."""

import logging
import os
import random
import secrets
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from ringlog.client.cap import Cap, entries, is_debug, session_of
from ringlog.client.delivery import Delivery, Means
from ringlog.client.elsewhere import left_elsewhere, note_address
from ringlog.client.http import Server
from ringlog.client.line import entry_line, row_line
from ringlog.client.owed import Owed
from ringlog.client.progress import Progress
from ringlog.client.spool import SEGMENT_BYTES, Spool, default_folder, folder_for
from ringlog.errors import BadInput, ConfigurationFault
from ringlog.model import MICROSECONDS, CallRow, Entry, Kind, is_source
from ringlog.wording import count

BATCH_WAIT_S = 0.1
"""A record waits for others at most this long …"""
BATCH_ENOUGH = 100
"""… or until so many wait."""
NUMBERED_CALLS = 20_000
"""Calls whose next number is remembered."""
SPOOL_CAP_BYTES = 2**30
CAP_SEGMENTS = 16
"""A full spool consists of at least so many segments: the first and the last of them are not thinned."""
FULL_RETRY_S = 1.0
"""How often a full disk is tried while nothing else is to do."""
RUN_BYTES = 3
"""Random bytes that tell one run of a writer from another: six hex digits."""

MEANS = Means(
    clock=lambda: time.time_ns() // 1000,
    monotonic=time.monotonic,
    random=random.random,
    warn=logging.getLogger("ringlog.client").warning,
)

_alive: "weakref.WeakSet[Sender]" = weakref.WeakSet()


class Sender:
    """Sends a writer's records to the server at `url`, as `email` with `key`, in the order they were given.

    `name` names the writer, for instance `asterisk@pbx1`; its source is that and six hex digits drawn anew
    for each run. What was accepted lies in a folder under `spool` until the server has it, also when this
    process is killed; what an earlier run left goes first. Any thread may call; one thread delivers.
    """

    def __init__(
        self,
        url: str,
        email: str,
        key: str,
        *,
        name: str,
        spool: Path | None = None,
        spool_cap: int = SPOOL_CAP_BYTES,
        timeout_s: float = 30,
        knocks: bool = False,
        means: Means = MEANS,
    ) -> None:
        """`spool_cap`: bytes. One that `knocks` asks the server at once whether it takes records.

        Raises ConfigurationFault for an address, name or spool that cannot work.
        """
        if not is_source(f"{name}/{'0' * 2 * RUN_BYTES}") or not name:
            raise ConfigurationFault(f"{name!r} cannot be a writer's name: up to 121 printable characters.")
        self._name = name
        self._new_server = lambda: Server(url, email, key, timeout_s)
        self._folder = folder_for(spool or default_folder(), url, email, name)
        self._cap_bytes = spool_cap
        self._knocks = knocks
        self._means = means
        self._open(self._folder)
        note_address(self._folder, url, email)
        for sentence in left_elsewhere(self._folder):
            means.warn(sentence)
        _alive.add(self)

    def _open(self, folder: Path) -> None:
        """Begins a run: a source, a spool, a connection and a thread of its own."""
        self.source = f"{self._name}/{secrets.token_hex(RUN_BYTES)}"
        self._server = self._new_server()
        self._spool = Spool(folder, min(SEGMENT_BYTES, self._cap_bytes // CAP_SEGMENTS))
        try:
            self._progress = Progress(folder / "calls")
        except OSError as error:
            self._spool.close()
            raise ConfigurationFault(f"The spool {folder} cannot be used: {error.strerror}.") from None
        self._cap = Cap(self._cap_bytes)
        self._owed = Owed()
        self._delivery = Delivery(self._server, self._spool, self._means, knocks=self._knocks)
        self._next: OrderedDict[str, int] = OrderedDict()
        self._floor = 0
        self._wake = threading.Condition()
        self._fresh = 1 if self._spool.waiting_bytes else 0
        self._hurry = False
        self._closing = False
        self._forked = False
        self._thread = threading.Thread(target=self._run, name="ringlog-sender", daemon=True)
        self._thread.start()

    @property
    def folder(self) -> Path:
        """Where this writer's records wait."""
        return self._spool.folder

    @property
    def trouble(self) -> str:
        """What keeps the server from taking records, in a sentence; empty while it takes them."""
        return self._delivery.trouble

    @property
    def in_progress(self) -> Mapping[str, int]:
        """The calls begun and not ended, by this run or an earlier one: id → time of the last entry, µs."""
        with self._ready():
            return self._progress.calls

    def call(self, row: CallRow) -> None:
        """Accepts what is known of a call. With a start and no end it is in progress, until a row ends it.

        Raises BadInput where its session id cannot exist.
        """
        line = row_line(row)
        with self._ready():
            if row.end_s is not None:
                self._note_gap(row.session_id)
            elif row.start_s is not None:
                self._progress.begins(row.session_id, row.start_s * MICROSECONDS)
            if not (self._pay() and self._append(line)):
                self._owed.row(row)
            elif row.end_s is not None:
                self._progress.ends(row.session_id)

    def entry(self, entry: Entry) -> None:
        """Accepts one entry and numbers it.

        Where the spool is full, `debug` entries give way, also those that wait already, then any entry; a
        full disk takes none. How many were left out is said in the call's own log when there is room again,
        when the call ends, or at `close`; where the disk has no room even then, the call stays in progress.
        Raises BadInput where its session id cannot exist or its data has no JSON.
        """
        with self._ready():
            room = self._pay()
            line = entry_line(entry, self.source, self._number(entry.session_id))
            self._progress.goes_on(entry.session_id, entry.time_us)
            if not self._has_room(entry):
                self._leave_out(entry.session_id)
                return
            if not (room and self._append(line)):
                self._cap.leave_out(entry.session_id)
                self._owed.lost += 1
                self._owed.note(entry.session_id)
                return
            self._note_gaps()

    def flush(self, timeout_s: float) -> bool:
        """Returns when the server has everything, True, or after `timeout_s` seconds, False."""
        with self._ready():
            self._hurry = True
            self._wake.notify_all()
            return self._wake.wait_for(lambda: not self._spool.waiting_bytes, timeout_s)

    def close(self, timeout_s: float = 5) -> bool:
        """Flushes, ends the thread and frees the spool; what the server has not stays for the next run."""
        if self._forked or self._closing:
            return True
        end_s = time.monotonic() + timeout_s
        with self._wake:
            if self._owed:
                # Where it is the file that may not grow, another one takes the last words.
                self._spool.begin_anew()
                self._pay()
            for session_id in self._cap.untold():
                self._note_gap(session_id)
        delivered = self.flush(timeout_s)
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._thread.join(max(0.0, end_s - time.monotonic()) + 0.5)
        with self._wake:
            if self._owed or self._owed.lost:
                self._means.warn(self._losses())
            self._spool.close()
            self._progress.close()
        self._server.close()
        return delivered

    def __enter__(self) -> "Sender":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ready(self) -> threading.Condition:
        """The lock of this run; a process that was forked begins a run of its own first."""
        if self._forked:
            self._open(self._folder / f"fork-{secrets.token_hex(RUN_BYTES)}")
        if self._closing:
            raise BadInput("This sender is closed.")
        return self._wake

    def _number(self, session_id: str) -> int:
        """The call's next number. Of calls long not heard of only an upper bound is remembered."""
        number = self._next.pop(session_id, self._floor)
        self._next[session_id] = number + 1
        if len(self._next) > NUMBERED_CALLS:
            _, forgotten = self._next.popitem(last=False)
            self._floor = max(self._floor, forgotten)
        return number

    def _has_room(self, entry: Entry) -> bool:
        """Whether the spool takes `entry`, after waiting `debug` entries have made room for it."""
        while self._cap.reached(self._spool.waiting_bytes):
            gone = None if entry.kind is Kind.DEBUG else self._spool.thin(is_debug)
            if gone is None:
                return False
            for line in gone:
                self._leave_out(session_of(line))
        return True

    def _leave_out(self, session_id: str) -> None:
        if self._cap.leave_out(session_id):
            self._means.warn(
                f"The spool {self._spool.folder} is full ({self._cap.size} bytes): "
                "entries are left out and counted, debug entries first."
            )

    def _note_gaps(self) -> None:
        """Once there is room again."""
        for session_id in self._cap.relieved(self._spool.waiting_bytes):
            self._note_gap(session_id)

    def _note_gap(self, session_id: str) -> None:
        note = self._cap.note(session_id, self._means.clock()) if self._pay() else None
        if not note:
            return
        if self._append(entry_line(note, self.source, self._number(session_id))):
            self._cap.told(session_id)
        else:
            self._owed.note(session_id)

    def _pay(self) -> bool:
        """Whether the disk has taken all that it did not take before: only then is there room for more."""
        if not self._owed:
            return True
        for session_id, rows in self._owed.calls():
            note = self._cap.note(session_id, self._means.clock())
            said = [] if note is None else [entry_line(note, self.source, self._number(session_id))]
            if not self._append(b"".join([*said, *map(row_line, rows)])):
                return False
            self._cap.told(session_id)
            self._owed.paid(session_id)
            if any(row.end_s is not None for row in rows):
                self._progress.ends(session_id)
        self._means.warn(
            f"The spool {self._spool.folder} can be written again; {entries(self._owed.lost)} lost so far."
        )
        return True

    def _losses(self) -> str:
        """A sentence for the end of a run."""
        calls = f"{count(len(self._owed), 'call')} left in progress for the next run"
        said = calls if self._owed else "said in the logs of their calls"
        return (
            f"The disk of the spool {self._spool.folder} was full: {entries(self._owed.lost)} lost, {said}."
        )

    def _append(self, lines: bytes) -> bool:
        """Whether the disk took them."""
        try:
            self._spool.append(lines)
        except OSError as error:
            if not self._owed:
                self._means.warn(
                    f"The spool {self._spool.folder} cannot be written ({error.strerror}): "
                    "entries are lost and counted."
                )
            return False
        self._fresh += 1
        if self._fresh in {1, BATCH_ENOUGH}:
            self._wake.notify_all()
        return True

    def _run(self) -> None:
        """The thread: a batch whenever one is due."""
        wake, delivery = self._wake, self._delivery
        pause_s: float | None = 0.0 if self._knocks else None
        while True:
            with wake:
                wake.wait_for(lambda: self._fresh or self._hurry or self._closing, pause_s)
                if not self._hurry:
                    wake.wait_for(
                        lambda: self._fresh >= BATCH_ENOUGH or self._hurry or self._closing,
                        BATCH_WAIT_S if self._fresh else 0,
                    )
                at_once, self._hurry, self._fresh = self._hurry, False, 0
                if self._closing:
                    return
            pause_s = delivery.step(at_once=at_once)
            with wake:
                if not self._closing:
                    self._note_gaps()
                    if not self._pay():
                        pause_s = FULL_RETRY_S if pause_s is None else min(pause_s, FULL_RETRY_S)
                wake.notify_all()

    def after_fork(self) -> None:
        """In a process just forked: what waits belongs to the other one, which goes on delivering it."""
        if self._closing:
            return
        self._forked = True
        self._spool.abandon()
        self._progress.close()
        self._server.close()


def _after_fork() -> None:
    for sender in list(_alive):
        sender.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
