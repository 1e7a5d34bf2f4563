"""How channels and calls end: who hung up, and dialplans that stop."""

from typing import TYPE_CHECKING, Any

from ringlog.model import CallRow, CallType, EndedBy, Kind
from ringlog.wire.asterisk import applications, doubts
from ringlog.wire.asterisk.log import Line
from ringlog.wire.asterisk.pbx import cause, spot
from ringlog.wire.asterisk.wording import seconds

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Call, Channel
    from ringlog.wire.asterisk.legs import Leg
    from ringlog.wire.asterisk.messages import Message
    from ringlog.wire.asterisk.pbx import Pbx

ALONE_US = 500_000
"""A channel that is still there that long after the caller's Hangup goes on without him."""
ENDING = frozenset({"hangup", "busy", "congestion"})
TALKING = frozenset({"dial", "queue", "confbridge", "bridge", "parkedcall", "park"})
"""Applications that no dialplan ends: without a HangupRequest on either side it was the manager."""
ENGINE_STOPS = 4
ENDED_BY_ARI = 32
EXIT, HANGUP = "exit", "hangup"


def hangup(pbx: "Pbx", channel: "Channel", message: "Message", at_us: int) -> None:
    """A Hangup event: the channel is gone, and with the last one its call."""
    call = channel.call
    finish_step(channel, at_us)
    doubts.settle(channel)
    by = ended_by(channel)
    data: dict[str, Any] = {"cause": cause(message) or 0, "cause_text": message.get("Cause-txt"), "by": by}
    if channel.leg:
        _leg_gone(channel, data, at_us)
    elif stopped := dialplan_stopped(channel, message):
        applications.noticed(channel, at_us)
        module, place = channel.last or ("", channel.spot)
        call.say(Kind.ERROR, stopped, module.lower(), str(place), at_us)
    if channel.half_of and channel.asked_to_hang_up:
        _half_cut(channel, channel.half_of, data, at_us)
    pbx.drop_channel(channel)
    call.last_us = max(call.last_us, at_us)
    if not call.channels:
        close(pbx, call, data, at_us)
    elif channel is call.first:
        call.parting = data
        _leave(pbx, call, data, at_us)


def finish_step(channel: "Channel", at_us: int) -> None:
    """The application at work is over, and nothing follows it."""
    if channel.step:
        channel.step.finish(at_us, None)
    channel.keys.close(channel, at_us)


def ended_by(channel: "Channel") -> EndedBy:
    """Who ended this channel, as far as its own events tell: the first of these that is so."""
    application = channel.last[0].lower() if channel.last else ""
    reasons = (
        (channel.soft & ENGINE_STOPS, EndedBy.ENGINE),
        (application in ENDING or channel.soft & ENDED_BY_ARI or channel.let_go, EndedBy.APPLICATION),
        (channel.asked_to_hang_up, _by_caller(channel)),
        (channel.peer_left_first, EndedBy.FAR_END),
        (channel.transferred_by, _by_transfer(channel)),
        (channel.cut or channel.bridge or application in TALKING, EndedBy.OPERATOR),
        (application, EndedBy.APPLICATION),
    )
    return next((by for so, by in reasons if so), EndedBy.UNKNOWN)


def _by_caller(channel: "Channel") -> EndedBy:
    if channel.call.type is CallType.OUTBOUND and channel is channel.call.first:
        return EndedBy.FAR_END  # the one who was called
    return EndedBy.CALLER if channel.up else EndedBy.CANCELLED


def _by_transfer(channel: "Channel") -> EndedBy:
    by = channel.transferred_by or EndedBy.UNKNOWN
    if channel.leg and by is not EndedBy.OPERATOR:
        return EndedBy.FAR_END
    return by


def dialplan_stopped(channel: "Channel", message: "Message") -> str | None:
    """The error that a dialplan ended without saying so; it could not go on where it stood."""
    if not channel.last or channel.asked_to_hang_up or channel.peer_left_first or cause(message):
        return None
    application, last = channel.last
    if channel.soft & (ENGINE_STOPS | ENDED_BY_ARI) or channel.cut:
        return None
    if application.lower() in ENDING | TALKING:
        return None
    here = spot(message)
    if here == last:
        return None
    if here.exten != "h" and here != last.next and channel.jumping:
        return f"Dialplan stopped: no such place {here}"
    return f"Dialplan stopped after {application} at {last}"


def close(pbx: "Pbx", call: "Call", data: dict[str, Any], at_us: int) -> None:
    """The last channel is gone: the call is over."""
    applications.settle(call)
    for place in call.leaving:
        call.log.settle(place)
    call.log.decide()
    told: dict[str, Any] = data if call.caller_left or not call.parting else call.parting
    if call.caller_left and call.first and call.first.transferred_by:
        told = {**told, "by": EndedBy.TRANSFER}
    call.say(Kind.EVENT, "Disconnecting call", EXIT, HANGUP, at_us, **told)
    call.tell(CallRow(call.session_id, end_s=call.log.told_us(at_us) // 1_000_000))
    pbx.drop_call(call)


def _leave(pbx: "Pbx", call: "Call", data: dict[str, Any], at_us: int) -> None:
    applications.settle(call)
    place = call.log.hold()
    call.leaving.append(place)

    def decide(_due_us: int) -> None:
        if place.open:
            call.caller_left = True
            line = Line(Kind.EVENT, "Caller left", EXIT, HANGUP, at_us, data)
            call.log.settle(place, line)

    pbx.after(ALONE_US, decide)


def _leg_gone(channel: "Channel", data: dict[str, Any], at_us: int) -> None:
    leg = channel.leg
    if leg is None:
        return
    leg.leave(at_us)
    if leg.answered and not leg.told:
        leg.told = True
        data = {**data, "by": _leg_ended_by(channel, leg, data["by"])}
        leg.say(f"Hung up after {seconds(leg.talked_us)} of talk", "ended", at_us, **data)


def _half_cut(channel: "Channel", leg: "Leg", data: dict[str, Any], at_us: int) -> None:
    """Nobody but its other half asks one half of a Local channel to hang up (Asterisk's `core_unreal.c`).

    Two halves that talk may only have been taken out of the way: then others talk on.
    """
    application = channel.last[0] if channel.last else ""
    if application and application.lower() not in ENDING | TALKING:
        told = {name: data[name] for name in ("cause", "cause_text")}
        leg.say(f"{application} cut short: the caller's side had ended", "ended", at_us, **told)


def _leg_ended_by(channel: "Channel", leg: "Leg", by: EndedBy) -> EndedBy:
    """The same, seen from the leg: who is called `caller` on his own channel is the far end here."""
    if by is EndedBy.CALLER:
        return EndedBy.FAR_END
    if by is EndedBy.ENGINE or (channel.last and by is not EndedBy.UNKNOWN):
        return by
    caller = leg.dial.channel
    if caller.asked_to_hang_up:
        return EndedBy.CALLER
    if by is EndedBy.FAR_END and channel.transferred_by:
        return by
    return EndedBy.UNKNOWN if caller.transferred_by else EndedBy.OPERATOR
