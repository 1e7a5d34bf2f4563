"""The signals that end a command which runs until it is told."""

import asyncio
import signal
from collections.abc import Callable, Coroutine


async def until_told(work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Does `work` until it ends, SIGTERM or Ctrl-C; both end it in good order."""
    doing = asyncio.ensure_future(work())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, doing.cancel)
    try:
        await doing
    except asyncio.CancelledError:
        return
