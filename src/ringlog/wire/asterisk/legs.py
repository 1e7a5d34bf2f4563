"""Dialled legs: who was called, what became of it, how long they talked."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ringlog.model import MICROSECONDS, Kind
from ringlog.wire.asterisk import applications
from ringlog.wire.asterisk.doubts import doubt
from ringlog.wire.asterisk.inputs import line_of
from ringlog.wire.asterisk.log import Line
from ringlog.wire.asterisk.steps import Step
from ringlog.wire.asterisk.wording import limit, seconds, waiting

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Channel, Spot

ANSWERED_ELSEWHERE = 26
CAUSES = {
    1: "is not assigned",
    3: "is unreachable",
    17: "is busy",
    18: "did not respond",
    19: "did not answer",
    20: "is unreachable",
    21: "refused the call",
    22: "has changed its number",
    27: "is out of order",
    28: "is no valid number",
    34: "could not be reached: no circuit",
    38: "could not be reached: network out of order",
    42: "could not be reached: congestion",
}
STATUSES = {
    "BUSY": "is busy",
    "CONGESTION": "could not be reached: congestion",
    "CHANUNAVAIL": "is unreachable",
    "DONTCALL": "refused the call",
    "TORTURE": "refused the call",
    "INVALIDARGS": "is no valid destination",
}
UNANSWERED = frozenset({"CHANUNAVAIL", "CONGESTION", "BUSY", "NOANSWER"})
"""What DIALSTATUS is when all that were dialled failed."""


@dataclass(eq=False)
class Leg:
    """One channel that was dialled."""

    name: str
    """As dialled: `PJSIP/agent`."""
    dial: "Step"
    begun_us: int
    member: str = ""
    """The name of a queue's agent."""
    ringing: bool = False
    answered: bool = False
    told: bool = False
    """Its end is in the log already."""
    bridged_us: int | None = None
    talked_us: int = 0
    quiet: bool = False
    """A Local channel: the legs dialled behind it are what people notice."""

    def say(self, text: str, state: str, at_us: int, *, kind: Kind = Kind.EVENT, **data: Any) -> None:
        line = self.line(text, state, at_us)
        line.kind = Kind.DEBUG if self.quiet else kind
        line.data |= data
        self.dial.channel.call.log.say(line)

    def line(self, text: str, state: str, at_us: int) -> Line:
        step = self.dial
        return Line(Kind.EVENT, text, step.module, step.result, at_us, {"leg": self.name, "state": state})

    def ring(self, at_us: int) -> None:
        if not self.ringing and not self.answered:
            self.ringing = True
            self.say("Ringing", "ringing", at_us)

    def early(self, at_us: int) -> None:
        """Its sound is heard before it answers."""
        if not self.answered:
            self.say("Early media", "ringing" if self.ringing else "dialling", at_us)

    def answer(self, at_us: int) -> None:
        if not self.answered:
            self.answered = True
            self.say(f"Answered after {seconds(at_us - self.begun_us)}", "answered", at_us)

    def enter(self, at_us: int) -> None:
        self.bridged_us = at_us

    def leave(self, at_us: int) -> None:
        if self.bridged_us is not None:
            self.talked_us += at_us - self.bridged_us
            self.bridged_us = None


class Dial(Step):
    """Dial(destinations,timeout,options): one leg or several."""

    def begin(self) -> None:
        self.legs: list[Leg] = []
        self.failed: list[tuple[Leg, str, float]] = []
        self.answered = False
        self.decided = False
        self.members: dict[str, str] = {}
        self.destinations = [name for name in self.arguments[0].split("&") if name]
        if self.sure:
            self.tell(self.at_us)

    def tell(self, at_us: int) -> None:
        self.sure = True
        self.noticed(at_us)
        timeout = f", up to {limit(self.arguments[1])}" if waiting(self.arguments[1]) else ""
        leg = {"leg": self.destinations[0]} if len(self.destinations) == 1 else {}
        data: dict[str, Any] = {**leg, "state": "dialling"} if self.destinations else {}
        text = f"Dialling {', '.join(self.destinations) or 'nobody'}{timeout}"
        self.channel.call.say(Kind.EVENT, text, self.module, self.result, at_us, **data)

    def dialled(self, leg: Leg) -> None:
        """A DialBegin."""
        if not self.sure:
            self.tell(leg.begun_us)
        self.legs.append(leg)

    def name(self, dialled: str, channel_name: str) -> str:
        """A leg as the dialplan names it."""
        technology = channel_name.partition("/")[0]
        whole = f"{technology}/{dialled}"
        return dialled if dialled in self.destinations or whole == dialled else whole

    def ended(self, leg: Leg, status: str, cause: int | None, at_us: int, /) -> None:
        """A DialEnd."""
        if status == "ANSWER":
            self.answered = True
            leg.answer(at_us)
            self._tell_failed(at_us)
        elif not leg.told and not leg.answered:
            self._failed(leg, status, cause, at_us)

    def _failed(self, leg: Leg, status: str, cause: int | None, at_us: int) -> None:
        leg.told = True
        after = seconds(at_us - leg.begun_us)
        cancelled = status == "CANCEL" and not self.channel.asked_to_hang_up
        if cause == ANSWERED_ELSEWHERE or cancelled:
            leg.say(f"Cancelled after {after}: answered elsewhere", "ended", at_us)
        elif status in {"CANCEL", "ABORT"}:
            leg.say(f"Cancelled after {after}", "ended", at_us)
        else:
            seconds_tried = round((at_us - leg.begun_us) / MICROSECONDS, 1)
            self.failed.append((leg, f"{leg.name} {outcome(status, cause, after)}", seconds_tried))
            if self.answered:
                self._tell_failed(at_us)

    def variable(self, name: str, value: str, at_us: int) -> None:
        if name == "DIALSTATUS" and value and not self.decided and self.sure:
            self.decided = True
            self.answered |= value == "ANSWER"
            if value in UNANSWERED and not self.answered and len(self.destinations) > 1:
                text = f"Nobody answered within {seconds(at_us - self.at_us)}"
                self.say(Kind.ERROR, text, at_us, status=value)
            self._tell_failed(at_us)
            if value in UNANSWERED | {"ANSWER"}:
                self._tell_unreachable(at_us)

    def moved(self, spot: "Spot", at_us: int) -> None:
        """The caller is sent elsewhere: by a transfer, which says so at once, the manager, or Dial itself."""
        talking = bool(self.channel.bridge)
        text = f"Redirected to {spot} by the operator" if talking else f"Sent to {spot}"
        doubt(self.channel, line_of(self.channel, Kind.EVENT, text, at_us, step=self))

    def finish(self, at_us: int, _spot: "Spot | None", /) -> None:
        self._tell_failed(at_us)

    def _tell_failed(self, at_us: int) -> None:
        """A failed leg is an error only if nobody answered; so it is told when that is known."""
        kind = Kind.EVENT if self.answered else Kind.ERROR
        failed, self.failed = self.failed, []
        for leg, text, seconds_tried in failed:
            leg.say(text, "ended", at_us, kind=kind, after=seconds_tried)

    def _tell_unreachable(self, at_us: int) -> None:
        kind = Kind.EVENT if self.answered else Kind.ERROR
        reached = {leg.name for leg in self.legs}
        for name in self.destinations:
            if name not in reached:
                self.say(kind, f"{name} is unreachable", at_us, leg=name, state="ended")


