"""Steps that wait for what the caller enters: Read, Background, WaitExten."""

from typing import TYPE_CHECKING, Any

from ringlog.model import Kind
from ringlog.wire.asterisk.inputs import Taking, say_input
from ringlog.wire.asterisk.steps import Prompt, Step
from ringlog.wire.asterisk.wording import limit, sounds, waiting

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Spot

NO_INPUT = frozenset({"t", "T", "i", "h", "e", "s", ""})
"""Extensions to which a menu goes without having received their name as input."""


class Read(Step):
    """Read(variable,prompt,digits,options,attempts,timeout)."""

    taking = Taking.VALUE
    status = "READSTATUS"
    limit = 5
    """Which argument is the time limit."""

    def begin(self) -> None:
        variable, prompt, *_ = self.arguments
        self.result = variable.lstrip("_") or self.result
        self.value: str | None = None
        self.done = False
        self.private = self.channel.call.secrets.given(self.module, self.data)
        self.noticed(self.at_us)
        waits = waiting(self.arguments[self.limit])
        data: dict[str, Any] = {"waits": waits} if waits else {}
        if prompt:
            self.say(Kind.PROMPT, sounds(prompt), self.at_us, **data)
        else:
            text = f"Waiting for input{_up_to(self.arguments[self.limit])}"
            self.say(Kind.EVENT, text, self.at_us, **data)

    def variable(self, name: str, value: str, at_us: int) -> None:
        if name.lstrip("_") == self.result:
            self.value = value
        elif name == self.status and (value != "ERROR" or self.value is not None):
            # Read says ERROR when it begins, before it knows.
            self._end(value, at_us)

    def finish(self, at_us: int, _spot: "Spot | None", /) -> None:
        self._end("", at_us)

    def _end(self, status: str, at_us: int) -> None:
        if self.done:
            return
        self.done = True
        self.channel.cut |= status == "HANGUP"
        value = self.value or ""
        when = self.channel.keys.take(self.channel, value, at_us)
        if value:
            say_input(self.channel, value, when)
        elif status == "TIMEOUT":
            self.say(Kind.EVENT, f"No input{_within(self.arguments[self.limit])}", at_us)
        elif status == "OK":
            say_input(self.channel, "#", when)
        elif status == "ERROR":
            self.say(Kind.ERROR, f"Read failed: {sounds(self.arguments[1])}", at_us)


class ReadExten(Read):
    """ReadExten(variable,prompt,context,options,timeout): `t` is nothing, `i` a wrong extension."""

    status = "READEXTENSTATUS"
    limit = 4

    def variable(self, name: str, value: str, at_us: int) -> None:
        if name == "INVALID_EXTEN":
            self.value = value
        else:
            super().variable(
                name, "" if name.lstrip("_") == self.result and value.isalpha() else value, at_us
            )


class Extension(Step):
    """What Background and WaitExten share: the input is the extension to which the dialplan goes."""

    taking = Taking.VALUE
    wrong = ""

    def variable(self, name: str, value: str, at_us: int) -> None:
        if name == "INVALID_EXTEN":
            self.wrong = value
        super().variable(name, value, at_us)

    def finish(self, at_us: int, spot: "Spot | None", /) -> None:
        super().finish(at_us, spot)
        value = self.wrong
        if not value and spot and spot.exten != self.spot.exten and spot.exten not in NO_INPUT:
            value = spot.exten
        if value:
            when = self.channel.keys.take(self.channel, value, at_us)
            say_input(self.channel, value, when)
        elif spot:
            self.silent(at_us)

    def silent(self, at_us: int) -> None:
        """Nothing came while it waited."""


class Background(Extension, Prompt):
    """A prompt during which keys choose an extension."""

    status = "BACKGROUNDSTATUS"


class WaitExten(Extension):
    """Waits for an extension after the prompt."""

    def begin(self) -> None:
        self.noticed(self.at_us)
        waits = waiting(self.arguments[0])
        data: dict[str, Any] = {"waits": waits} if waits else {}
        self.say(Kind.EVENT, f"Waiting for input{_up_to(self.arguments[0])}", self.at_us, **data)

    def silent(self, at_us: int) -> None:
        self.say(Kind.EVENT, f"No input{_within(self.arguments[0])}", at_us)


def _within(text: str) -> str:
    return f" within {limit(text)}" if waiting(text) else ""


def _up_to(text: str) -> str:
    return f", up to {limit(text)}" if waiting(text) else ""
