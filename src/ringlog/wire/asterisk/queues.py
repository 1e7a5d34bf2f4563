"""Queues: the place in it, each agent tried and for how long, and how the waiting ended."""

from typing import TYPE_CHECKING

from ringlog.model import Kind
from ringlog.wire.asterisk.doubts import DOUBT_US, Doubt
from ringlog.wire.asterisk.inputs import Taking, line_of
from ringlog.wire.asterisk.legs import Dial, Leg
from ringlog.wire.asterisk.wording import limit, seconds, waiting

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Channel, Spot
    from ringlog.wire.asterisk.messages import Message
    from ringlog.wire.asterisk.pbx import Pbx

UNANSWERED = {
    "TIMEOUT": "Queue {0} timed out: nobody answered",
    "FULL": "Queue {0} is full",
    "JOINEMPTY": "Queue {0} is empty: nobody works there",
    "LEAVEEMPTY": "Queue {0} was left: nobody works there any more",
    "JOINUNAVAIL": "Queue {0} has nobody available",
    "LEAVEUNAVAIL": "Queue {0} was left: nobody is available any more",
}
REFUSED = frozenset({"FULL", "JOINEMPTY", "JOINUNAVAIL"})
"""What QUEUESTATUS is when nobody was let in."""


class Queue(Dial):
    """Queue(name,options,url,announcement,timeout)."""

    taking = Taking.RUNS
    decides = True

    def begin(self) -> None:
        self.legs = []
        self.failed = []
        self.destinations = []
        self.answered = self.decided = False
        self.members: dict[str, str] = {}
        self.name_ = self.arguments[0]
        if self.sure:
            self.tell(self.at_us)

    waits: "Doubt | None" = None

    def tell(self, at_us: int) -> None:
        """That he waits: unless the queue does not take him, which it says at once."""
        self.sure = True
        self.noticed(at_us)
        timeout = f", up to {limit(self.arguments[4])}" if waiting(self.arguments[4]) else ""
        line = line_of(self.channel, Kind.EVENT, f"Waiting in queue {self.name_}{timeout}", at_us, step=self)
        log = self.channel.call.log
        self.waits = waits = Doubt(log, log.hold(line), line)
        self.after(DOUBT_US, lambda _: waits.settle())

    def let_in(self) -> None:
        if self.waits:
            self.waits.settle()

    def name(self, dialled: str, channel_name: str) -> str:
        return dialled if "/" in dialled else super().name(dialled, channel_name)

    def dialled(self, leg: Leg) -> None:
        super().dialled(leg)
        self.let_in()
        leg.say(f"Calling {leg.member or leg.name}", "dialling", leg.begun_us, member=leg.member)

    def ended(self, leg: Leg, status: str, _cause: int | None, at_us: int, /) -> None:
        if status == "ANSWER":
            return  # AgentConnect says it: a member may answer and not take the call
        if not leg.told and not leg.answered:
            self.missed(leg, "Cancelled after" if status == "CANCEL" else "", at_us)

    def missed(self, leg: Leg, text: str, at_us: int) -> None:
        """An agent was tried in vain."""
        leg.told = True
        after = seconds(at_us - leg.begun_us)
        leg.say(
            f"{text} {after}" if text else f"{leg.member or leg.name} did not answer within {after}",
            "ended",
            at_us,
            member=leg.member,
        )

    def variable(self, name: str, value: str, at_us: int) -> None:
        if name == "QUEUESTATUS" and value:
            self.decided = True
            if value in REFUSED and self.waits:
                self.waits.replace()
            self.let_in()
            if value in UNANSWERED:
                text = UNANSWERED[value].format(self.name_)
                self.say(Kind.ERROR, text, at_us, status=value)

    def moved(self, spot: "Spot", at_us: int) -> None:  # noqa: ARG002 - a Step's
        """A key leaves the queue: the dialplan goes on elsewhere."""
        self.left = spot

    left: "Spot | None" = None

    def finish(self, at_us: int, _spot: "Spot | None", /) -> None:
        self.let_in()
        self.channel.keys.settle(self.channel, at_us)
        if self.decided or self.answered or not self.sure:
            return
        self.decided = True
        after = seconds(at_us - self.at_us)
        if self.channel.asked_to_hang_up:
            self.say(Kind.EVENT, f"Left queue {self.name_}: hung up after {after}", at_us)
        elif self.left or _spot:
            self.say(Kind.EVENT, f"Left queue {self.name_} by key after {after}", at_us)


def join(_pbx: "Pbx", message: "Message", channel: "Channel", at_us: int) -> None:
    """QueueCallerJoin."""
    if isinstance(channel.step, Queue):
        if not channel.step.sure:
            channel.step.tell(at_us)
        channel.step.let_in()
        position, name = message.get("Position"), message.get("Queue")
        channel.step.say(Kind.EVENT, f"Number {position} in queue {name}", at_us, position=position)


def called(_pbx: "Pbx", message: "Message", channel: "Channel", _at_us: int) -> None:
    """AgentCalled: DialBegin follows, and does not know the agent's name."""
    if isinstance(channel.step, Queue):
        channel.step.members[message.get("DestUniqueid")] = message.get("MemberName")


def connect(pbx: "Pbx", message: "Message", channel: "Channel", at_us: int) -> None:
    """AgentConnect."""
    dialled = pbx.channel(message, "Dest")
    if isinstance(channel.step, Queue):
        channel.step.answered = True
        if dialled and dialled.leg:
            dialled.leg.answer(at_us)


def no_answer(pbx: "Pbx", message: "Message", channel: "Channel", at_us: int) -> None:
    """AgentRingNoAnswer."""
    dialled = pbx.channel(message, "Dest")
    if isinstance(channel.step, Queue) and dialled and dialled.leg and not dialled.leg.told:
        channel.step.missed(dialled.leg, "", at_us)
