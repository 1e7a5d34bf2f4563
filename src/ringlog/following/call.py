"""One call and its followers."""

from collections import defaultdict

from ringlog.call_log import CallLog
from ringlog.following.news import Follower, news_of
from ringlog.model import FOR_EVER_US, Tail


class FollowedCall:
    """Each follower was told everything up to a tail, most of them up to the same one; or None: it is being
    told by others what was stored before, and can only be cut.
    """

    def __init__(self, call_log: CallLog, account_id: int, session_id: str) -> None:
        self._call_log = call_log
        self._account_id = account_id
        self._session_id = session_id
        self.followers: dict[Follower, Tail | None] = {}
        self.due_us = FOR_EVER_US

    async def flush(self) -> bool:
        """Reads once for all who were told the same."""
        by_told: defaultdict[Tail, list[Follower]] = defaultdict(list)
        for follower, told in self.followers.items():
            if told:
                by_told[told].append(follower)
        latest: Tail | None = None
        for told, followers in by_told.items():
            tail = await self._call_log.tail(self._account_id, self._session_id, told.arrival)
            if not latest or (latest.arrival, latest.call) != (tail.arrival, tail.call):
                latest = tail
            news = news_of(tail, told)
            for follower in followers:
                # Some may have left, or been cut, while this was read.
                if self.followers.get(follower) is told:
                    self.followers[follower] = latest
                    if news.events:
                        follower.tell(news)
        if latest:
            self.due_us = latest.until_us
        return bool(latest and latest.more)

    def cut(self) -> None:
        followers, self.followers = self.followers, {}
        for follower in followers:
            follower.cut()
