"""Calls that change hands: transfers, parking, hold, channels that move to another call."""

from typing import TYPE_CHECKING

from ringlog.model import CallRow, CallType, EndedBy, Kind
from ringlog.wire.asterisk import applications, doubts
from ringlog.wire.asterisk.doubts import Doubt, doubt
from ringlog.wire.asterisk.legs import Leg
from ringlog.wire.asterisk.log import Line
from ringlog.wire.asterisk.steps import Step
from ringlog.wire.asterisk.wording import person

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Channel, Spot
    from ringlog.wire.asterisk.messages import Message
    from ringlog.wire.asterisk.pbx import Pbx

KEYS_US = 10_000_000
"""Keys pressed this long before an attended transfer asked for it."""
HOLD_US = 300_000
"""So soon after a key nobody reaches for the hold button: the key was a feature's."""


class Park(Step):
    """Park: the caller waits in a slot."""

    slot = ""

    def begin(self) -> None:
        self.noticed(self.at_us)

    def moved(self, spot: "Spot", at_us: int) -> None:
        """Parking timed out: the dialplan goes on elsewhere."""
        self.say(Kind.EVENT, f"Nobody fetched the call from slot {self.slot}", at_us, to=str(spot))


class Fetch(Step):
    """ParkedCall: the caller takes the one who waits in a slot."""

    fetched = False

    def begin(self) -> None:
        self.slot = self.arguments[1]
        if self.sure:
            self.noticed(self.at_us)
            self.say(Kind.EVENT, f"Fetching the call in slot {self.slot}", self.at_us)

    def finish(self, at_us: int, _spot: "Spot | None", /) -> None:
        if not self.fetched and self.sure:
            self.channel.let_go = True
            self.say(Kind.ERROR, f"Nobody in slot {self.slot}", at_us)


def parked(pbx: "Pbx", message: "Message", at_us: int) -> None:
    """ParkedCall."""
    if parkee := pbx.channel(message, "Parkee"):
        slot = message.get("ParkingSpace")
        if isinstance(parkee.step, Park):
            parkee.step.slot = slot
        _say(parkee, f"Parked in slot {slot}", "park", at_us)


def fetched(pbx: "Pbx", message: "Message", at_us: int) -> None:
    """UnParkedCall."""
    slot = message.get("ParkingSpace")
    retriever = pbx.channel(message, "Retriever")
    if retriever and isinstance(retriever.step, Fetch):
        retriever.step.fetched = True
    if parkee := pbx.channel(message, "Parkee"):
        by = f" by {person(message.get('RetrieverCallerIDNum')) or 'somebody'}"
        _say(parkee, f"Fetched from slot {slot}{by}", "park", at_us)


def blind(pbx: "Pbx", message: "Message", at_us: int) -> None:
    """BlindTransfer."""
    transferee = pbx.channel(message, "Transferee")
    transferer = pbx.channel(message, "Transferer") or transferee
    if transferer is None:
        return
    by = _by(transferer, transferee, message)
    who = " by the operator" if by is EndedBy.OPERATOR else f" by {_named(transferer)}"
    if transferee and transferee.joined and at_us - transferee.born_us < doubts.DOUBT_US:
        # What would tell who asked for it may have been said before anybody listened.
        by, who = EndedBy.UNKNOWN, ""
    _transferred(transferer, by, message, at_us)
    target = message.get("Extension") or "elsewhere"
    sent = transferee.leg.name if transferee and transferee.leg else ""
    if message.get("Result") != "Success":
        text = f"Transfer to {target}{who} failed: {message.get('Result')}"
        _say(transferer, text, "transfer", at_us, Kind.ERROR)
        return
    text = f"{sent} transferred to {target}{who}" if sent else f"Transferred to {target}{who}"
    if transferee and transferee.doubt and transferee.doubt.open:
        # The caller was seen to go elsewhere already.
        transferee.doubt.replace(_line(transferer, text, "transfer", transferee.doubt.otherwise.at_us))
    else:
        _say(transferer, text, "transfer", at_us)


def attended(pbx: "Pbx", message: "Message", at_us: int) -> None:
    """AttendedTransfer."""
    transferee = pbx.channel(message, "Transferee")
    transferer = pbx.channel(message, "OrigTransferer") or transferee
    if transferer is None:
        return
    keyed = transferer.keys.pressed_since(at_us - KEYS_US)
    by_operator = keyed and transferer.transferring_by == "the operator"
    known = EndedBy.OPERATOR if by_operator else EndedBy.CALLER
    _transferred(transferer, known if keyed else EndedBy.UNKNOWN, message, at_us)
    by = "the operator" if by_operator else _named(transferer)
    if message.get("Result") == "Success":
        done = _line(transferer, f"Attended transfer by {by}: the others are connected", "transfer", at_us)
        if transferee and transferee.leg:
            done.data |= {"leg": transferee.leg.name, "state": "answered"}
        transferer.call.log.say(done)
    else:
        text = f"Attended transfer by {by} failed: {message.get('Result')}"
        _say(transferer, text, "transfer", at_us, Kind.ERROR)


def _by(transferer: "Channel", transferee: "Channel | None", message: "Message") -> EndedBy:
    """Who had it done: he himself (`caller`), by keys or with his phone, or a manager in his place."""
    referred = bool(transferee and transferee.referred)
    if transferee:
        transferee.referred = False
    if message.get("IsExternal") == "No" or referred:
        return EndedBy.CALLER
    # SIP phones leave a variable; what other phones ask for looks like what a manager does.
    sip = transferer.name.startswith(("PJSIP/", "SIP/"))
    return EndedBy.OPERATOR if sip and message.get("IsExternal") == "Yes" else EndedBy.UNKNOWN


