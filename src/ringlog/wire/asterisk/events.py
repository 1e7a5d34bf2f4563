"""The table: what each event does to what is known, and what it adds to a log."""

from collections.abc import Callable, Mapping
from typing import Any

from ringlog.model import OUTBOUND_SRC, CallRow, CallType, Kind
from ringlog.wire.asterisk import (
    announcements,
    applications,
    conferences,
    dialplan,
    endings,
    gaps,
    legs,
    queues,
    scripts,
    services,
    transfers,
)
from ringlog.wire.asterisk.calls import Application, Channel
from ringlog.wire.asterisk.inputs import switch
from ringlog.wire.asterisk.log import Line
from ringlog.wire.asterisk.messages import Message
from ringlog.wire.asterisk.pbx import DOWN, UP, Pbx, cause, spot
from ringlog.wire.asterisk.secrets import SWITCH
from ringlog.wire.asterisk.wording import number, person, plain, unescaped

RINGING = frozenset({"4", "5"})
ANNOUNCER = "CBAnn/"


def handle(pbx: Pbx, message: Message) -> None:
    """What one message does; one that means nothing to a log does nothing."""
    act = EVENTS.get(message.name)
    if act:
        act(pbx, message, pbx.at(message))


def _begin(pbx: Pbx, message: Message, at_us: int) -> None:
    """Newchannel."""
    uid = message.get("Uniqueid")
    name = message.get("Channel")
    if not uid or uid in pbx.channels or uid in pbx.ended or name.startswith(ANNOUNCER):
        return
    linkedid = message.get("Linkedid") or uid
    call = pbx.calls.get(linkedid)
    if call is None and uid != linkedid:
        # Somebody comes into a call that runs already.
        call = gaps.incomplete(pbx, None, linkedid, at_us, at_us)
    if call:
        pbx.add_channel(message, uid, call, at_us)
        return
    type_ = CallType.OUTBOUND if message.get("ChannelState") == DOWN else CallType.INBOUND
    call = pbx.add_call(linkedid, at_us, type_)
    call.first = pbx.add_channel(message, uid, call, at_us)
    call.entry_spot = spot(message)
    call.opening = call.log.hold()
    pbx.after(applications.PATIENCE_US, lambda _: applications.settle(call))
    outbound = type_ is CallType.OUTBOUND
    src = OUTBOUND_SRC if outbound else call.first.number
    dest = None if outbound else person(message.get("Exten"))
    start_s = call.log.told_us(at_us) // 1_000_000
    call.tell(CallRow(call.session_id, src=src, dest=dest, type=type_, start_s=start_s))


def _known(act: Callable[[Pbx, Message, Channel, int], None]) -> Callable[[Pbx, Message, int], None]:
    """For events of one channel: finds it, and sees what the event says of it besides."""

    def of_channel(pbx: Pbx, message: Message, at_us: int) -> None:
        channel = pbx.channel(message) or gaps.joined(pbx, message, at_us)
        if channel is None:
            return
        channel.call.last_us = max(channel.call.last_us, at_us)
        if named := pbx.application(message):
            channel.name_application(named)
        linkedid = message.get("Linkedid")
        if linkedid and linkedid != channel.call.linkedid:
            transfers.move(pbx, channel, linkedid, at_us)
        act(pbx, message, channel, at_us)

    return of_channel


def _varset(pbx: Pbx, message: Message, channel: Channel, at_us: int) -> None:
    name = message.get("Variable")
    value = unescaped(message.get("Value"))
    bare = name.lstrip("_")
    if channel.call.secrets.is_private(name):
        channel.call.secrets.set(name, value)
    if bare == SWITCH:
        switch(channel, value, at_us)
    if bare in pbx.variables:
        values = dict(zip(pbx.variables, channel.application, strict=True)) | {bare: plain(value)}
        channel.name_application(Application(*(values[variable] for variable in pbx.variables)))
        if bare == pbx.variables[1]:
            channel.version_set, channel.old_version = True, ""
    if name == "SIPTRANSFER":
        channel.referred = True
    if name == "ATTENDEDTRANSFER" and (transferer := pbx.named(value)):
        # The keys that he pressed are the extension that is dialled now.
        transferer.keys.settle(transferer, at_us)
    if channel.step:
        channel.step.variable(name, value, at_us)
    elif name == "READSTATUS" and value == "HANGUP":
        channel.cut = True


def _newstate(_pbx: Pbx, message: Message, channel: Channel, at_us: int) -> None:
    state = message.get("ChannelState")
    if state == UP and not channel.up:
        channel.up, channel.up_us = True, at_us
    if state in RINGING and channel.leg:
        channel.leg.ring(at_us)


def _dtmf(_pbx: Pbx, message: Message, channel: Channel, at_us: int) -> None:
    digit = message.get("Digit")
    if digit and message.get("Direction", "Received") == "Received":
        explained = channel.doubt.by_key() if channel.doubt else None
        channel.keys.press(channel, digit, number(message.get("DurationMs")), at_us)
        if explained:
            channel.keys.acted_on(channel)
            channel.call.log.say(explained)


