"""Calls that change hands: transfers, parking, hold, channels that move to another call."""

from typing import TYPE_CHECKING

from ringlog.model import CallRow, CallType, Kind
from ringlog.wire.asterisk import applications
from ringlog.wire.asterisk.steps import Step
from ringlog.wire.asterisk.wording import person

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Channel, Spot
    from ringlog.wire.asterisk.messages import Message
    from ringlog.wire.asterisk.pbx import Pbx

KEYS_US = 10_000_000
"""Keys pressed this long before a transfer asked for it."""


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
        self.noticed(self.at_us)
        self.say(Kind.EVENT, f"Fetching the call in slot {self.slot}", self.at_us)

    def finish(self, at_us: int, _spot: "Spot | None", /) -> None:
        if not self.fetched:
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
    transferer = pbx.channel(message, "Transferer") or pbx.channel(message, "Transferee")
    if transferer is None:
        return
    by = _transferred(transferer, message, at_us)
    target = message.get("Extension") or "elsewhere"
    if message.get("Result") == "Success":
        _say(transferer, f"Transferred to {target} by {by}", "transfer", at_us)
    else:
        text = f"Transfer to {target} by {by} failed: {message.get('Result')}"
        _say(transferer, text, "transfer", at_us, Kind.ERROR)


def attended(pbx: "Pbx", message: "Message", at_us: int) -> None:
    """AttendedTransfer."""
    transferer = pbx.channel(message, "OrigTransferer") or pbx.channel(message, "Transferee")
    if transferer is None:
        return
    by = _transferred(transferer, message, at_us)
    if message.get("Result") == "Success":
        _say(transferer, f"Attended transfer by {by}: the others are connected", "transfer", at_us)
    else:
        text = f"Attended transfer by {by} failed: {message.get('Result')}"
        _say(transferer, text, "transfer", at_us, Kind.ERROR)


def _transferred(transferer: "Channel", message: "Message", at_us: int) -> str:
    keys = transferer.keys
    if message.get("Result") == "Success":
        # Without keys the stream does not tell whether his phone or a manager did it.
        transferer.transferred = True
        transferer.by_keys = keys.pressed_since(at_us - KEYS_US)
    keys.settle(transferer, at_us)
    return transferer.leg.name if transferer.leg else "the caller"


def hold(pbx: "Pbx", message: "Message", channel: "Channel", at_us: int) -> None:
    """Hold and Unhold; an Unhold of somebody who was not on hold means nothing."""
    on = message.name == "Hold"
    if channel.holding == on:
        return
    channel.holding = on
    held = [other.leg for other in pbx.in_bridge(channel) if other.leg]
    by = channel.leg.name if channel.leg else "the caller"
    text = f"Put on hold by {by}" if on else f"Taken off hold by {by}"
    leg = channel.leg or (held[0] if held else None)
    if leg:
        leg.say(text, "hold" if on else "answered", at_us)
    else:
        _say(channel, text, "hold", at_us)


def move(pbx: "Pbx", channel: "Channel", linkedid: str, at_us: int) -> None:
    """A channel belongs to another call from now on; the old one ends here if nobody is left in it."""
    old = channel.call
    new = pbx.calls.get(linkedid)
    if new is None:
        new = pbx.add_call(linkedid, at_us, CallType.INBOUND)
        new.tell(CallRow(new.session_id, src=channel.number, start_s=at_us // 1_000_000))
        new.first = channel
    channel.keys.settle(channel, at_us)
    applications.settle(old)
    old.channels.pop(channel.uid, None)
    new.channels[channel.uid] = channel
    channel.call = new
    if not old.channels:
        for place in old.leaving:
            old.log.settle(place)
        text = f"Joined call {new.session_id}"
        old.say(Kind.EVENT, text, "exit", "hangup", at_us, session_id=new.session_id)
        old.tell(CallRow(old.session_id, end_s=at_us // 1_000_000))
        pbx.drop_call(old)
    text = f"Joined by {channel.number or channel.name}"
    new.say(Kind.EVENT, text, "channel", str(channel.spot), at_us, session_id=old.session_id)


def _say(channel: "Channel", text: str, module: str, at_us: int, kind: Kind = Kind.EVENT) -> None:
    applications.noticed(channel, at_us)
    data = {"leg": channel.leg.name} if channel.leg else {}
    channel.call.log.say(applications.Line(kind, text, module, str(channel.spot), at_us, dict(data)))
