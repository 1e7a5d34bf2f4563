"""AGI: the commands of a script as steps, commands refused, scripts that fail."""

import shlex
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ringlog.model import Kind
from ringlog.wire.asterisk.inputs import Taking, say_input
from ringlog.wire.asterisk.running import is_known, running
from ringlog.wire.asterisk.steps import MISSING_US, Playing, Prompt, Said, Step
from ringlog.wire.asterisk.wording import number, sounds

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Channel, Spot
    from ringlog.wire.asterisk.messages import Message
    from ringlog.wire.asterisk.pbx import Pbx

FILES = {"STREAM FILE": 2, "CONTROL STREAM": 3, "GET OPTION": 2, "GET DATA": 2}
"""Which word of the command is the sound that it plays."""
LIMITS = {"GET DATA": 3, "GET OPTION": 4, "WAIT FOR": 3}
"""Which word of the command is its time limit in milliseconds."""
SINGLE = "WAIT FOR"
FAILED = {"FAILURE": "AGI script failed", "NOTFOUND": "AGI script not found"}


class Script(Step):
    """AGI, FastAGI and AsyncAGI."""

    taking = Taking.RUNS
    playing: Playing | None = None
    """The prompt of the command at hand."""
    name = ""
    """The command at hand, its first two words."""
    waits = 0.0
    """Its time limit in seconds."""
    begun_us = 0
    """When it began."""

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
        words += [""] * 4
        self._played()
        self.channel.keys.settle(self.channel, at_us)
        self.taking = Taking.SINGLY if name == SINGLE else Taking.RUNS
        self.private = private or (runs and not known)
        self.name, self.begun_us = name, at_us
        self.waits = (number(words[LIMITS[name]]) or 0) / 1000 if name in LIMITS else 0.0
        if sound := words[FILES[name]] if name in FILES else "":
            self._play(sound, at_us)
        elif name in {"EXEC PLAYBACK", "EXEC CONTROLPLAYBACK", "EXEC BACKGROUND"} and words[2]:
            self._play(words[2].partition(",")[0], at_us)
        elif name == "RECORD FILE" and words[2]:
            self.noticed(at_us)
            self.say(Kind.EVENT, f"Recording {words[2]}", at_us)
        elif name.startswith("SAY ") and words[2]:
            self.noticed(at_us)
            self.say(Kind.PROMPT, f"{words[2]} ({words[1].lower()})", at_us)
        elif name == "EXEC SAYDIGITS" and words[2]:
            self.noticed(at_us)
            self.say(Kind.PROMPT, f"{words[2]} ({Said.kinds['saydigits']})", at_us)
        elif name == "SET VARIABLE" and words[2]:
            self._set(words[2], " ".join(words[3:]).rstrip(), at_us)
        else:
            line = f"AGI {words[1]}: {text}" if private else f"AGI {text}"
            self.say(Kind.DEBUG, line, at_us, private=private)

    def _play(self, sound: str, at_us: int) -> None:
        self.noticed(at_us)
        data: dict[str, Any] = {"waits": self.waits} if self.waits else {}
        self.playing = Playing(self, sounds(sound), at_us, data)

    def _played(self) -> None:
        if self.playing:
            self.playing.told()
            self.playing = None

    def _set(self, name: str, value: str, at_us: int) -> None:
        if self.channel.call.secrets.given("set", f"{name}={value}"):
            self.say(Kind.DEBUG, f"{name}: {value}", at_us, private=True)
        else:
            self.say(Kind.DEBUG, f"{name} = {value}", at_us)

    def done(self, text: str, code: str, result: str, at_us: int) -> None:
        """AGIExecEnd. `Failure` says that a sound could not be opened, or that the channel was hung up."""
        self.channel.keys.settle(self.channel, at_us)
        self.private = False
        lasted_us = at_us - self.begun_us
        if result == "Failure" and self.name in {*FILES, SINGLE}:
            if self.playing and lasted_us < MISSING_US and not self.channel.asked_to_hang_up:
                self.playing.missing(at_us)
        elif code not in {"", "200"} or result == "Unknown Result":
            why = "unknown application" if result == "Unknown Result" else result
            self.say(Kind.ERROR, f"AGI command refused: {text} ({why})", at_us, code=code)
        elif self.name in LIMITS and lasted_us >= MISSING_US:
            self._no_input(at_us)
        self._played()
        self.name = ""

    def _no_input(self, at_us: int) -> None:
        if not (self.channel.keys.pressed_since(self.begun_us) or self.channel.asked_to_hang_up):
            within = f" within {self.waits:g} s" if self.waits else ""
            self.say(Kind.EVENT, f"No input{within}", at_us)

    def variable(self, name: str, value: str, at_us: int) -> None:
        if name == Prompt.status and value == "FAILED" and self.playing:
            self.playing.missing(at_us)
        if name != "AGISTATUS" or not value:
            return
        self.channel.keys.settle(self.channel, at_us)
        self._played()
        if value in FAILED:
            self.noticed(at_us)
            self.say(Kind.ERROR, f"{FAILED[value]}: {self.arguments[0]}", at_us, status=value)

    def finish(self, at_us: int, _spot: "Spot | None", /) -> None:
        self._played()
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
