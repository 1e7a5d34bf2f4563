"""Times as people write and read them on a command line."""

import re
from datetime import UTC, datetime, timedelta

from ringlog.errors import BadInput
from ringlog.model import MICROSECONDS

AGO = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LATEST_S = 253_402_300_799
"""The end of the year 9999."""

_AGO = re.compile(r"(\d{1,9})([smhd])")
_SECONDS = re.compile(r"\d{1,12}")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")


def moment(text: str, option: str, now_us: int, *, utc: bool) -> int:
    """The UNIX second that `text` names: `1795366682`, a date, a date and time, `09:04` (today), `2h` (ago).

    Raises BadInput naming `option`.
    """
    now_s = now_us // MICROSECONDS
    if _SECONDS.fullmatch(text) and int(text) <= LATEST_S:
        return int(text)
    if ago := _AGO.fullmatch(text):
        return max(now_s - int(ago[1]) * AGO[ago[2]], 0)
    if _CLOCK.fullmatch(text):
        text = f"{at(now_s, utc=utc):%Y-%m-%d} {text:0>5}"
    try:
        day = datetime.fromisoformat(text)
        if day.tzinfo is None:
            day = day.replace(tzinfo=UTC) if utc else day.astimezone()
        return max(int(day.timestamp()), 0)
    except (ValueError, OverflowError, OSError):
        raise BadInput(
            f"{option} takes a time such as 2h, 09:04, '2026-11-23 09:04' or 1795366682, not {text!r}."
        ) from None


def at(seconds: int, *, utc: bool) -> datetime:
    """A UNIX second as a wall clock shows it."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        moment = datetime.fromtimestamp(LATEST_S, UTC)
    return moment if utc else moment.astimezone()


def day_name(day: datetime, now: datetime) -> str:
    """`Today, Monday 23 November`; the year where it is not this one."""
    name = f"{day:%A} {day.day} {day:%B}"
    if day.year != now.year:
        name += f" {day.year}"
    if day.date() == now.date():
        return f"Today, {name}"
    return f"Yesterday, {name}" if day.date() == (now - timedelta(days=1)).date() else name
