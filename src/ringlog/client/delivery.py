"""From the spool to the server: batches, retries, and what the server refuses for good.

What an answer means stands in DESIGN, "A Sender":

    2xx                            settled
    400 409 410, with `records`    those are parked in a file that a warning names; the rest is sent
    413                            the batch is halved; a record alone is parked
    408 429 5xx, no answer         tried again, later and later, with jitter; Retry-After is honoured
    anything else                  a configuration fault: everything is kept, said once, tried again slowly

A 400, 409 or 410 that names no record of the batch is anything else: it does not speak for a Ringlog server.
"""

import gzip
from collections.abc import Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, cast

from ringlog.client.http import Answer, Server
from ringlog.client.parked import Parked
from ringlog.client.spool import Line, Position, Spool
from ringlog.errors import Unreachable
from ringlog.model import MICROSECONDS, Clock
from ringlog.wording import count

BATCH_RECORDS = 1000
BATCH_BYTES = 4 * 2**20
GZIP_FROM_BYTES = 1024
FIRST_RETRY_S = 0.25
LONGEST_RETRY_S = 30.0
SLOW_RETRY_S = 30.0
"""How long a configuration fault is left alone."""
LONGEST_RETRY_AFTER_S = 600.0

REFUSED = frozenset({400, 409, 410})
PASSING = frozenset({408, 429})
UNAUTHORIZED = 401
TOO_LARGE = 413


class Means(NamedTuple):
    """What the world outside gives a Sender; tests give their own."""

    clock: Clock
    monotonic: Callable[[], float]
    """Seconds."""
    random: Callable[[], float]
    """0 to 1."""
    warn: Callable[[str], None]


