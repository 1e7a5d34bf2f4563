"""Keys that people press, and what became of them: inputs, one entry each, and keys that nobody used."""

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from ringlog.model import Kind
from ringlog.wire.asterisk import applications
from ringlog.wire.asterisk.log import Line

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Channel
    from ringlog.wire.asterisk.steps import Step

BOUNCE_US = 60_000
"""Equal keys closer than this are one press."""
RUN_US = 2_000_000
"""Keys closer than this belong together, where no application says what it received."""


class Taking(Enum):
    """What the step at hand does with keys."""

    NOT = "not"
    """It drops them."""
    VALUE = "value"
    """It collects them, and the stream tells the result."""
    RUNS = "runs"
    """It takes them, and the stream does not tell what it made of them."""
    SINGLY = "singly"
    """Every key is a command."""


class _Timer(Protocol):
    def cancel(self) -> None: ...


After = Callable[[int, Callable[[int], None]], _Timer]


class Keys:
    """The keys pressed on one channel that are not in the log yet."""

    def __init__(self, after: After) -> None:
        self.after = after
        self._digits = ""
        self._taking = Taking.NOT
        self._last_us = 0
        self._said = 0
        self._step: Step | None = None
        self._blind = False
        self.sent = False
        """The last key was sent by the engine, as far as is known: a manager asked for it."""
        self._timer: _Timer | None = None
        self._seen = ("", -BOUNCE_US)
        self._sent: _Timer | None = None
        self._sent_step: Step | None = None

    def press(self, channel: "Channel", digit: str, duration_ms: int | None, at_us: int) -> None:
        """A DTMFEnd. Some come many times for one press, some were sent by the engine itself."""
        last, last_us = self._seen
        self._seen = (digit, at_us)
        if digit == last and at_us - last_us < BOUNCE_US:
            self.sent = False
            if self._sent:
                self._sent.cancel()
                self._sent = None
                self._pressed_late(channel, digit, at_us)
        elif duration_ms == 0:
            self.sent = True
            self._sent_step = channel.step
            self._sent = self.after(BOUNCE_US, lambda _: self._engine_sent(channel, digit, at_us))
        else:
            self.sent = False
            self._pressed(channel, digit, at_us)

    def settle(self, channel: "Channel", at_us: int, *, private: bool = False) -> None:
        """The step that took the keys ends, or one that takes them begins: what was pressed is written.

        `private`: a secret is asked for next, and keys that nobody used may be it.
        """
        digits, self._digits = self._digits, ""
        self._stop()
        if not digits:
            return
        when = self._last_us if channel.call.log.said == self._said else at_us
        if self._taking in {Taking.RUNS, Taking.SINGLY}:
            say_input(channel, digits, when, step=self._step)
        elif self._blind:
            say_blind(channel, digits, when, self._step)
        else:
            say_unused(channel, digits, when, self._step, private=private)

    def close(self, channel: "Channel", at_us: int) -> None:
        """The channel is gone: what is pressed is written now."""
        if self._sent:
            self._sent.cancel()
            self._engine_sent(channel, self._seen[0], at_us)
        self.settle(channel, at_us)

    def acted_on(self, channel: "Channel") -> None:
        """The step at hand does what a key asks for: the key at hand was pressed, whatever its length."""
        if self._sent:
            self.sent = False
            self._sent.cancel()
            self._sent = None
            self._pressed(channel, *self._seen)

    def forget(self) -> None:
        self._digits = ""
        self._stop()
        if self._sent:
            self._sent.cancel()

    def take(self, channel: "Channel", value: str, at_us: int) -> int:
        """The application received this value; keys that are not in it are written as not used.

        Returns the time of the input: that of its last key, if nothing was logged since.
        """
        digits, self._digits = self._digits, ""
        self._stop()
        when = self._last_us if digits and channel.call.log.said == self._said else at_us
        before, found, behind = digits.rpartition(value) if value else (digits, "", "")
        unused = before + behind.removeprefix("#") if found or not value else ""
        if unused and not (not value and unused == "#"):
            say_unused(channel, unused, when)
        return when

    def pressed_since(self, time_us: int) -> bool:
        return self._seen[1] >= time_us

    @property
    def pressed_none(self) -> bool:
        return not self._digits and self._seen[0] == ""

    def _pressed_late(self, channel: "Channel", digit: str, at_us: int) -> None:
        """A key that began as if the engine had sent it; the step that took it may be over."""
        step = self._sent_step
        if step is channel.step or step is None or step.taking is Taking.NOT:
            self._pressed(channel, digit, at_us)
        else:
            say_input(channel, digit, at_us, step=step)

    def _pressed(self, channel: "Channel", digit: str, at_us: int) -> None:
        taking = taking_keys(channel)
        apart = taking is not Taking.VALUE and at_us - self._last_us >= RUN_US
        if self._digits and (apart or taking is not self._taking):
            self.settle(channel, at_us)
        self._taking = taking
        self._digits += digit[:16]
        self._last_us = at_us
        self._said = channel.call.log.said
        self._step, self._blind = channel.step, channel.blind
        self._stop()
        if taking is Taking.SINGLY:
            self.settle(channel, at_us)
        elif taking is not Taking.VALUE:
            self._timer = self.after(RUN_US, lambda due_us: self.settle(channel, due_us))

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _engine_sent(self, channel: "Channel", digit: str, at_us: int) -> None:
        self._sent = None
        private = channel.call.secrets.asked or _in_confidence(channel, channel.step)
        _say(channel, Kind.DEBUG, f"Key sent by the engine: {digit}", at_us, private=private)


