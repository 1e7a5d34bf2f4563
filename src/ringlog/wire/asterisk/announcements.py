"""Sounds that applications play by themselves: AMI does not tell them, its CEL events do."""

import re
from typing import TYPE_CHECKING

import msgspec

from ringlog.model import Kind
from ringlog.wire.asterisk import applications
from ringlog.wire.asterisk.doubts import doubt
from ringlog.wire.asterisk.inputs import Taking, line_of, taking_keys
from ringlog.wire.asterisk.legs import at_work
from ringlog.wire.asterisk.log import Line
from ringlog.wire.asterisk.services import voice_mail_says
from ringlog.wire.asterisk.steps import Said

if TYPE_CHECKING:
    from ringlog.wire.asterisk.calls import Channel
    from ringlog.wire.asterisk.messages import Message
    from ringlog.wire.asterisk.pbx import Pbx

NAMING = frozenset({"playback", "controlplayback", "background", "read", "agi", "eagi", *Said.kinds})
"""Applications whose dialplan step or command says what is played."""
SPELLED = re.compile(r"digits/\d+|letters/.*|phonetic/.*")
"""Sounds that together may say what was typed."""


def heard(pbx: "Pbx", message: "Message", at_us: int) -> None:
    """CEL: a sound begins that no step names. Music on hold has none."""
    channel = pbx.channels.get(message.get("UniqueID"))
    if not channel or message.get("EventName") != "STREAM_BEGIN":
        return
    sound = _sound(message.get("Extra"))
    if not sound:
        return
    application = message.get("Application").lower()
    # It names what really runs, also what a feature's keys have run in a talk.
    channel.call.secrets.given(application, "")
    if application not in NAMING:
        _play(channel, sound, application, at_us)
    elif channel.originated and channel.step is None:
        # An Originate with an application has no dialplan; one into a dialplan is about to begin it.
        line = _line(channel, sound, at_us)
        line.module = application
        doubt(channel, line)


def _play(channel: "Channel", sound: str, application: str, at_us: int) -> None:
    at_work(channel, at_us)
    step = channel.step
    if step and step.module == application and step.taking is not Taking.NOT:
        channel.keys.acted_on(channel)
    if taking_keys(channel) is not Taking.VALUE:
        channel.keys.settle(channel, at_us)
    applications.noticed(channel, at_us)
    line = _line(channel, sound, at_us)
    if meaning := voice_mail_says(application, sound):
        line.text = f"{sound} ({meaning})"
    channel.call.log.say(line)


def _line(channel: "Channel", sound: str, at_us: int) -> Line:
    private = channel.call.secrets.asked and bool(SPELLED.fullmatch(sound))
    return line_of(channel, Kind.PROMPT, sound, at_us, private=private)


class _Extra(msgspec.Struct):
    """What CEL says of a stream that begins, as far as it is read."""

    sound: str = ""


def _sound(extra: str) -> str:
    try:
        return msgspec.json.decode(extra, type=_Extra).sound
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""
