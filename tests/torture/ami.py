"""AMI as no engine says it: pieces of recorded streams, broken in every way, through parser and translator.

Of each stream: the same messages however it is cut, a key's values the same however they are asked for, no
exception, only records that a server takes, times that never step back within a log, and every call ended.
"""

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from random import Random

from ringlog.client.line import entry_line, row_line
from ringlog.model import Entry
from ringlog.wire.asterisk import Banner, Message, Splitter, Translator
from ringlog.wire.records import parse
from tests.torture.outcome import Effort, Outcome
from tests.wire.asterisk import damage
from tests.wire.asterisk.transcripts import Said

END = b"\r\n\r\n"
STREAMS = ("asterisk", "asterisk-2", "joined")
ODD = (b"\r\n", b"\n", b"\r", b"\0", b": ", b":", b"\xff\xfe", b"\xed\xa0\x80", b"%0A", b"~", b"", b"9" * 30)
LONGEST = 120
"""Messages of a piece."""
CALLS = 4
LOOKED_AT = 4
"""So many messages of a stream are asked for all their keys."""
LOGGED_IN_US = 1_700_000_000_000_000
Breaks = Callable[[list[bytes], Random], None]


def run(effort: Effort) -> Outcome:
    began, tries = time.monotonic(), 0
    failures: list[str] = []
    while (took := time.monotonic() - began) < effort.seconds:
        if failure := tried(effort.seed, tries):
            failures.append(failure)
        tries += 1
    return Outcome("ami-parser", tries, "streams", took, effort.seed, failures)


def tried(seed: int, number: int) -> str:
    """One stream; what was wrong with it, if anything. `tried(seed, number)` tries the very same again."""
    random = Random(f"{seed}:{number}")
    try:
        check(made(random), random)
    except Exception:  # whatever it raises is a finding
        return f"tests.torture.ami.tried({seed}, {number}): {traceback.format_exc()}"
    return ""


# -- a stream ----------------------------------------------------------------------------------------


def made(random: Random) -> bytes:
    """A piece of a recording, broken a few times."""
    texts = list(piece(random))
    for _ in range(random.choice((0, 1, 2, 5, 20))):
        random.choice(BREAKS)(texts, random)
    return b"".join(text + END for text in texts)


def piece(random: Random) -> Iterator[bytes]:
    """Some messages one after another, or those of some calls."""
    texts, calls = recorded(random.choice(STREAMS))
    if random.random() < 0.5:
        start = random.randrange(len(texts))
        yield from texts[start : start + random.randrange(1, LONGEST)]
    else:
        several = random.sample(list(calls.values()), min(random.randrange(1, CALLS), len(calls)))
        yield from (texts[place] for place in sorted(place for call in several for place in call))


@cache
def recorded(stream: str) -> tuple[Sequence[bytes], Mapping[str, Sequence[int]]]:
    """The messages of a recording, and which of them speak of which call."""
    texts: list[bytes] = []
    calls: dict[str, list[int]] = {}
    for item in damage.recorded(stream):
        if isinstance(item, Message) and (linkedid := item.get("Linkedid")):
            calls.setdefault(linkedid, []).append(len(texts))
        banner = isinstance(item, Banner)
        texts.append(item.encode() + b"\r\nResponse: Success" if banner else text_of(item))
    return texts, calls


def text_of(message: Message) -> bytes:
    return "\r\n".join(f"{key}: {value}" for key, value in message.pairs).encode()


def field_breaks(texts: list[bytes], random: Random) -> None:
    place = random.randrange(len(texts))
    message = next(iter(Splitter().feed(texts[place] + END)), None)
    if isinstance(message, Message) and message.pairs:
        texts[place] = text_of(damage.broken(message, random))


def field_of_another(texts: list[bytes], random: Random) -> None:
    """A value comes from another message: another call's channel, another time."""
    lines, others = (random.choice(texts).split(b"\r\n") for _ in range(2))
    key = random.choice(lines).partition(b":")[0]
    given = [line for line in others if line.startswith(key)]
    place = random.randrange(len(texts))
    if given:
        texts[place] = b"\r\n".join(
            given[0] if line.startswith(key) else line for line in texts[place].split(b"\r\n")
        )


