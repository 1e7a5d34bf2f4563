"""Newexten: the dialplan goes on. Which application is which step, and which event is no step at all."""

from collections.abc import Mapping

from ringlog.model import Kind
from ringlog.wire.asterisk.calls import Channel, Spot
from ringlog.wire.asterisk.conferences import Conference
from ringlog.wire.asterisk.legs import Dial, at_work
from ringlog.wire.asterisk.menus import Background, Read, ReadExten, WaitExten
from ringlog.wire.asterisk.messages import Message
from ringlog.wire.asterisk.pbx import Pbx, spot
from ringlog.wire.asterisk.queues import Queue
from ringlog.wire.asterisk.running import JUMPS, KNOWN, SILENT, is_known, running
from ringlog.wire.asterisk.scripts import Script
from ringlog.wire.asterisk.services import BEGINS, Service
from ringlog.wire.asterisk.steps import Assignment, Command, Note, Prompt, Said, Stasis, Step, Tone
from ringlog.wire.asterisk.transfers import Fetch, Park

OUTGOING = frozenset({"appdial", "appdial2", "appqueue"})
"""What a dialled leg's channel reports as its application; nobody runs it."""
STEPS: Mapping[str, type[Step]] = {
    "playback": Prompt,
    "controlplayback": Prompt,
    "read": Read,
    "readexten": ReadExten,
    "background": Background,
    "waitexten": WaitExten,
    "system": Command,
    "trysystem": Command,
    "set": Assignment,
    "dial": Dial,
    "busy": Tone,
    "congestion": Tone,
    "stasis": Stasis,
    "queue": Queue,
    "confbridge": Conference,
    "agi": Script,
    "eagi": Script,
    "park": Park,
    "parkedcall": Fetch,
    **dict.fromkeys(BEGINS, Service),
    **dict.fromkeys(Said.kinds, Said),
}
JUMPING = frozenset({"return", "dial", "queue", "park", "parkedcall", "confbridge", "bridge"})
"""Applications after which a channel may find itself elsewhere, where they report themselves again."""


def newexten(pbx: Pbx, message: Message, channel: Channel, at_us: int) -> None:
    name = message.get("Application")
    data = message.get("AppData")
    place = spot(message)
    if name.lower() in OUTGOING:
        channel.spot = place
        return
    inner = running(name, data)
    if channel.step and _repeated(channel.step, *inner, place):
        channel.step.moved(place, at_us)
        return
    if inner[0].lower() in KNOWN:
        name, data = inner
    at_work(channel, at_us)
    before = channel.step
    if before is None and channel.doubt:
        channel.doubt.replace()
    if before:
        before.finish(at_us, place)
    _jumped(channel, place, at_us)
    channel.spot = place
    if channel.announced is None and channel is not channel.call.first:
        channel.announced = channel.runs
    kind = STEPS.get(name.lower(), Step if name.lower() in SILENT else Note)
    # What was typed just before may be for what is asked now.
    private = channel.call.secrets.given(name, data)
    if before and (private or before.taking is not kind.taking):
        channel.keys.settle(channel, at_us, private=private)
    channel.jumping = (name, place) if name.lower() in JUMPS else None
    channel.step = kind(channel, name, data, at_us, pbx.after)
    channel.step.known = is_known(name, data)
    if not (channel.finishing or (channel.joined and place.exten == "h")):
        channel.last = (name, place)


def _repeated(step: Step, name: str, data: str, place: Spot) -> bool:
    """An application that jumps reports itself again at the new place."""
    if step.module != name.lower() or step.data != data:
        return False
    elsewhere = place not in {step.spot, step.spot.next}
    return place.priority == "0" or (step.module in JUMPING and elsewhere)


def _jumped(channel: Channel, place: Spot, at_us: int) -> None:
    if channel.jumping:
        application, from_ = channel.jumping
        if place != from_.next:
            call = channel.call
            call.say(Kind.DEBUG, f"Going to {place}", application.lower(), str(from_), at_us)
