"""Conferences: joined, muted, kicked, left by key, and by whom as far as keys tell."""

from typing import TYPE_CHECKING

from ringlog.model import Kind
from ringlog.wire.asterisk.doubts import DOUBT_US, doubt
from ringlog.wire.asterisk.inputs import Taking, line_of
from ringlog.wire.asterisk.log import Line
from ringlog.wire.asterisk.steps import Step
from ringlog.wire.asterisk.wording import seconds

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Channel, Spot
    from ringlog.wire.asterisk.messages import Message
    from ringlog.wire.asterisk.pbx import Pbx

RESULTS = {
    "ENDMARKED": "Conference {0} ended: its leader left",
    "DTMF": "Left conference {0} by key",
    "TIMEOUT": "Conference {0} ended: time-out",
    "FAILED": "Conference {0} refused the call",
}


class Conference(Step):
    """ConfBridge(name,bridge,user,menu): keys pressed before joining are a PIN, afterwards commands."""

    taking = Taking.RUNS
    private = True
    bridge = ""
    """The BridgeUniqueid of the conference it joined."""
    admin = False
    joined_us: int | None = None
    kicked_us: int | None = None

    def begin(self) -> None:
        self.name = self.arguments[0]
        if not self.sure:
            return
        self.noticed(self.at_us)
        self.say(Kind.EVENT, f"Entering conference {self.name}", self.at_us)

    def joined(self, bridge: str, at_us: int, *, admin: bool) -> None:
        self.channel.keys.settle(self.channel, at_us)
        self.taking = Taking.SINGLY
        self.private = False
        self.bridge, self.admin, self.joined_us = bridge, admin, at_us
        self.say(Kind.EVENT, f"Joined conference {self.name}", at_us)

    def variable(self, name: str, value: str, at_us: int) -> None:
        if name != "CONFBRIDGE_RESULT":
            return
        if value in RESULTS:
            kind = Kind.ERROR if value == "FAILED" else Kind.EVENT
            self.say(kind, RESULTS[value].format(self.name), at_us, status=value)
        elif value == "KICKED":
            self.kicked_us = at_us
            doubt(self.channel, self._kicked(at_us))

    def kicked_by(self, leader: "Conference") -> None:
        """A leader's key came just before it."""
        if self.channel.doubt and self.kicked_us is not None:
            self.channel.doubt.replace(self._kicked(self.kicked_us, f" by {person_of(leader.channel)}"))
            text = f"Kicked {person_of(self.channel)} out of conference {self.name}"
            leader.say(Kind.EVENT, text, self.kicked_us, session_id=self.channel.call.session_id)

    def _kicked(self, at_us: int, by: str = "") -> Line:
        text = f"Kicked out of conference {self.name}{by}"
        line = line_of(self.channel, Kind.EVENT, text, at_us, step=self)
        line.data["status"] = "KICKED"
        return line

    def finish(self, at_us: int, _spot: "Spot | None", /) -> None:
        if self.joined_us is not None and self.channel.asked_to_hang_up:
            after = seconds(at_us - self.joined_us)
            self.say(Kind.EVENT, f"Left conference {self.name}: hung up after {after}", at_us)


def person_of(channel: "Channel") -> str:
    return channel.number or channel.name


def join(_pbx: "Pbx", message: "Message", channel: "Channel", at_us: int) -> None:
    """ConfbridgeJoin."""
    if isinstance(channel.step, Conference):
        admin = message.get("Admin") == "Yes"
        channel.step.joined(message.get("BridgeUniqueid"), at_us, admin=admin)


def mute(_pbx: "Pbx", message: "Message", channel: "Channel", at_us: int) -> None:
    """ConfbridgeMute and ConfbridgeUnmute: by his own key, pressed a moment before or after, or the operator.

    A leader whose key mutes all guests raises no such event (Asterisk's `app_confbridge.c`,
    `action_toggle_mute_participants`): a manager's action or a console's command is all that is left.
    """
    if not isinstance(channel.step, Conference):
        return
    done = "Muted" if message.name == "ConfbridgeMute" else "Unmuted"
    by_key = line_of(channel, Kind.EVENT, f"{done} by key", at_us)
    if channel.keys.pressed_since(at_us - DOUBT_US):
        channel.call.log.say(by_key)
    else:
        by_operator = line_of(channel, Kind.EVENT, f"{done} by the operator", at_us)
        doubt(channel, by_operator, if_key=by_key)


def leave(pbx: "Pbx", _message: "Message", channel: "Channel", at_us: int) -> None:
    """ConfbridgeLeave of somebody who was kicked: by the one leader who pressed a key just before."""
    left = channel.step
    if not isinstance(left, Conference) or left.kicked_us is None:
        return
    leaders = [
        other.step
        for other in pbx.channels.values()
        if isinstance(other.step, Conference)
        and other.step.admin
        and other.step.bridge == left.bridge
        and other is not channel
        and other.keys.pressed_since(at_us - DOUBT_US)
    ]
    if len(leaders) == 1:
        left.kicked_by(leaders[0])
