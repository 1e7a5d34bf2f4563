"""How values read to people, in a terminal and in a browser: text made safe, lengths of time, who and how."""

import unicodedata

from ringlog.model import MICROSECONDS, OUTBOUND_SRC, Call, CallType

NAMED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's controls, invisible formats (the bidirectional ones among them), surrogates, line breaks."""
JOINERS = "\u200c\u200d"
"""Formats that letters and emoji are made with."""


def visible(text: str) -> str:
    r"""`text` with every character that would act on a screen, or hide there, as its escape: `\x1b`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(escaped(c) if unicodedata.category(c) in UNSEEN else c for c in text)


def escaped(c: str) -> str:
    if c in JOINERS:
        return c
    return NAMED.get(c) or c.encode("unicode_escape", errors="backslashreplace").decode()


def minutes(seconds: int) -> str:
    """`0:06`, `12:34`, `1:02:03`."""
    hours, rest = divmod(max(seconds, 0), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def lasted(call: Call, now_s: int) -> str:
    """How long a call took, or has taken so far.

    By the seconds of its row, which is all that lists know of: so every page and terminal says the same.
    """
    return minutes(now_s - call.start_s if call.lasted_s is None else call.lasted_s)


def tenths(us: int) -> str:
    """`0:43.9`, since the beginning of something."""
    tenth = max(us, 0) // (MICROSECONDS // 10)
    return f"{minutes(tenth // 10)}.{tenth % 10}"


def gap(us: int) -> str:
    """`506 ms`, `3.0 s`, `2:05`; nothing below half a millisecond."""
    if us < 500:
        return ""
    if us < MICROSECONDS - 500:
        return f"{(us + 500) // 1000} ms"
    if us < 100 * MICROSECONDS:
        return f"{us / MICROSECONDS:.1f} s"
    return minutes(us // MICROSECONDS)


def how(call: Call) -> str:
    """Who ended a call, in words: `by caller`."""
    if call.end_s is None:
        return "running"
    if not call.ending:
        return "unknown"
    by = call.ending.by.value
    return by if by.startswith("cancelled") or by == "unknown" else f"by {by}"


def caller(call: Call) -> str:
    return OUTBOUND_SRC if call.type == CallType.OUTBOUND else visible(call.src) or "unknown"


def count(number: int, noun: str) -> str:
    """`1 call`, `2,000 calls`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
