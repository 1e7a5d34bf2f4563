"""Who follows what, and when it is told.

What changes within 100 ms is told together. It is read once and encoded once for all who follow the same
thing, however many they are, and nothing is done while nobody follows. The clock changes things as well:
calls fall quiet, read as ended, leave the list; who follows is told of that within a second.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from ringlog.call_log import CallLog
from ringlog.errors import NotFound
from ringlog.following.call import FollowedCall
from ringlog.following.calls import FollowedCalls
from ringlog.following.news import Follower, News, Topic
from ringlog.model import MICROSECONDS, CallQuery, Clock, Tail

TOGETHER_US = 100_000
LOOK_EVERY_S = 1.0
"""How often the clock is asked."""

log = structlog.get_logger()


class Timer(Protocol):
    def cancel(self) -> None: ...


Later = Callable[[float, Callable[[], None]], Timer]
"""Has something done in so many seconds."""


def later(seconds: float, do: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, do)


class Following:
    """A Watcher. Belongs to one event loop."""

    def __init__(self, call_log: CallLog, clock: Clock, later: Later = later) -> None:
        self._call_log = call_log
        self._clock = clock
        self._later = later
        self._calls: dict[tuple[int, str], FollowedCall] = {}
        self._lists: dict[int, FollowedCalls] = {}
        self._stale: set[Topic] = set()
        self._flushed_us = 0
        self._flush_timer: Timer | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._look_timer: Timer | None = None
        call_log.watch(self)

    # -- who follows ---------------------------------------------------------------------------------

    def follow_call(self, follower: Follower, account_id: int, session_id: str, told: Tail | None) -> None:
        """From now on what comes behind `told`; None: nothing yet, but it is cut when the call goes."""
        key = account_id, session_id
        topic = self._calls.setdefault(key, FollowedCall(self._call_log, account_id, session_id))
        topic.followers[follower] = told
        # Something may have come since `told` was read.
        self._tell_soon(topic)
        self._keep_looking()

    def leave_call(self, follower: Follower, account_id: int, session_id: str) -> None:
        """Leaving again does no harm."""
        if topic := self._calls.get((account_id, session_id)):
            topic.followers.pop(follower, None)
            if not topic.followers:
                del self._calls[account_id, session_id]
                self._stale.discard(topic)

    async def follow_calls(self, follower: Follower, account_id: int, query: CallQuery) -> News:
        """What a list begins with. What the follower is told before it shows that comes behind it."""
        topic = self._lists.setdefault(account_id, FollowedCalls(self._call_log, account_id, self._clock))
        topic.add(follower, query)
        self._keep_looking()
        return await topic.snapshot(query)

    def leave_calls(self, follower: Follower, account_id: int, query: CallQuery) -> None:
        if topic := self._lists.get(account_id):
            topic.remove(follower, query)
            if not topic.followed:
                del self._lists[account_id]
                self._stale.discard(topic)

    # -- what changes --------------------------------------------------------------------------------

    def changed(self, account_id: int, session_ids: Iterable[str]) -> None:
        if not self._calls and not self._lists:
            return
        if self._calls:
            for session_id in session_ids:
                if topic := self._calls.get((account_id, session_id)):
                    self._tell_soon(topic)
        if listed := self._lists.get(account_id):
            listed.changed(set(session_ids))
            self._tell_soon(listed)

    def deleted(self, account_id: int, session_id: str) -> None:
        """Nobody is told a word of it any more."""
        if topic := self._calls.get((account_id, session_id)):
            topic.cut()
        self.changed(account_id, (session_id,))

    def expired(self) -> None:
        for topic in self._calls.values():
            self._tell_soon(topic)

    def _look(self) -> None:
        self._look_timer = None
        now_us = self._clock()
        for topic in (*self._calls.values(), *self._lists.values()):
            if topic.due_us <= now_us:
                self._tell_soon(topic)
        self._keep_looking()

    def _keep_looking(self) -> None:
        if not self._look_timer and (self._calls or self._lists):
            self._look_timer = self._later(LOOK_EVERY_S, self._look)

    # -- telling -------------------------------------------------------------------------------------

    def _tell_soon(self, topic: Topic) -> None:
        self._stale.add(topic)
        self._flush_soon()

    def _flush_soon(self) -> None:
        """At once where nothing was told for 100 ms."""
        if not self._flush_timer and not self._flushing:
            passed_us = self._clock() - self._flushed_us
            wait_us = TOGETHER_US - passed_us if 0 <= passed_us < TOGETHER_US else 0
            self._flush_timer = self._later(wait_us / MICROSECONDS, self._begin_flush)

    def _begin_flush(self) -> None:
        self._flush_timer = None
        self._flushed_us = self._clock()
        self._flushing = asyncio.ensure_future(self._flush())

    async def _flush(self) -> None:
        stale, self._stale = self._stale, set()
        for topic in stale:
            try:
                if await topic.flush():
                    self._stale.add(topic)
            except Exception as error:  # whoever connects again is told what is wrong
                topic.cut()
                if not isinstance(error, NotFound):
                    log.exception("a follower was cut")
        self._flushing = None
        if self._stale:
            self._flush_soon()
