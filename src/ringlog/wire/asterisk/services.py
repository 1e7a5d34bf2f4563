"""Voice mail, directory, recording, authentication: applications with menus of their own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from ringlog.model import Kind
from ringlog.wire.asterisk.inputs import Taking
from ringlog.wire.asterisk.steps import Step

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Spot

BEGINS = {
    "voicemail": "Voice mail for {0}",
    "voicemailmain": "Voice mail box {0}",
    "directory": "Directory {0}",
    "record": "Recording {0}",
    "authenticate": "Asking for a password",
}


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
                self.channel.keys.ended_by_key(self.channel)
            self.channel.keys.settle(self.channel, at_us)
            kind, text = texts[value]
            self.say(kind, text.format(self.arguments[0]), at_us, status=value)

    def finish(self, at_us: int, _spot: "Spot | None", /) -> None:
        self.channel.keys.settle(self.channel, at_us)
