"""What the events of one Asterisk mean: messages in, call rows and entries out."""

from collections.abc import Iterable, Mapping, Sequence

from ringlog.model import CallRow, Entry
from ringlog.wire.asterisk import gaps
from ringlog.wire.asterisk.events import handle
from ringlog.wire.asterisk.gaps import Reason
from ringlog.wire.asterisk.messages import Message
from ringlog.wire.asterisk.pbx import Pbx
from ringlog.wire.asterisk.wording import number, time_us

APP_VARIABLES = ("CALL_APP", "CALL_APP_VERSION")
"""Where a dialplan says which application it is, and which version of it."""
PRIVATE = ("PIN", "CVV", "CVC", "PASSWORD", "SSN")


class Translator:
    """Everything said over the connections to one engine, one message after the other.

    Every method returns what is to be sent, in order. All times are microseconds in the engine's own time.

    A collector calls `connected` for each banner, `feed` for each message, `tick` while the stream is silent
    (at `due_us`, or regularly), `lost` when the connection breaks, and after each log-in `channels` with the
    engine's answer to `CoreShowChannels`.
    """

    def __init__(
        self,
        *,
        private: Iterable[str] = PRIVATE,
        session_prefix: str = "",
        app_variable: str = APP_VARIABLES[0],
        version_variable: str = APP_VARIABLES[1],
    ) -> None:
        self._pbx = Pbx(private, session_prefix, (app_variable, version_variable))
        self._uptime_s: int | None = None
        self._stopped = False
        self._unsure: dict[str, int] = {}
        """Calls nobody has seen since the last banner, by session id: when they were last heard of."""

    def feed(self, message: Message) -> list[Entry | CallRow]:
        """What one message of the stream adds. Never raises, whatever the message holds."""
        pbx = self._pbx
        if message.name == "FullyBooted":
            self._uptime_s = number(message.get("Uptime"))
        if message.name == "Shutdown":
            self._stopped = True
        if told_us := time_us(message.get("Timestamp")):
            pbx.reach(told_us)
            self._judge_restart()
        handle(pbx, message)
        return self._said()

    def tick(self, now_us: int) -> list[Entry | CallRow]:
        """Time goes on although the engine says nothing."""
        self._pbx.advance(self._pbx.clock.going_us(now_us))
        return self._said()

    def due_us(self) -> int | None:
        """When `tick` would next have something to do; None: nothing waits."""
        due_us = self._pbx.due_us()
        return None if due_us is None else self._pbx.clock.told_us(due_us)

    def connected(self, now_us: int | None = None) -> list[Entry | CallRow]:
        """A banner: a new connection. What is in progress is unsure until the engine is asked.

        The engine's uptime (`FullyBooted`) shows by itself whether it began anew; then nothing is left.
        """
        if now_us is not None:
            self._pbx.advance(self._pbx.clock.going_us(now_us))
        self._unsure |= {call.session_id: call.last_us for call in self._pbx.calls.values()}
        if self._stopped:
            self._gone(Reason.STOPPED)
        self._stopped = False
        self._uptime_s = None
        return self._said()

    def lost(self, reason: str, now_us: int) -> list[Entry | CallRow]:
        """The connection broke. Calls go on; what the next connection finds decides about them."""
        del reason
        return self.tick(now_us)

    def channels(self, channels: Sequence[Message], now_us: int) -> list[Entry | CallRow]:
        """The engine's answer to CoreShowChannels: calls it does not name are gone, others go on.

        A call nobody knew is joined in the middle; it began `Duration` before now.
        """
        pbx = self._pbx
        pbx.reach(now_us)
        now_us = pbx.now_us
        # A manager without the class `security` may hear no timed event between the banner and this answer.
        self._judge_restart()
        there = {message.get("Uniqueid") for message in channels}
        unsure, self._unsure = self._unsure, {}
        for call in list(pbx.calls.values()):
            if unsure.pop(call.session_id, None) is not None and not call.channels.keys() & there:
                gaps.gone(pbx, call, now_us, Reason.CONNECTION_LOST)
        named = {pbx.session_id(message.get("Linkedid")) for message in channels if message.get("Linkedid")}
        for session_id, last_us in unsure.items():
            if session_id not in named:
                gaps.lost(pbx, session_id, last_us, now_us, reason=Reason.NOT_LISTENING)
        for message in channels:
            if pbx.channel(message) is None:
                gaps.joined(pbx, message, now_us, now_us - _duration_us(message.get("Duration")))
        return self._said()

    def in_progress(self) -> frozenset[str]:
        """The session ids of calls that have not ended."""
        return self._in_progress() | self._unsure.keys()

    def resume(self, calls: Mapping[str, int]) -> None:
        """Calls that an earlier run left in progress, and the time it last heard of each (microseconds).

        Those that the engine does not know any more get their end with the next `channels`.
        """
        self._unsure |= calls

    def _in_progress(self) -> frozenset[str]:
        return frozenset(call.session_id for call in self._pbx.calls.values())

    def _judge_restart(self) -> None:
        """An engine that began after one of the calls did has begun anew, and lost them all."""
        if self._uptime_s is None:
            return
        begun_us = self._pbx.now_us - (self._uptime_s + 1) * 1_000_000
        self._uptime_s = None
        started = {call.session_id: call.start_us for call in self._pbx.calls.values()}
        if any(started.get(session_id, last_us) <= begun_us for session_id, last_us in self._unsure.items()):
            self._gone(Reason.RESTARTED)

    def _gone(self, reason: Reason) -> None:
        pbx, now_us = self._pbx, self._pbx.now_us
        unsure, self._unsure = self._unsure, {}
        for call in list(pbx.calls.values()):
            if unsure.pop(call.session_id, None) is not None:
                gaps.gone(pbx, call, now_us, reason)
        for session_id, last_us in unsure.items():
            gaps.lost(pbx, session_id, last_us, now_us, reason=reason)

    def _said(self) -> list[Entry | CallRow]:
        said = self._pbx.said[:]
        self._pbx.said.clear()
        if self._unsure:
            for item in said:
                if isinstance(item, CallRow) and item.end_s is not None:
                    # It ended before the engine answered, and is not to end again.
                    self._unsure.pop(item.session_id, None)
        return said


def _duration_us(text: str) -> int:
    """`HH:MM:SS`, as CoreShowChannel gives it."""
    total = 0
    for part in text.split(":")[:3]:
        total = total * 60 + (number(part) or 0)
    return total * 1_000_000
