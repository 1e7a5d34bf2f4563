"""Records of ingest as they come over the wire: a request's body becomes its calls, checked once, here.

What a caller gave is quoted in no error but for an unknown key's name, and of a private record not even that.
"""

from collections.abc import Iterable, Iterator

from ringlog.errors import BadInput, BadRecords, TooLarge
from ringlog.model import DAY_S, MICROSECONDS, Batch, is_session_id
from ringlog.wire.bodies import LINES, records
from ringlog.wire.checking import Checking
from ringlog.wire.plain import Plain, pieces, plain_records
from ringlog.wire.shapes import Fault

AHEAD_S = DAY_S
"""How far a writer's clock may be ahead."""
MAX_NAMED = 100
"""Bad records that one answer lists."""


def parse(
    body: bytes, media_type: str, session_id: str | None, now_us: int, *, ignore_unknown: bool = False
) -> Batch:
    """The records of a request's body, by call.

    `media_type` is `application/x-ndjson` or `application/json`. `session_id` is the call of a bare array's
    entries that name none (the body of `/api/call/{id}`). `now_us` is the server's clock.
    `ignore_unknown` leaves unknown keys out instead of refusing them.

    Raises UnknownMediaType, TooLarge, BadRecords with the numbers of all bad records, BadInput.
    """
    parsing = Parsing(session_id, now_us, ignore_unknown=ignore_unknown)
    for _ in parsing.steps(body, media_type):
        pass
    return parsing.batch()


class Parsing:
    """`parse` in steps, between which others may have the thread."""

    def __init__(self, session_id: str | None, now_us: int, *, ignore_unknown: bool = False) -> None:
        """Raises BadInput."""
        if session_id is not None and not is_session_id(session_id):
            raise BadInput("The query's session_id must have 1–255 characters and no control character.")
        self._session_id = session_id
        self._checking = Checking(now_us // MICROSECONDS + AHEAD_S, ignore_unknown)
        self._plain = Plain(self._checking)
        self._number = 0
        self._bad: dict[int, str] = {}

    def steps(self, body: bytes, media_type: str) -> Iterator[None]:
        """Reads the body, of NDJSON 64 KiB a step. Raises UnknownMediaType, BadRecords, BadInput."""
        if media_type != LINES:
            taken = records(body, media_type)
            if taken.array:
                self._checking.session_id = self._session_id
            self._each(taken.texts)
            return
        for lines in pieces(body):
            self._lines(lines)
            if len(self._bad) >= MAX_NAMED:
                return
            yield

    def batch(self) -> Batch:
        """What the steps made. Raises TooLarge, BadRecords."""
        if self._checking.too_large:
            raise TooLarge(self._checking.too_large)
        if self._bad:
            raise BadRecords(next(iter(self._bad.values())), list(self._bad))
        return self._checking.batch

    def _lines(self, lines: bytes) -> None:
        plain = plain_records(lines)
        if plain is None:
            self._each(records(lines, LINES).texts)
            return
        is_taken = self._plain.taken
        for record, line in zip(plain, lines.split(b"\n"), strict=False):
            if is_taken(self._number + 1, record, line):
                self._number += 1
            else:
                self._each([line])

    def _each(self, texts: Iterable[bytes]) -> None:
        for text in texts:
            if len(self._bad) == MAX_NAMED:
                return
            self._number += 1
            try:
                self._checking.record(self._number, text)
            except Fault as error:
                self._bad[self._number] = f"Record {self._number}{error.message}."