def taking_keys(channel: "Channel") -> Taking:
    """What would become of a key pressed now."""
    if channel.step and channel.step.taking is not Taking.NOT:
        return channel.step.taking
    return Taking.RUNS if channel.bridge else Taking.NOT


def say_input(
    channel: "Channel", digits: str, at_us: int, *, private: bool = False, step: "Step | None" = None
) -> None:
    """One input, whether its value came from the keys or from the application."""
    secrets = channel.call.secrets
    step = step or channel.step
    private = private or _in_confidence(channel, step)
    if private:
        secrets.asked = True
        secrets.typed(digits, step)
    applications.noticed(channel, at_us)
    _say(channel, Kind.EVENT, f"User input: {digits} (dtmf)", at_us, private=private, step=step)


def say_blind(channel: "Channel", digits: str, at_us: int, step: "Step | None" = None) -> None:
    """Keys of which nobody knows what became of them: they may be the secret that was asked for."""
    _say(channel, Kind.DEBUG, f"Keys: {digits}", at_us, private=True, step=step)


def say_unused(
    channel: "Channel", digits: str, at_us: int, step: "Step | None" = None, *, private: bool = False
) -> None:
    """Keys that no application took. Where something private was asked they may be a late part of it."""
    secrets = channel.call.secrets
    step = step or channel.step
    private = private or secrets.asked or _in_confidence(channel, step)
    _say(channel, Kind.DEBUG, f"Keys not used: {digits}", at_us, private=private, step=step)


def switch(channel: "Channel", value: str, at_us: int) -> None:
    """RINGLOG_PRIVATE is set: what was typed before is written as it was asked for."""
    channel.keys.settle(channel, at_us)
    channel.call.secrets.switch(on=value not in {"", "0"})


def _in_confidence(channel: "Channel", step: "Step | None") -> bool:
    """What is typed now is private. In a talk no application takes it: it may be late for one that asked."""
    secrets = channel.call.secrets
    nobody_takes = step is None or step.taking is Taking.NOT
    return secrets.switched_on or bool(step and step.private) or (secrets.asked and nobody_takes)


def _say(
    channel: "Channel", kind: Kind, text: str, at_us: int, *, private: bool, step: "Step | None" = None
) -> None:
    channel.call.log.say(line_of(channel, kind, text, at_us, private=private, step=step))


def line_of(
    channel: "Channel",
    kind: Kind,
    text: str,
    at_us: int,
    *,
    private: bool = False,
    step: "Step | None" = None,
) -> Line:
    """A line of what this channel does: at its step, else where it was dialled."""
    leg = channel.leg
    step = step or channel.step or (leg.dial if leg else None)
    module = step.module if step else "channel"
    result = step.result if step else str(channel.spot)
    return Line(kind, text, module, result, at_us, channel.tag, private)
