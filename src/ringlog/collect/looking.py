"""Logging in to a PBX only to look: asks what a manager may ask, changes nothing."""

import asyncio
import contextlib

from ringlog.collect.seen import CEL, CEL_MANAGER, GENERAL, USER, Seen
from ringlog.collect.session import ANSWER_S, BOOT_S, Pbx, Session, succeeded, unreachable
from ringlog.errors import Unreachable
from ringlog.model import Clock
from ringlog.wire.asterisk import time_us

FILES = {
    GENERAL: ("manager.conf", GENERAL, ("enabled", "timestampevents", "channelvars", "disabledevents")),
    USER: ("manager.conf", None, ("read", "write", "eventfilter")),
    CEL: ("cel.conf", GENERAL, ("enable", "events")),
    CEL_MANAGER: ("cel.conf", "manager", ("enabled",)),
}
"""By our name of a section: its file, its name there (None: the user's), and what is looked up in it."""


async def look(pbx: Pbx, clock: Clock, patience_s: float = BOOT_S) -> Seen:
    """Looks; what answers do not tell is awaited as events for at most `patience_s`.

    Raises LoginRefused, Unreachable.
    """
    seen = Seen(pbx.username)
    session = Session(pbx, seen.hear)
    try:
        async with asyncio.timeout(ANSWER_S):
            await session.open()
            await _ask(session, seen, clock)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await _listen(session, seen)
    except TimeoutError:
        raise Unreachable(f"{pbx} does not answer.") from None
    except OSError as error:
        raise Unreachable(f"{unreachable(pbx, error)}.") from None
    finally:
        session.close()
    return seen


async def _ask(session: Session, seen: Seen, clock: Clock) -> None:
    await _compare_clocks(session, seen, clock)
    seen.version = (await session.ask("CoreSettings")).get("AsteriskVersion")
    seen.shows_channels = succeeded(await session.ask("CoreShowChannels"))
    await _look_up(session, seen)


async def _compare_clocks(session: Session, seen: Seen, clock: Clock) -> None:
    """The PBX says its time at some moment between our question and its answer."""
    asked_us = clock()
    told_us = time_us((await session.ask("Ping")).get("Timestamp"))
    answered_us = clock()
    if told_us is not None:
        seen.ahead_us = told_us - (asked_us + answered_us) // 2
        seen.ahead_within_us = (answered_us - asked_us) // 2


async def _look_up(session: Session, seen: Seen) -> None:
    """Asks for settings one by one, with AST_CONFIG, which reads a file as the engine does, includes and all.

    -1 is the last line of a name, the one that counts.
    """
    for section, (file, category, names) in FILES.items():
        for name in names:
            variable = f"AST_CONFIG({file},{category or seen.username},{name},-1)"
            answer = await session.ask("Getvar", Variable=variable)
            if not succeeded(answer):
                return
            seen.looks_up = True
            seen.files[section, name] = answer.get("Value")


async def _listen(session: Session, seen: Seen) -> None:
    while not seen.enough:
        for message in await session.read():
            seen.hear(message)
