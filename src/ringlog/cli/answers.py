"""A server's answers, as this program's own errors."""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress

import msgspec

from ringlog.client.http import Answer, Server
from ringlog.errors import (
    BadRecords,
    BeyondRetention,
    ConfigurationFault,
    Conflict,
    NotFound,
    Refused,
    StoreFault,
    Unreachable,
)


class _Refusal(msgspec.Struct):
    records: list[int] = []


@contextmanager
def understood(server: Server) -> Generator[None]:
    """Says in one sentence that what answered is no Ringlog."""
    try:
        yield
    except (LookupError, TypeError, ValueError, msgspec.MsgspecError):
        raise Unreachable(f"What answers at {server.url} is no Ringlog that this one understands.") from None


RECORD = re.compile(r"\bRecord (\d+)")
REFUSALS: Mapping[int, type[Refused]] = {400: BadRecords, 409: Conflict, 410: BeyondRetention}


def checked(answer: Answer) -> Answer:
    """Raises what the server's status stands for, in its words."""
    if answer.ok:
        return answer
    if answer.status == 401:
        raise ConfigurationFault("The server does not know this email and key together.")
    if refusal := REFUSALS.get(answer.status):
        with suppress(msgspec.MsgspecError):
            raise refusal(answer.error, msgspec.json.decode(answer.body, type=_Refusal).records)
    if answer.status == 404:
        raise NotFound(answer.error)
    raise StoreFault(f"The server answers: {answer.error}")
