"""Times and lengths as pages say them: in UTC; a module of script says them in the viewer's zone."""

from datetime import UTC, datetime

from ringlog.model import MICROSECONDS


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


def _at(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)


FILTERS = {f.__name__: f for f in (iso, iso_fine, clock, day, duration)}