def bytes_change(texts: list[bytes], random: Random) -> None:
    place = random.randrange(len(texts))
    at = random.randrange(len(texts[place]) + 1)
    length = random.choice((0, 0, 1, 5))
    texts[place] = texts[place][:at] + random.choice(ODD) + texts[place][at + length :]


def messages_go(texts: list[bytes], random: Random) -> None:
    place = random.randrange(len(texts))
    del texts[place : place + random.randrange(1, 4)]
    texts += [b"Event: Nothing"] * (not texts)


def message_again(texts: list[bytes], random: Random) -> None:
    texts.insert(random.randrange(len(texts) + 1), random.choice(texts))


def messages_swap(texts: list[bytes], random: Random) -> None:
    one, other = random.randrange(len(texts)), random.randrange(len(texts))
    texts[one], texts[other] = texts[other], texts[one]


def connection_breaks(texts: list[bytes], random: Random) -> None:
    """Cut inside a message, and a new banner."""
    place = random.randrange(len(texts))
    text = texts[place][: random.randrange(len(texts[place]) + 1)]
    texts[place] = text + b"\r\nAsterisk Call Manager/11.0.0\r\n" + random.choice(texts)


BREAKS: Sequence[Breaks] = (
    field_breaks,
    field_breaks,
    field_of_another,
    bytes_change,
    messages_go,
    message_again,
    messages_swap,
    connection_breaks,
)


# -- what must hold ----------------------------------------------------------------------------------


def check(stream: bytes, random: Random) -> None:
    items = Splitter().feed(stream)
    assert list(in_pieces(stream, random)) == items, "cut otherwise, the messages are others"
    for item in random.sample(items, min(LOOKED_AT, len(items))):
        if isinstance(item, Message):
            agrees(item)
    translator = Translator(private=("PIN", "CARD", "HASH"), session_prefix=random.choice(("", "pbx1-")))
    said: list[Said] = [*translator.connected(LOGGED_IN_US), *translator.channels([], LOGGED_IN_US)]
    for item in items:
        if isinstance(item, Banner):
            said += translator.connected()
        else:
            said += translator.feed(item)
        if random.random() < 0.02:
            said += translator.tick(translator.due_us() or 0)
    said += damage.over(translator)
    assert not damage.open_calls(said), "a call has no end"
    taken(said)
    in_time(said)


def in_pieces(stream: bytes, random: Random) -> Iterator[damage.Item]:
    splitter, start = Splitter(), 0
    while start < len(stream):
        size = random.choice((1, 7, 500, 20_000))
        yield from splitter.feed(stream[start : start + size])
        start += size


def agrees(message: Message) -> None:
    """A key is looked for in the text when it is asked for; the pairs are the whole of it."""
    first = dict(reversed([pair for pair in message.pairs if pair[1]]))
    for key in (*first, "Uniqueid", "Linkedid", "Timestamp"):
        assert message.get(key) in {first.get(key, ""), ""}, key
        assert [value for value in message.all(key) if value] == [
            value for name, value in message.pairs if name == key and value
        ], key


def taken(said: Sequence[Said]) -> None:
    """A server takes every record."""
    lines = [
        entry_line(item, "asterisk@pbx1-abcdef", seq) if isinstance(item, Entry) else row_line(item)
        for seq, item in enumerate(said)
    ]
    if lines:
        parse(b"".join(lines), "application/x-ndjson", None, damage.FOREVER_US)


def in_time(said: Sequence[Said]) -> None:
    """A call that ended may begin again: messages changed places."""
    last: dict[str, int] = {}
    for item in said:
        if isinstance(item, Entry):
            assert item.time_us >= last.get(item.session_id, 0), f"time steps back before {item.line!r}"
            last[item.session_id] = item.time_us
        elif item.end_s is not None:
            last.pop(item.session_id, None)
