"""What a dialplan does, step by step: Newexten, and the variables by which applications report."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ringlog.model import Kind
from ringlog.wire.asterisk import applications
from ringlog.wire.asterisk.inputs import Taking, switch
from ringlog.wire.asterisk.log import Line
from ringlog.wire.asterisk.secrets import SWITCH
from ringlog.wire.asterisk.wording import arguments, moment, sounds

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Channel, Spot
    from ringlog.wire.asterisk.inputs import After

MISSING_US = 100_000
"""How long a prompt's entry waits for the news that its file is missing."""


class Step:
    """One application at work on one channel."""

    taking = Taking.NOT
    private = False
    decides = False
    """It says itself whether one who picked up has taken the call."""
    known = True
    """It is known what it does with keys."""

    def __init__(self, channel: "Channel", application: str, data: str, at_us: int, after: "After") -> None:
        self.channel = channel
        self.module = application.lower()
        self.data = data
        self.arguments = arguments(data)
        self.result = str(channel.spot)
        self.spot = channel.spot
        self.at_us = at_us
        self.after = after
        self.sure = not channel.unheard
        """It begins now; else it may only report itself again, at a place that it went to."""
        self.begin()

    def begin(self) -> None:
        """The application starts."""

    def variable(self, name: str, value: str, at_us: int) -> None:
        """A variable was set on its channel while it ran."""

    def moved(self, spot: "Spot", at_us: int) -> None:
        """It reports itself again, at the place it jumps to."""

    def finish(self, at_us: int, spot: "Spot | None", /) -> None:
        """It is over: the dialplan goes on at `spot`, or ends."""

    def noticed(self, at_us: int) -> None:
        applications.noticed(self.channel, at_us)

    def say(self, kind: Kind, text: str, at_us: int, *, private: bool = False, **data: Any) -> None:
        data = self.channel.tag | data
        self.channel.call.say(kind, text, self.module, self.result, at_us, private=private, **data)


class Playing:
    """A prompt in its place in the log, until it is known that its file is there."""

    def __init__(self, step: Step, names: str, at_us: int, data: dict[str, Any] | None = None) -> None:
        self._step = step
        self._names = names
        self._at_us = at_us
        self._data = step.channel.tag | (data or {})
        self._log = step.channel.call.log
        self._place = self._log.hold()
        self._timer = step.after(MISSING_US, lambda _: self.told())

    def told(self) -> None:
        """It was heard."""
        self._timer.cancel()
        self._log.settle(self._place, self._line(Kind.PROMPT, self._names, self._at_us))

    def missing(self, at_us: int) -> None:
        """It was not, or not all of it."""
        self._timer.cancel()
        several = "one of " if "," in self._names else ""
        line = self._line(Kind.ERROR, f"Missing prompt: {several}{self._names}", at_us)
        if self._place.open:
            self._log.settle(self._place, line)
        else:
            self._log.say(line)

    def _line(self, kind: Kind, text: str, at_us: int) -> Line:
        return Line(kind, text, self._step.module, self._step.result, at_us, self._data)


class Prompt(Step):
    """Playback and its like: a prompt, or the error that its file is missing."""

    status = "PLAYBACKSTATUS"

    def begin(self) -> None:
        self.noticed(self.at_us)
        self.playing = Playing(self, sounds(self.arguments[0]), self.at_us)

    def variable(self, name: str, value: str, at_us: int) -> None:
        if name == self.status:
            if value == "FAILED":
                self.playing.missing(at_us)
            else:
                self.playing.told()

    def finish(self, _at_us: int, _spot: "Spot | None", /) -> None:
        self.playing.told()


class Said(Step):
    """SayDigits and its like: what is read out, and as what."""

    kinds: ClassVar[Mapping[str, str]] = {
        "saydigits": "digits",
        "saynumber": "number",
        "saycountednoun": "counted",
        "sayalpha": "letters",
        "sayalphacase": "letters",
        "sayphonetic": "phonetic",
        "sayunixtime": "date and time",
    }

    def begin(self) -> None:
        text = self.arguments[0]
        if self.module == "sayunixtime":
            text = moment(text)
        if not text:
            self.say(Kind.DEBUG, "Nothing to say", self.at_us)
            return
        self.noticed(self.at_us)
        self.say(Kind.PROMPT, f"{text} ({self.kinds[self.module]})", self.at_us)


class Command(Step):
    """System and TrySystem."""

    done = False

    def variable(self, name: str, value: str, at_us: int) -> None:
        if name != "SYSTEMSTATUS" or self.done:
            return
        self.done = True
        failed = value != "SUCCESS"
        text = f"Command failed: {self.data}" if failed else f"Command run: {self.data}"
        self.say(Kind.ERROR if failed else Kind.DEBUG, text, at_us, status=value)

    def finish(self, at_us: int, _spot: "Spot | None", /) -> None:
        if not self.done:
            self.say(Kind.DEBUG, f"Command run: {self.data}", at_us)


class Assignment(Step):
    """Set: its value may be a secret before the variable itself says so."""

    def begin(self) -> None:
        name, _, value = self.data.partition("=")
        self.result = name.lstrip("_") or self.result
        if self.result == SWITCH:
            switch(self.channel, value, self.at_us)
        if self.channel.call.secrets.given(self.module, self.data):
            self.say(Kind.DEBUG, f"{self.result}: {value}", self.at_us, private=True)
        else:
            self.say(Kind.DEBUG, f"{self.result} = {value}", self.at_us)


class Note(Step):
    """Steps that nobody on the call notices, one `debug` entry each."""

    texts: ClassVar[Mapping[str, Callable[[list[str], str], str]]] = {
        "answer": lambda _args, _data: "Answered",
        "ringing": lambda _args, _data: "Ringing tone",
        "progress": lambda _args, _data: "Early media",
        "proceeding": lambda _args, _data: "Proceeding",
        "wait": lambda args, _data: f"Waiting {args[0]} s",
        "noop": lambda _args, data: data or "Nothing",
        "verbose": lambda args, data: data.partition(",")[2] if args[0].isdecimal() else data,
        "log": lambda _args, data: data.partition(",")[2],
        "mixmonitor": lambda args, _data: f"Recording the call to {args[0]}",
        "stopmixmonitor": lambda _args, _data: "Recording of the call ended",
    }

    def begin(self) -> None:
        private = self.channel.call.secrets.given(self.module, self.data)
        text = self.texts.get(self.module)
        line = text(self.arguments, self.data) if text else f"{self.module}({self.data})"
        self.say(Kind.DEBUG, line or self.module, self.at_us, private=private)


class Tone(Step):
    """Busy and Congestion."""

    def begin(self) -> None:
        self.noticed(self.at_us)
        self.say(Kind.EVENT, "Busy tone" if self.module == "busy" else "Congestion tone", self.at_us)


class Stasis(Step):
    """An ARI application: it has the call until it gives it back."""

    taking = Taking.RUNS

    def begin(self) -> None:
        self.say(Kind.EVENT, f"Handed to ARI application {self.arguments[0]}", self.at_us)

    def variable(self, name: str, value: str, at_us: int) -> None:
        if name != "STASISSTATUS" or not value:
            return
        self.channel.keys.settle(self.channel, at_us)
        if value == "FAILED":
            self.noticed(at_us)
            self.say(Kind.ERROR, f"ARI application is not running: {self.arguments[0]}", at_us)
        else:
            self.say(Kind.EVENT, f"ARI application {self.arguments[0]} ended", at_us, status=value)
