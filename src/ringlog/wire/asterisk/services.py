"""Voice mail, directory, recording, authentication: applications with menus of their own."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from ringlog.model import Kind
from ringlog.wire.asterisk.inputs import Taking
from ringlog.wire.asterisk.steps import Step

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Channel, Spot
    from ringlog.wire.asterisk.messages import Message
    from ringlog.wire.asterisk.pbx import Pbx

BEGINS = {
    "voicemail": "Voice mail for {0}",
    "voicemailmain": "Voice mail box {0}",
    "directory": "Directory {0}",
    "record": "Recording {0}",
    "authenticate": "Asking for a password",
    "vmauthenticate": "Asking for a password",
}
VOICE_MAIL = frozenset({"voicemail", "voicemailmain"})
SAYS = {
    "vm-incorrect": "log-in refused",
    "vm-incorrect-mailbox": "log-in refused",
    "vm-deleted": "message deleted",
    "vm-undeleted": "message restored",
    "vm-savedto": "message saved",
}
"""Sounds by which Asterisk's `app_voicemail.c` says what became of a log-in or a message."""
MESSAGE = re.compile(r"/msg([0-9]{4})$")
"""The file of a message, the first of its folder being `msg0000`."""


class Service(Step):
    """Takes keys; what it does with them only its status variable tells."""

    taking = Taking.RUNS
    statuses: ClassVar[Mapping[str, tuple[str, Mapping[str, tuple[Kind, str]]]]] = {
        "voicemail": (
            "VMSTATUS",
            {
                "SUCCESS": (Kind.EVENT, "Message left for {0}"),
                "USEREXIT": (Kind.EVENT, "Voice mail left by key"),
                "FAILED": (Kind.EVENT, "No message left for {0}"),
            },
        ),
        "record": (
            "RECORD_STATUS",
            {
                "DTMF": (Kind.EVENT, "Recording ended by key"),
                "SILENCE": (Kind.EVENT, "Recording ended by silence"),
                "TIMEOUT": (Kind.EVENT, "Recording ended by time-out"),
                "HANGUP": (Kind.EVENT, "Recording ended by hang-up"),
                "SKIP": (Kind.EVENT, "Nothing recorded"),
                "ERROR": (Kind.ERROR, "Recording failed: {0}"),
            },
        ),
        "directory": (
            "DIRECTORY_RESULT",
            {
                "SELECTED": (Kind.EVENT, "A name was chosen"),
                "HANGUP": (Kind.EVENT, "Nothing was chosen: hung up"),
                "OPERATOR": (Kind.EVENT, "The operator was chosen"),
                "ASSISTANT": (Kind.EVENT, "The assistant was chosen"),
                "TIMEOUT": (Kind.EVENT, "Nothing was chosen in time"),
                "USEREXIT": (Kind.EVENT, "Directory left by key"),
                "FAILED": (Kind.ERROR, "Directory failed"),
            },
        ),
    }

    def begin(self) -> None:
        self.private = self.channel.call.secrets.given(self.module, self.data)
        self.noticed(self.at_us)
        self.say(Kind.EVENT, BEGINS[self.module].format(self.arguments[0]), self.at_us)

    def variable(self, name: str, value: str, at_us: int) -> None:
        status, texts = self.statuses.get(self.module, ("", {}))
        if name == status and value in texts:
            if value == "DTMF":
                self.channel.keys.acted_on(self.channel)
            self.channel.keys.settle(self.channel, at_us)
            kind, text = texts[value]
            self.say(kind, text.format(self.arguments[0]), at_us, status=value)

    def finish(self, at_us: int, _spot: "Spot | None", /) -> None:
        self.channel.keys.settle(self.channel, at_us)


def waiting_messages(_pbx: "Pbx", message: "Message", channel: "Channel", at_us: int) -> None:
    """MessageWaiting of a channel: a message was left, or somebody who was let into his mailbox is done."""
    step = channel.step
    if isinstance(step, Service) and step.module in VOICE_MAIL:
        channel.keys.settle(channel, at_us)
        new, old = message.get("New"), message.get("Old")
        step.say(Kind.EVENT, f"Mailbox {message.get('Mailbox')}: {new} new, {old} old", at_us)


def voice_mail_says(application: str, sound: str) -> str:
    """What a sound of voice mail tells that no other event does; empty for any other sound."""
    if application not in {*VOICE_MAIL, "vmauthenticate"}:
        return ""
    if found := MESSAGE.search(sound):
        return f"message {int(found[1]) + 1}"
    return SAYS.get(sound, "")