class Delivery:
    """Brings the spool's lines to the server in order. For one thread.

    One that `knocks` asks the server although there is nothing to send, until it has answered well once.
    """

    def __init__(self, server: Server, spool: Spool, means: Means, *, knocks: bool = False) -> None:
        self._server = server
        self._spool = spool
        self._parked = Parked(spool.folder)
        self._means = means
        self._held: list[Line] = []
        self._held_to = Position(0, 0)
        self._limit = BATCH_RECORDS
        self._failures = 0
        self._not_before = 0.0
        self._knocks = knocks
        self.trouble = ""
        """What keeps the server from taking records, in a sentence; empty while it takes them."""

    def step(self, *, at_once: bool = False) -> float | None:
        """Sends one batch, unless it is too early for that and not to be done `at_once`.

        Returns the seconds after which it wants to be called again; None: when there is something new.
        """
        self._sync()
        pause_s = self._not_before - self._means.monotonic()
        if pause_s > 0 and not at_once:
            return pause_s
        try:
            if not (self._held or self._read() or self._knocks):
                return None
            answer = self._post(self._held[: self._limit])
        except OSError as error:
            said = f"The spool {self._spool.folder} cannot be read: {error.strerror}."
            return self._later(said, SLOW_RETRY_S)
        except Unreachable as error:
            return self._later(error.message, self._back_off())
        return self._judge(answer)

    def _read(self) -> bool:
        """Holds the next lines, if there are any. Raises OSError."""
        self._held = self._spool.read(BATCH_RECORDS, BATCH_BYTES)
        if self._held:
            self._held_to = self._held[-1].end
        return bool(self._held)

    def _sync(self) -> None:
        try:
            self._spool.sync()
        except OSError as error:
            self._means.warn(f"The spool {self._spool.folder} cannot be made durable: {error.strerror}.")

    def _post(self, lines: list[Line]) -> Answer:
        body = b"".join(line.data for line in lines)
        headers = {"Content-Type": "application/x-ndjson"}
        if len(body) >= GZIP_FROM_BYTES:
            body = gzip.compress(body, 1, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return self._server.request("POST", "/v1/ingest", body, headers)

    def _judge(self, answer: Answer) -> float:
        sent = min(self._limit, len(self._held))
        if answer.ok:
            return self._taken(sent)
        if answer.status in REFUSED and (refused := refused_records(answer, sent)):
            return self._park(answer, refused)
        if answer.status == TOO_LARGE and sent:
            if sent == 1:
                return self._park(answer, [0])
            self._limit = sent // 2
            self._failures, self._not_before = 0, 0.0
            return 0
        if answer.status in PASSING or answer.status >= 500:
            pause_s = max(self._back_off(), self._retry_after(answer))
            return self._later(f"{self._server.url} answers {answer.error!r}.", pause_s)
        refuses = "refuses this email and key" if answer.status == UNAUTHORIZED else "takes no records"
        said = f"{self._server.url} {refuses} ({answer.status}: {answer.error.rstrip('.')})."
        return self._later(said, SLOW_RETRY_S * (0.75 + 0.5 * self._means.random()))

    def _taken(self, sent: int) -> float:
        if sent:
            last = self._held[sent - 1].end
            del self._held[:sent]
            self._settle(last if self._held else self._held_to)
        self._limit = min(self._limit * 2, BATCH_RECORDS)
        self._well()
        return 0

    def _park(self, answer: Answer, refused: list[int]) -> float:
        """Puts the lines at `refused` (from 0) aside; they count as settled with what follows them."""
        lines = [self._held[place].data for place in refused]
        try:
            path = self._parked.add(answer.status, lines)
        except OSError as error:
            said = f"Refused records cannot be put into {self._spool.folder}: {error.strerror}."
            return self._later(said, SLOW_RETRY_S)
        self._means.warn(f"The server refused {count(len(lines), 'record')}, kept in {path}: {answer.error}")
        for place in reversed(refused):
            del self._held[place]
        if not self._held:
            self._settle(self._held_to)
        self._well()
        return 0

    def _well(self) -> None:
        """Whatever was wrong is over."""
        self._failures, self._not_before, self._knocks = 0, 0.0, False
        if self.trouble:
            self.trouble = ""
            self._means.warn(f"{self._server.url} takes records again.")

    def _settle(self, position: Position) -> None:
        """Where the mark cannot be written, records come twice after a restart, and are stored once."""
        try:
            self._spool.settle(position)
        except OSError as error:
            self._means.warn(f"The spool {self._spool.folder} cannot be written: {error.strerror}.")

    def _later(self, said: str, pause_s: float) -> float:
        if said != self.trouble:
            self.trouble = said
            self._means.warn(f"{said} Records wait in {self._spool.folder} and will be delivered later.")
        self._not_before = self._means.monotonic() + pause_s
        return pause_s

    def _back_off(self) -> float:
        """Seconds: doubling from 0.25 to 30, each somewhere in its upper half so that senders spread."""
        longest_s = min(FIRST_RETRY_S * 2 ** min(self._failures, 20), LONGEST_RETRY_S)
        self._failures += 1
        return longest_s * (0.5 + 0.5 * self._means.random())

    def _retry_after(self, answer: Answer) -> float:
        """Seconds that the answer's Retry-After asks for (RFC 9110, 10.2.3); 0 without one."""
        said = answer.headers.get("retry-after", "").strip()
        wanted_s = 0.0
        if said.isascii() and said.isdigit():
            wanted_s = float(said)
        elif said:
            with suppress(ValueError):
                wanted_s = parsedate_to_datetime(said).timestamp() - self._means.clock() / MICROSECONDS
        return min(max(wanted_s, 0.0), LONGEST_RETRY_AFTER_S)


def refused_records(answer: Answer, sent: int) -> list[int]:
    """The places (from 0) of the records that a refusal names; none where it is not Ringlog that speaks."""
    body = answer.json()
    named: Any = cast("dict[str, Any]", body).get("records") if isinstance(body, dict) else None
    if not isinstance(named, list):
        return []
    numbers = cast("list[object]", named)
    return sorted(
        {n - 1 for n in numbers if isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= sent}
    )
