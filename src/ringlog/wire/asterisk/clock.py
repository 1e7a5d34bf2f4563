"""The engine's clock, which somebody may set back while calls run."""

SET_BACK_US = 1_000_000
"""Events step back by less because they were told out of turn; then the clock was not set."""
PASSED_US = 60_000
"""Nobody knows how much time went by meanwhile: so much that a key is not taken for the one before it."""
REMEMBERED = 100
"""Settings of the clock; lines that are still to be told are never older."""


class Clock:
    """The engine's time, and beside it one that goes on where that one is set back.

    Whatever waits and whatever is measured goes by `going_us`; what is told goes by what the engine told.
    """

    def __init__(self) -> None:
        self._heard_us = 0
        self._settings = [(0, 0)]
        """Since when (going on), and how far it is ahead of the engine's."""

    def hear(self, told_us: int, now_us: int) -> None:
        """The engine tells a time; `now_us` is what goes on."""
        if told_us < self._heard_us - SET_BACK_US:
            since_us = now_us + PASSED_US
            self._settings = [*self._settings[-REMEMBERED:], (since_us, since_us - told_us)]
        self._heard_us = told_us

    def going_us(self, told_us: int) -> int:
        return told_us + self._settings[-1][1]

    def told_us(self, going_us: int) -> int:
        """As the engine told it, or would have."""
        ahead_us = next((ahead for since, ahead in reversed(self._settings) if going_us >= since), 0)
        return going_us - ahead_us