def _user_event(_pbx: Pbx, message: Message, channel: Channel, at_us: int) -> None:
    name = message.get("UserEvent")
    keys = [key for key, _ in message.pairs]
    headers = dict(message.pairs[keys.index("UserEvent") + 1 :]) if "UserEvent" in keys else {}
    error = headers.get("Error")
    applications.noticed(channel, at_us)
    kind = Kind.ERROR if error else Kind.EVENT
    data: dict[str, Any] = {"event": name, **headers} if error else headers
    call = channel.call
    say = {k: v for k, v in data.items() if k not in {"module_type", "result_variable"}}
    call.log.say(Line(kind, error or name, "userevent", str(channel.spot), at_us, say))


def _new_callerid(_pbx: Pbx, message: Message, channel: Channel, _at_us: int) -> None:
    call = channel.call
    found = person(message.get("CallerIDNum"))
    if call.type is CallType.OUTBOUND and channel is call.first and found and not call.src_known:
        call.src_known = True
        call.tell(CallRow(call.session_id, src=found))


def _dial_begin(pbx: Pbx, message: Message, at_us: int) -> None:
    dialled = pbx.channel(message, "Dest")
    dialler = pbx.channel(message) or gaps.joined(pbx, message, at_us)
    if dialled is None or (dialler and dialler.call is not dialled.call):
        return
    call = dialled.call
    text = message.get("DialString")
    if call.type is CallType.OUTBOUND and not call.dest_known:
        call.dest_known = True
        call.tell(CallRow(call.session_id, dest=person(text)))
    # Of a Local channel the other half dials the people behind it.
    legs.begin(dialler, dialled, text, at_us, quiet=legs.is_near_half(dialled))
    if dialled.leg and message.get("DestChannelState") in RINGING:
        dialled.leg.ring(at_us)


def _dial_state(pbx: Pbx, message: Message, at_us: int) -> None:
    dialled = pbx.channel(message, "Dest")
    leg = dialled and (dialled.leg or dialled.originated)
    status = message.get("DialStatus")
    if leg and status == "RINGING":
        leg.ring(at_us)
    elif leg and status == "PROGRESS":
        leg.early(at_us)


def _dial_end(pbx: Pbx, message: Message, at_us: int) -> None:
    if dialled := pbx.channel(message, "Dest"):
        legs.end(dialled, message.get("DialStatus"), at_us)


def _bridge_enter(_pbx: Pbx, message: Message, channel: Channel, at_us: int) -> None:
    channel.bridge = message.get("BridgeUniqueid") or "?"
    if channel.leg:
        channel.leg.enter(at_us)


def _bridge_leave(_pbx: Pbx, _message: Message, channel: Channel, at_us: int) -> None:
    channel.keys.settle(channel, at_us)
    transfers.left(channel)
    if channel.leg:
        channel.leg.leave(at_us)
    if not channel.finishing:
        channel.bridge = ""


def _hangup_request(pbx: Pbx, message: Message, channel: Channel, _at_us: int) -> None:
    channel.asked_to_hang_up = True
    if channel.request_cause is None:
        channel.request_cause = cause(message)
    for other in pbx.in_bridge(channel):
        if not other.asked_to_hang_up:
            other.peer_left_first = True


def _soft_hangup(_pbx: Pbx, message: Message, channel: Channel, _at_us: int) -> None:
    channel.soft |= cause(message) or 0


def _hangup(pbx: Pbx, message: Message, channel: Channel, at_us: int) -> None:
    endings.hangup(pbx, channel, message, at_us)


EVENTS: Mapping[str, Callable[[Pbx, Message, int], None]] = {
    "Newchannel": _begin,
    "Newexten": _known(dialplan.newexten),
    "VarSet": _known(_varset),
    "Newstate": _known(_newstate),
    "DTMFEnd": _known(_dtmf),
    "UserEvent": _known(_user_event),
    "NewCallerid": _known(_new_callerid),
    "DialBegin": _dial_begin,
    "DialState": _dial_state,
    "DialEnd": _dial_end,
    "BridgeEnter": _known(_bridge_enter),
    "BridgeLeave": _known(_bridge_leave),
    "HangupRequest": _known(_hangup_request),
    "SoftHangupRequest": _known(_soft_hangup),
    "Hangup": _known(_hangup),
    "CEL": announcements.heard,
    "QueueCallerJoin": _known(queues.join),
    "AgentCalled": _known(queues.called),
    "AgentConnect": _known(queues.connect),
    "AgentRingNoAnswer": _known(queues.no_answer),
    "ConfbridgeJoin": _known(conferences.join),
    "ConfbridgeMute": _known(conferences.mute),
    "ConfbridgeUnmute": _known(conferences.mute),
    "ConfbridgeLeave": _known(conferences.leave),
    "MessageWaiting": _known(services.waiting_messages),
    "AGIExecStart": _known(scripts.start),
    "AGIExecEnd": _known(scripts.end),
    "AsyncAGIExec": _known(scripts.answer),
    "ParkedCall": transfers.parked,
    "UnParkedCall": transfers.fetched,
    "BlindTransfer": transfers.blind,
    "AttendedTransfer": transfers.attended,
    "Hold": _known(transfers.hold),
    "Unhold": _known(transfers.hold),
}
