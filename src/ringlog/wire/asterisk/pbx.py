"""What is known of one PBX: its calls, its channels, the time of its events, and what waits for a time."""

import heapq
from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import count

from ringlog.model import CONTROL, CallRow, CallType, Entry, is_session_id
from ringlog.wire.asterisk.calls import Application, Call, Channel, Spot
from ringlog.wire.asterisk.clock import Clock
from ringlog.wire.asterisk.inputs import Keys
from ringlog.wire.asterisk.log import Log
from ringlog.wire.asterisk.messages import Message
from ringlog.wire.asterisk.secrets import Secrets
from ringlog.wire.asterisk.wording import number, person, plain, time_us

MAX_SESSION_ID = 255
ENDED_CHANNELS = 10_000
"""Ended channels remembered, so that what comes late of them begins no new call."""
UP = "6"
DOWN = "0"


class Timer:
    """Something to do at a time, unless it is cancelled before."""

    __slots__ = ("act",)

    def __init__(self, act: Callable[[int], None]) -> None:
        self.act: Callable[[int], None] | None = act

    def cancel(self) -> None:
        self.act = None


class Pbx:
    """State of one engine, as its events tell it."""

    def __init__(self, private: Iterable[str], session_prefix: str, variables: tuple[str, str]) -> None:
        self.private = frozenset(private)
        self.session_prefix = session_prefix
        self.variables = variables
        self.now_us = 0
        """The latest time of any event, or the tick that carried it on; never set back."""
        self.clock = Clock()
        self.calls: dict[str, Call] = {}
        self.channels: dict[str, Channel] = {}
        self.ended: OrderedDict[str, None] = OrderedDict()
        self.said: list[Entry | CallRow] = []
        self._names: dict[str, Channel] = {}
        self._timers: list[tuple[int, int, Timer]] = []
        self._order = count()

    # -- time ----------------------------------------------------------------------------------------

    def after(self, wait_us: int, act: Callable[[int], None]) -> Timer:
        """Acts that long after the event at hand, with that time as its argument."""
        timer = Timer(act)
        heapq.heappush(self._timers, (self.now_us + wait_us, next(self._order), timer))
        return timer

    def advance(self, to_us: int) -> None:
        """Lets time pass: all that was due by then is done, each at its own time."""
        while self._timers and self._timers[0][0] <= to_us:
            due_us, _, timer = heapq.heappop(self._timers)
            self.now_us = max(self.now_us, due_us)
            if timer.act:
                timer.act(due_us)
        self.now_us = max(self.now_us, to_us)

    def reach(self, told_us: int) -> None:
        """Lets time pass until the engine's clock says so."""
        self.clock.hear(told_us, self.now_us)
        self.advance(self.clock.going_us(told_us))

    def due_us(self) -> int | None:
        while self._timers and not self._timers[0][2].act:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def at(self, message: Message) -> int:
        """When a message happened; one without a time happened with the one before it."""
        told_us = time_us(message.get("Timestamp"))
        return self.now_us if told_us is None else self.clock.going_us(told_us)

    # -- channels ------------------------------------------------------------------------------------

    def channel(self, message: Message, prefix: str = "") -> Channel | None:
        """The channel an event speaks of, under a prefix such as `Dest`; None if it is not known."""
        uid = message.get(prefix + "Uniqueid")
        return self.channels.get(uid) if uid else self._names.get(message.get(prefix + "Channel"))

    def named(self, name: str) -> Channel | None:
        return self._names.get(name)

    def application(self, message: Message) -> Application | None:
        return application(message, self.variables)

    def in_bridge(self, channel: Channel) -> list[Channel]:
        """The other channels of its call in the same bridge."""
        if not channel.bridge:
            return []
        others = channel.call.channels.values()
        return [other for other in others if other is not channel and other.bridge == channel.bridge]

    def add_channel(self, message: Message, uid: str, call: Call, at_us: int) -> Channel:
        channel = Channel(
            uid=uid,
            name=message.get("Channel"),
            call=call,
            keys=Keys(self.after),
            born_us=at_us,
            number=person(message.get("CallerIDNum")),
            up=message.get("ChannelState") == UP,
            spot=spot(message),
            application=application(message, self.variables) or Application("", ""),
        )
        self.channels[uid] = call.channels[uid] = channel
        if channel.name:
            self._names[channel.name] = channel
        return channel

    def drop_channel(self, channel: Channel) -> None:
        self.channels.pop(channel.uid, None)
        channel.call.channels.pop(channel.uid, None)
        if self._names.get(channel.name) is channel:
            del self._names[channel.name]
        self.ended[channel.uid] = None
        while len(self.ended) > ENDED_CHANNELS:
            self.ended.popitem(last=False)

    # -- calls ---------------------------------------------------------------------------------------

    def add_call(self, linkedid: str, start_us: int, type_: CallType) -> Call:
        secrets = Secrets(self.private)
        session_id = self.session_id(linkedid)
        log = Log(session_id, secrets, self.said.append, self.clock.told_us)
        call = Call(session_id, linkedid, start_us, type_, None, log, secrets, self.said.append)
        call.last_us = max(start_us, self.now_us)
        self.calls[linkedid] = call
        return call

    def stranger(self, session_id: str, start_us: int) -> Call:
        """A call of an earlier run, of which nothing but its id is known."""
        secrets = Secrets(self.private)
        log = Log(session_id, secrets, self.said.append)
        return Call(session_id, "", start_us, CallType.INBOUND, None, log, secrets, self.said.append)

    def drop_call(self, call: Call) -> None:
        call.log.end()
        if self.calls.get(call.linkedid) is call:
            del self.calls[call.linkedid]

    def session_id(self, linkedid: str) -> str:
        """Two Linkedids are two calls, also where they differ only in what no session id may hold."""
        text = CONTROL.sub("\ufffd", self.session_prefix + linkedid)[:MAX_SESSION_ID]
        return text if is_session_id(text) else text + "?"

    def row(self, row: CallRow) -> None:
        self.said.append(row)


def spot(message: Message) -> Spot:
    return Spot(message.get("Context"), message.get("Exten"), message.get("Priority"))


def application(message: Message, variables: tuple[str, str]) -> Application | None:
    """What the channel variables on an event name; None if it carries none."""
    pairs = [text.partition("=") for text in message.all("ChanVariable")]
    values = {name: value for name, equals, value in pairs if equals}
    if not values.keys() & set(variables):
        return None
    return Application(*(plain(values.get(name, "")) for name in variables))


def cause(message: Message) -> int | None:
    return number(message.get("Cause"))
