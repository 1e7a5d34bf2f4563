"""Conferences: joined, muted, kicked, left by key."""

from typing import TYPE_CHECKING

from ringlog.model import Kind
from ringlog.wire.asterisk.inputs import Taking
from ringlog.wire.asterisk.steps import Step

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Channel
    from ringlog.wire.asterisk.messages import Message
    from ringlog.wire.asterisk.pbx import Pbx

RESULTS = {
    "KICKED": "Kicked out of conference {0}",
    "ENDMARKED": "Conference {0} ended: its leader left",
    "DTMF": "Left conference {0} by key",
    "TIMEOUT": "Conference {0} ended: time-out",
    "FAILED": "Conference {0} refused the call",
}


class Conference(Step):
    """ConfBridge(name,bridge,user,menu): keys pressed before joining are a PIN, afterwards commands."""

    taking = Taking.RUNS
    private = True

    def begin(self) -> None:
        self.noticed(self.at_us)
        self.say(Kind.EVENT, f"Entering conference {self.arguments[0]}", self.at_us)

    def joined(self, at_us: int) -> None:
        self.channel.keys.settle(self.channel, at_us)
        self.taking = Taking.SINGLY
        self.private = False
        self.say(Kind.EVENT, f"Joined conference {self.arguments[0]}", at_us)

    def variable(self, name: str, value: str, at_us: int) -> None:
        if name == "CONFBRIDGE_RESULT" and value in RESULTS:
            kind = Kind.ERROR if value == "FAILED" else Kind.EVENT
            self.say(kind, RESULTS[value].format(self.arguments[0]), at_us, status=value)


def join(_pbx: "Pbx", _message: "Message", channel: "Channel", at_us: int) -> None:
    """ConfbridgeJoin."""
    if isinstance(channel.step, Conference):
        channel.step.joined(at_us)


def mute(_pbx: "Pbx", message: "Message", channel: "Channel", at_us: int) -> None:
    """ConfbridgeMute and ConfbridgeUnmute, by key or by the manager."""
    if isinstance(channel.step, Conference):
        channel.step.say(Kind.EVENT, "Muted" if message.name == "ConfbridgeMute" else "Unmuted", at_us)
