"""Recorded streams and what can happen to them: cut, mixed, fields broken; and whose log an entry is in."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from random import Random

from ringlog.model import CallRow, Entry
from ringlog.wire.asterisk import Banner, Message, Translator, time_us
from tests.wire.asterisk.transcripts import RECORDINGS, STREAMS, Said, messages

Item = Message | Banner
FOREVER_US = 2**62
TAGGED = ("AppData", "UserEvent", "DialString", "Command", "Queue", "Conference")
"""Fields whose text an entry repeats; each gets the mark of its call."""
TAG = re.compile(r"‹([^›]*)›")

FAULTS: Mapping[str, Callable[[str, str], list[tuple[str, str]]]] = {
    "missing": lambda _key, _value: [],
    "doubled": lambda key, value: [(key, value)] * 2,
    "empty": lambda key, _value: [(key, "")],
    "long": lambda key, value: [(key, value + "9" * 10_240)],
    "lines": lambda key, value: [(key, f"{value}\n{value}\n")],
}


@cache
def recorded(stream: str) -> Sequence[Item]:
    return list(messages((RECORDINGS / STREAMS[stream][0]).read_bytes()))


class Calls:
    """Which call a recorded message, or an id in it, belongs to."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.linkedids: dict[str, set[str]] = {}
        """By a channel's id or a call's: the calls it was ever a part of."""
        for item in items:
            if isinstance(item, Message):
                for uid, linkedid in pairs_of_ids(item):
                    self.linkedids.setdefault(uid, set()).add(linkedid)
                    self.linkedids.setdefault(linkedid, set()).add(linkedid)

    def named(self, message: Message) -> set[str]:
        """The calls that it speaks of, by any of their channels."""
        return {call for _, value in message.pairs for call in self.linkedids.get(value, ())}

    def may_be_in(self, session_id: str) -> set[str]:
        """The calls whose entries a log may hold: its own, of which its id may be a broken or longer form."""
        return {call for id_, calls in self.linkedids.items() if session_id.startswith(id_) for call in calls}


def pairs_of_ids(message: Message) -> list[tuple[str, str]]:
    """Of each channel that a message names: its id, and the id of its call."""
    prefixes = [key.removesuffix("Uniqueid") for key, _ in message.pairs if key.endswith("Uniqueid")]
    found = [(message.get(prefix + "Uniqueid"), message.get(prefix + "Linkedid")) for prefix in prefixes]
    return [(uid, linkedid) for uid, linkedid in found if uid and linkedid]


def tagged(item: Item) -> Item:
    """The same, its texts marked with its call, so that an entry says whose it is."""
    linkedid = item.get("Linkedid") or item.get("DestLinkedid") if isinstance(item, Message) else ""
    if isinstance(item, Banner) or not linkedid:
        return item
    mark = f"‹{linkedid}›"
    return Message((key, value + mark if key in TAGGED and value else value) for key, value in item.pairs)


def strangers(said: Iterable[Said], calls: Calls) -> list[tuple[str, str]]:
    """Entries that stand in another call's log: that call, and the line."""
    found: list[tuple[str, str]] = []
    for item in said:
        if isinstance(item, Entry):
            text = f"{item.line} {dict(item.data)}"
            related = {other for call in TAG.findall(text) for other in calls.linkedids.get(call, {call})}
            if related and not related & calls.may_be_in(item.session_id):
                found.append((item.session_id, item.line))
    return found


def told(items: Iterable[Item], translator: Translator | None = None) -> list[Said]:
    """What a stream says, and then that nothing of it is there any more."""
    translator = translator or Translator()
    said: list[Said] = []
    for item in items:
        said += translator.connected() if isinstance(item, Banner) else translator.feed(item)
    return said + over(translator)


def over(translator: Translator) -> list[Said]:
    """All waits end, and the engine knows no channel."""
    said: list[Said] = [*translator.connected(), *translator.tick(FOREVER_US)]
    said += translator.channels([], FOREVER_US)
    assert translator.in_progress() == frozenset()
    return said


def open_calls(said: Sequence[Said]) -> set[str]:
    """Calls without an end."""
    ended = {row.session_id for row in said if isinstance(row, CallRow) and row.end_s is not None}
    return {item.session_id for item in said} - ended


def broken(message: Message, random: Random) -> Message:
    """One of its fields has a fault."""
    pairs = list(message.pairs)
    field = random.randrange(len(pairs))
    pairs[field : field + 1] = random.choice(list(FAULTS.values()))(*pairs[field])
    return Message(pairs)


def up(items: Iterable[Item]) -> list[Message]:
    """The engine's answer to CoreShowChannels after these: the channels that are up, as last told."""
    channels: dict[str, Message] = {}
    for item in items:
        if isinstance(item, Banner):
            channels.clear()
        elif item.name == "Hangup":
            channels.pop(item.get("Uniqueid"), None)
        elif item.name == "Newchannel" or item.get("Uniqueid") in channels:
            channels[item.get("Uniqueid")] = item
    return [Message([*item.pairs, ("Duration", "00:00:01")]) for item in channels.values()]


def last_us(items: Iterable[Item]) -> int:
    """When the last of them was said."""
    stamps = [time_us(item.get("Timestamp")) for item in items if isinstance(item, Message)]
    return max((stamp for stamp in stamps if stamp), default=0)


def interleaved(items: Sequence[Message], random: Random) -> list[Message]:
    """In any order that keeps each channel's own."""
    before: dict[str, int] = {}
    waits_for: list[set[int]] = []
    followers: list[list[int]] = [[] for _ in items]
    for place, item in enumerate(items):
        uids = {uid for uid, _ in pairs_of_ids(item)}
        waits_for.append({before[uid] for uid in uids if uid in before})
        for earlier in waits_for[-1]:
            followers[earlier].append(place)
        before |= dict.fromkeys(uids, place)
    ready = [place for place, waits in enumerate(waits_for) if not waits]
    mixed: list[Message] = []
    while ready:
        chosen = random.randrange(len(ready))
        ready[chosen], ready[-1] = ready[-1], ready[chosen]
        place = ready.pop()
        mixed.append(items[place])
        for later in followers[place]:
            waits_for[later].discard(place)
            if not waits_for[later]:
                ready.append(later)
    return mixed