class Originate(Step):
    """An outbound call: the leg is the call's own channel."""


def outcome(status: str, cause: int | None, after: str) -> str:
    """What happened to a leg that nobody answered: the cause of its HangupRequest says it best."""
    if cause in CAUSES:
        return CAUSES[cause]
    if status == "NOANSWER":
        return f"did not answer within {after}"
    return STATUSES.get(status, f"was not reached: {status or 'unknown'}")


def begin(dialler: "Channel | None", dialled: "Channel", text: str, at_us: int, quiet: bool) -> None:
    """DialBegin: a leg of the step at hand, or of an outbound call that nobody's dialplan dials.

    Not every application that dials is known, and of a call joined in the middle not even which one it is.
    """
    step = dialler.step if dialler else None
    if isinstance(step, Dial):
        member = step.members.get(dialled.uid, "")
        leg = Leg(step.name(text, dialled.name), step, at_us, member, quiet=quiet)
        step.dialled(leg)
    else:
        name = (step.module if step else "channel") if dialler else "originate"
        origin = Originate(dialler or dialled, name, text, at_us, dialled.keys.after)
        technology = dialled.name.partition("/")[0]
        leg = Leg(text if "/" in text else f"{technology}/{text}", origin, at_us)
        if dialler:
            applications.noticed(dialler, at_us)
        leg.say(f"Dialling {leg.name}", "dialling", at_us)
    if dialled is dialled.call.first:
        dialled.originated = leg
        if half := far_half(dialled):
            half.half_of = leg
    else:
        dialled.leg = leg


def join(channel: "Channel", at_us: int) -> None:
    """A channel that was there already: named as a dialled one is. How it came to be there nobody heard."""
    if channel.name.startswith("Local/") and channel.name.endswith(";2"):
        return  # it runs a dialplan, and its steps stand for themselves
    name = channel.name.rpartition("-")[0] or channel.number or channel.name
    step = Step(channel, "channel", "", at_us, channel.keys.after)
    channel.leg = Leg(name, step, at_us, ringing=True, answered=True, told=True)


def far_half(channel: "Channel") -> "Channel | None":
    """The half of a Local channel that runs the dialplan it was called at: `…;2` of `…;1`."""
    if not is_near_half(channel):
        return None
    name = channel.name.removesuffix("1") + "2"
    return next((other for other in channel.call.channels.values() if other.name == name), None)


def is_near_half(channel: "Channel") -> bool:
    return channel.name.startswith("Local/") and channel.name.endswith(";1")


def at_work(channel: "Channel", at_us: int) -> None:
    """Something runs on a dialled channel that is up: it answered, although its Dial says so only later."""
    leg = channel.leg
    if leg and channel.up and not leg.dial.decides:
        leg.answer(channel.up_us or at_us)


def end(dialled: "Channel", status: str, at_us: int) -> None:
    """DialEnd."""
    leg = dialled.leg or dialled.originated
    if leg is None:
        return
    if isinstance(leg.dial, Dial):
        leg.dial.ended(leg, status, dialled.request_cause, at_us)
    elif status == "ANSWER":
        leg.answer(at_us)
    elif not leg.told:
        leg.told = True
        after = seconds(at_us - leg.begun_us)
        text = f"{leg.name} {outcome(status, dialled.request_cause, after)}"
        kind = Kind.ERROR if dialled.originated else Kind.EVENT  # others may have answered
        if status in {"CANCEL", "ABORT"}:
            text, kind = f"Cancelled after {after}", Kind.EVENT
        leg.say(text, "ended", at_us, kind=kind)
