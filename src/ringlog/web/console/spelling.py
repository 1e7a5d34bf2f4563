"""Times and lengths as pages say them: in UTC; a module of script says them in the viewer's zone."""

from datetime import UTC, datetime
from urllib.parse import quote

from ringlog.model import MICROSECONDS, EndedBy

FIRST_S, LAST_S = -62_135_596_800, 253_402_300_799
"""Of the years 1 to 9999, which is all that a `datetime` holds."""


def iso(at_s: int) -> str:
    """`2026-11-23T09:04:05Z`, for the `datetime` of a `time`."""
    return _at(at_s).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_fine(at_us: int) -> str:
    """`2026-11-23T09:04:05.123456Z`."""
    return f"{iso(at_us // MICROSECONDS)[:-1]}.{at_us % MICROSECONDS:06}Z"


def clock(at_s: int) -> str:
    """`09:04:05`."""
    return _at(at_s).strftime("%H:%M:%S")


def day(at_s: int) -> str:
    """`Monday 23 November 2026`."""
    at = _at(at_s)
    return f"{at:%A} {at.day} {at:%B %Y}"


def duration(seconds: int) -> str:
    """`0:49`, `1:02:03`."""
    minutes, rest = divmod(max(seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def ended(by: str) -> str:
    """`by caller`; `cancelled before answer` and `unknown` stand for themselves."""
    return by if by in {EndedBy.CANCELLED, EndedBy.UNKNOWN} else f"by {by}"


def call_address(session_id: str) -> str:
    """Where the page of a call is: whatever the id holds, nothing but the id."""
    return f"/calls/{quote(session_id, safe='')}"


def _at(at_s: int) -> datetime:
    return datetime.fromtimestamp(min(max(at_s, FIRST_S), LAST_S), UTC)


FILTERS = {f.__name__: f for f in (iso, iso_fine, clock, day, duration, ended, call_address)}