def _transferred(transferer: "Channel", by: EndedBy, message: "Message", at_us: int) -> None:
    if message.get("Result") == "Success":
        transferer.transferred_by = by
        if transferer.doubt:
            transferer.doubt.replace()
    transferer.transferring_since_us = None
    transferer.keys.settle(transferer, at_us)


def _named(channel: "Channel") -> str:
    return channel.leg.name if channel.leg else "the caller"


def hold(pbx: "Pbx", message: "Message", channel: "Channel", at_us: int) -> None:
    """Hold and Unhold; an Unhold of somebody who was not on hold means nothing."""
    on = message.name == "Hold"
    if channel.holding == on:
        return
    channel.holding = on
    talks = bool(channel.bridge) or channel.unheard
    keyed = on and talks and channel.keys.pressed_since(at_us - HOLD_US)
    who = _named(channel)
    if keyed:
        # A manager's transfer is asked for by the feature's keys, which the engine sends in his place.
        who = channel.transferring_by = "the operator" if channel.keys.sent else who
        channel.transferring_since_us = at_us
        channel.keys.settle(channel, at_us)
    held = [other.leg for other in pbx.in_bridge(channel) if other.leg]
    leg = channel.leg or (held[0] if held else None)
    text = f"Put on hold by {who}" if on else f"Taken off hold by {who}"
    text += ", to transfer" if keyed else ""
    if on and channel.joined and at_us - channel.born_us < HOLD_US:
        text = "Put on hold"  # a key may have been pressed before anybody listened
    state = "hold" if on else "answered"
    line = leg.line(text, state, at_us) if leg else _line(channel, text, "hold", at_us)
    applications.noticed(channel, at_us)
    if on:
        channel.call.log.say(line)
    elif not channel.asked_to_hang_up:
        log = channel.call.log
        channel.back = Doubt(log, log.hold(line), line)
        channel.keys.after(doubts.DOUBT_US, lambda _, back=channel.back: back.settle())
    if not on:
        _transfer_over(channel, at_us)


def left(channel: "Channel") -> None:
    """A channel leaves its bridge: the engine ended a hold for that (Asterisk's `bridge_channel.c`)."""
    if channel.back:
        channel.back.replace()


def _transfer_over(channel: "Channel", at_us: int) -> None:
    """Back in the call: a transfer that was begun failed, unless its event follows."""
    since_us, channel.transferring_since_us = channel.transferring_since_us, None
    if since_us is None:
        return
    others = channel.call.channels.values()
    if any(other.name.startswith("Local/") and other.born_us >= since_us for other in others):
        doubt(channel, _line(channel, f"Transfer by {channel.transferring_by} given up", "transfer", at_us))
    else:
        text = f"Transfer by {channel.transferring_by} failed: it reached nobody"
        doubt(channel, _line(channel, text, "transfer", at_us, Kind.ERROR))


def seat(channel: "Channel", at_us: int) -> None:
    """A channel that came from another call is a leg of this one: who talks with it is told by its name."""
    call = channel.call
    host = call.first
    if host is None or host is channel or (channel.leg and channel.leg.dial.channel.call is call):
        return
    name = channel.leg.name if channel.leg else channel.number or channel.name
    joined = Step(host, "channel", "", at_us, host.keys.after)
    channel.leg = Leg(name, joined, at_us, ringing=True, answered=True)


def move(pbx: "Pbx", channel: "Channel", linkedid: str, at_us: int) -> None:
    """A channel belongs to another call from now on; the old one ends here if nobody is left in it."""
    old = channel.call
    new = pbx.calls.get(linkedid)
    if new is None:
        new = pbx.add_call(linkedid, at_us, CallType.INBOUND)
        new.tell(CallRow(new.session_id, src=channel.number, start_s=new.log.told_us(at_us) // 1_000_000))
        new.first = channel
    channel.keys.settle(channel, at_us)
    doubts.settle(channel)
    new.secrets.join(old.secrets)
    applications.settle(old)
    old.channels.pop(channel.uid, None)
    new.channels[channel.uid] = channel
    channel.call = new
    if not old.channels:
        for place in old.leaving:
            old.log.settle(place)
        old.log.decide()
        text = f"Joined call {new.session_id}"
        by = EndedBy.JOINING
        old.say(Kind.EVENT, text, "exit", "hangup", at_us, by=by, session_id=new.session_id)
        old.tell(CallRow(old.session_id, end_s=old.log.told_us(at_us) // 1_000_000))
        pbx.drop_call(old)
    seat(channel, at_us)
    joined = _line(channel, f"Joined by {channel.number or channel.name}", "channel", at_us)
    joined.data |= {"state": "answered"} if channel.leg else {}
    joined.data["session_id"] = old.session_id
    new.log.say(joined)


def _say(channel: "Channel", text: str, module: str, at_us: int, kind: Kind = Kind.EVENT) -> None:
    applications.noticed(channel, at_us)
    channel.call.log.say(_line(channel, text, module, at_us, kind))


def _line(channel: "Channel", text: str, module: str, at_us: int, kind: Kind = Kind.EVENT) -> Line:
    # A channel that was dialled and runs nothing stands in no extension.
    place = channel.leg.dial.result if channel.leg and not channel.spot.exten else str(channel.spot)
    return Line(kind, text, module, place, at_us, channel.tag)
