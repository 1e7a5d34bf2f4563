"""What was not heard: calls joined in the middle, and calls that were gone when it came back."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ringlog.model import CallRow, CallType, EndedBy, Kind
from ringlog.wire.asterisk import applications, legs
from ringlog.wire.asterisk.wording import person

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Call, Channel
    from ringlog.wire.asterisk.messages import Message
    from ringlog.wire.asterisk.pbx import Pbx

GAP = "gap"
ANNOUNCER = "CBAnn/"


class Reason(StrEnum):
    """Why a log is incomplete, in its own words."""

    JOINED = "joined in mid-call"
    RESTARTED = "the engine was restarted"
    STOPPED = "the engine stopped"
    CONNECTION_LOST = "the connection to the engine was lost"
    NOT_LISTENING = "nobody was listening"

    @property
    def by(self) -> EndedBy:
        """Who ended the calls that were gone."""
        return EndedBy.ENGINE if self in {Reason.RESTARTED, Reason.STOPPED} else EndedBy.UNKNOWN


def joined(pbx: "Pbx", message: "Message", at_us: int, start_us: int | None = None) -> "Channel | None":
    """A channel nobody introduced: its call, if that is not known either, is joined in the middle.

    `start_us` is when it began, where the engine was asked; else the event at hand is its beginning.
    """
    uid = message.get("Uniqueid")
    if not uid or uid in pbx.ended or message.get("Channel").startswith(ANNOUNCER):
        return None
    linkedid = message.get("Linkedid") or uid
    # The caller's is the channel that gave the call its id; whoever else is there was called, or came along.
    src = person(message.get("CallerIDNum")) if uid == linkedid else None
    call = pbx.calls.get(linkedid)
    if call is None:
        call = incomplete(pbx, src, linkedid, at_us, start_us or at_us)
    elif src is not None and call.joined:
        call.tell(CallRow(call.session_id, src=src))
    channel = pbx.add_channel(message, uid, call, start_us or at_us)
    channel.joined = True
    if src is not None:
        call.first = channel
        applications.name(call, at_us)
    else:
        legs.join(channel, at_us)
    return channel


def incomplete(pbx: "Pbx", src: str | None, linkedid: str, at_us: int, start_us: int) -> "Call":
    """A call that runs already; the rest of it is told."""
    call = pbx.add_call(linkedid, start_us, CallType.INBOUND)
    start_s = call.log.told_us(start_us) // 1_000_000
    call.tell(CallRow(call.session_id, src=src, type=CallType.INBOUND, start_s=start_s))
    call.say(Kind.ERROR, f"Log incomplete: {Reason.JOINED}", GAP, "joined", at_us)
    call.joined = True
    return call


def gone(pbx: "Pbx", call: "Call", now_us: int, reason: Reason) -> None:
    """A call that ended while nobody listened."""
    applications.settle(call)
    for channel in list(call.channels.values()):
        channel.forget()
        pbx.drop_channel(channel)
    for place in call.leaving:
        call.log.settle(place)
    call.log.decide()
    lost(pbx, call.session_id, call.last_us, now_us, reason=reason, call=call)
    pbx.drop_call(call)


def lost(
    pbx: "Pbx", session_id: str, last_us: int, now_us: int, *, reason: Reason, call: "Call | None" = None
) -> None:
    """Says that a call's end was not heard; its end is the last that was."""
    if call is None:
        # Of two sources that speak at one time either may stand first, and this one has to stand behind.
        last_us += 1
        call = pbx.stranger(session_id, last_us)
    from_s, to_s = (call.log.told_us(us) // 1_000_000 for us in (last_us, now_us))
    data: dict[str, Any] = {"from": from_s, "to": to_s, "reason": reason}
    call.say(Kind.ERROR, f"Log incomplete: {reason}", GAP, "lost", last_us, **data)
    call.say(Kind.EVENT, "Disconnecting call", "exit", "hangup", last_us, by=reason.by)
    call.tell(CallRow(session_id, end_s=from_s))
