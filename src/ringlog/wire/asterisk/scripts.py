"""AGI: the commands of a script as steps, commands refused, scripts that fail."""

import shlex
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ringlog.model import Kind
from ringlog.wire.asterisk.inputs import Taking, say_input
from ringlog.wire.asterisk.running import is_known, running
from ringlog.wire.asterisk.steps import Said, Step
from ringlog.wire.asterisk.wording import number, sounds

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Channel, Spot
    from ringlog.wire.asterisk.messages import Message
    from ringlog.wire.asterisk.pbx import Pbx

PROMPTS = ("STREAM FILE", "CONTROL STREAM FILE", "GET OPTION", "GET DATA", "RECORD FILE")
TIMED = {"GET DATA": 3, "GET OPTION": 4}
"""Which word of the command is its time limit in milliseconds."""
SINGLE = "WAIT FOR DIGIT"


class Script(Step):
    """AGI, FastAGI and AsyncAGI."""

    taking = Taking.RUNS
    failed = False

    def begin(self) -> None:
        self.say(Kind.DEBUG, f"AGI script {self.arguments[0]}", self.at_us)

    def command(self, text: str, at_us: int) -> None:
        """AGIExecStart."""
        words = _words(text)
        runs = len(words) > 1 and words[0].upper() == "EXEC"
        private = known = False
        if runs:
            # An application it has run may be told a secret, or ask for one; no Newexten tells of it.
            run = words[1], " ".join(words[2:])
            private, known = self.channel.call.secrets.given(*run), is_known(*run)
            words[1:] = running(*run)
        name = " ".join(words[:2]).upper()
        self.channel.keys.settle(self.channel, at_us)
        self.taking = Taking.SINGLY if text.upper().startswith(SINGLE) else Taking.RUNS
        self.private = private or (runs and not known)
        if name in PROMPTS and len(words) > 2:
            self.noticed(at_us)
            waits = number(words[TIMED[name]]) if name in TIMED and len(words) > TIMED[name] else None
            data: dict[str, Any] = {"waits": waits / 1000} if waits else {}
            self.say(Kind.PROMPT, sounds(words[2]), at_us, **data)
        elif name.startswith("SAY ") and len(words) > 2:
            self.noticed(at_us)
            self.say(Kind.PROMPT, f"{words[2]} ({words[1].lower()})", at_us)
        elif name.startswith("EXEC PLAYBACK") and len(words) > 2:
            self.noticed(at_us)
            self.say(Kind.PROMPT, sounds(words[2].partition(",")[0]), at_us)
        elif name == "EXEC SAYDIGITS" and len(words) > 2:
            self.noticed(at_us)
            self.say(Kind.PROMPT, f"{words[2]} ({Said.kinds['saydigits']})", at_us)
        elif name == "SET VARIABLE" and len(words) > 2:
            self._set(words[2], " ".join(words[3:]), at_us)
        else:
            line = f"AGI {words[1]}: {text}" if private else f"AGI {text}"
            self.say(Kind.DEBUG, line, at_us, private=private)

    def _set(self, name: str, value: str, at_us: int) -> None:
        if self.channel.call.secrets.given("set", f"{name}={value}"):
            self.say(Kind.DEBUG, f"{name}: {value}", at_us, private=True)
        else:
            self.say(Kind.DEBUG, f"{name} = {value}", at_us)

    def done(self, text: str, code: str, result: str, at_us: int) -> None:
        """AGIExecEnd."""
        self.channel.keys.settle(self.channel, at_us)
        self.private = False
        if code not in {"", "200"} or result == "Unknown Result":
            why = "unknown application" if result == "Unknown Result" else result
            self.say(Kind.ERROR, f"AGI command refused: {text} ({why})", at_us, code=code)

    def variable(self, name: str, value: str, at_us: int) -> None:
        if name != "AGISTATUS" or not value:
            return
        self.channel.keys.settle(self.channel, at_us)
        if value == "FAILURE":
            self.noticed(at_us)
            self.say(Kind.ERROR, f"AGI script failed: {self.arguments[0]}", at_us, status=value)

    def finish(self, at_us: int, _spot: "Spot | None", /) -> None:
        self.channel.keys.settle(self.channel, at_us)


def start(_pbx: "Pbx", message: "Message", channel: "Channel", at_us: int) -> None:
    """AGIExecStart."""
    if isinstance(channel.step, Script):
        channel.step.command(message.get("Command"), at_us)


def end(_pbx: "Pbx", message: "Message", channel: "Channel", at_us: int) -> None:
    """AGIExecEnd."""
    if isinstance(channel.step, Script):
        channel.step.done(message.get("Command"), message.get("ResultCode"), message.get("Result"), at_us)


def answer(_pbx: "Pbx", message: "Message", channel: "Channel", at_us: int) -> None:
    """AsyncAGIExec: its result is URL-encoded; digits in it that no key told are an input too."""
    value = unquote(message.get("Result")).partition("result=")[2].split(" ")[0].strip()
    if isinstance(channel.step, Script) and value.isdigit() and value != "0" and channel.keys.pressed_none:
        say_input(channel, value, at_us)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
