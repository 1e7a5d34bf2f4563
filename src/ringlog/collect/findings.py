"""What is missing for good logs, in sentences, from what was seen of a PBX."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from ringlog.collect.seen import CEL, CEL_MANAGER, GENERAL, USER, YES, Seen
from ringlog.model import MICROSECONDS
from ringlog.wire.asterisk import APP_VARIABLES, EVENTS, number

CLASSES: Mapping[str, str] = {
    "call": "no call is logged at all",
    "dialplan": "the steps of a dialplan and its variables are missing",
    "dtmf": "keys are missing",
    "user": "the lines of UserEvent are missing",
    "agent": "what happens in queues is missing",
    "agi": "what AGI scripts do is missing",
    "system": "an engine that was restarted may look like a lost connection",
}
"""The event classes that are read, and what is wrong with logs without each."""
READ_EVENTS = frozenset({*EVENTS, "FullyBooted", "Shutdown"}) - {"CEL"}
OLDEST, NEWEST = 16, 22
AHEAD_OF_AMI = 11
"""Asterisk 16 speaks AMI 5, Asterisk 22 speaks AMI 11; before, 13 spoke 2, 14 spoke 3, 15 spoke 4."""
CLOCKS_US = 2 * MICROSECONDS
"""Clocks that differ by less do not disturb: an entry may be read two seconds after its event."""
NO_CHANNELS = "User {} may not ask for CoreShowChannels: what a gap did to calls stays unknown"
RELOAD = "manager.conf says otherwise, so run `manager reload`"
CEL_VERSIONS = "Asterisk 20.16, 21.11, 22.6 and later"


class Weight(Enum):
    """What a finding means for whether all is well."""

    MISSING = auto()
    UNSEEN = auto()
    NOTE = auto()
    """All is well in spite of it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`lines` are settings to make, by section and name."""

    weight: Weight
    sentence: str
    lines: Mapping[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])


def findings(seen: Seen) -> Sequence[Finding]:
    """Everything there is to say, the gravest matters first."""
    return [finding for judge in JUDGES for finding in judge(seen)]


def all_is_well(found: Iterable[Finding]) -> bool:
    return all(finding.weight is Weight.NOTE for finding in found)


def engine(seen: Seen) -> str:
    """What greets there."""
    release = release_of(seen)
    if seen.version or release is None:
        return f"Asterisk {seen.version}".rstrip()
    return f"Asterisk {release}"


def release_of(seen: Seen) -> int | None:
    """Asterisk's major version, by that of its manager interface; a version's own text is anybody's."""
    major = number(seen.ami.partition(".")[0])
    return None if major is None else major + AHEAD_OF_AMI


def missing(sentence: str, **lines: str) -> Finding:
    return Finding(Weight.MISSING, sentence, {_place(name): value for name, value in lines.items()})


def unseen(sentence: str, **lines: str) -> Finding:
    text = f"Could not be seen: {sentence}"
    return Finding(Weight.UNSEEN, text, {_place(name): value for name, value in lines.items()})


def _place(name: str) -> tuple[str, str]:
    return (USER if name in {"read", "write"} else GENERAL, name)


def _age(seen: Seen) -> Iterator[Finding]:
    release = release_of(seen)
    if release is None:
        yield unseen(f"which Asterisk this is; its manager interface calls itself {seen.ami or 'nothing'}.")
    elif release < OLDEST:
        yield missing(f"{engine(seen)} is too old: Ringlog reads Asterisk {OLDEST} to {NEWEST}.")
    elif release > NEWEST:
        text = f"{engine(seen)} is newer than what Ringlog knows ({OLDEST} to {NEWEST})."
        yield Finding(Weight.NOTE, text)


def _clock(seen: Seen) -> Iterator[Finding]:
    if seen.ahead_us is None:
        yield unseen("whether the PBX's clock is right; it does not say its time.")
    elif abs(seen.ahead_us) > CLOCKS_US + seen.ahead_within_us:
        far = f"{abs(seen.ahead_us) / MICROSECONDS:.1f} s {'ahead of' if seen.ahead_us > 0 else 'behind'}"
        yield missing(f"The PBX's clock is {far} this machine's; let NTP keep both, for logs bear its time.")


def _rights(seen: Seen) -> Iterator[Finding]:
    """`CoreShowChannels` wants the write class `reporting` or `system`, looking up settings `reporting`."""
    known = seen.lists(USER, "write") or (["system"] if seen.shows_channels else [])
    write = _added(known, ["reporting"])
    if not seen.shows_channels:
        yield missing(f"{NO_CHANNELS.format(seen.username)}.", write=write)
    if not seen.looks_up:
        yield unseen(f"manager.conf, for user {seen.username} may not look it up (Getvar).", write=write)
    elif not seen.reads_files:
        yield unseen("manager.conf, for the PBX has not loaded func_config.so.")
    elif not seen.knows_user:
        yield unseen(f"what user {seen.username} is given, who has no section in manager.conf.")


def _classes(seen: Seen) -> Iterator[Finding]:
    said = [one.lower() for one in seen.lists(USER, "read")]
    granted = {*said, *seen.classes, *(["system"] if seen.booted else [])}
    lacking = [] if "all" in granted else [one for one in CLASSES if one not in granted]
    if lacking and not seen.knows_user:
        yield unseen(f"whether user {seen.username} is given the event classes {','.join(lacking)}.")
        return
    wanted = _added(said, lacking)
    for one in lacking:
        yield missing(
            f"User {seen.username} is not given the event class {one}: {CLASSES[one]}.", read=wanted
        )
    if {"system", "all"} & set(said) and not seen.booted:
        yield missing(f"FullyBooted did not come, which the class system brings; {RELOAD}, or wait for it.")


def _timestamps(seen: Seen) -> Iterator[Finding]:
    said = seen.says(GENERAL, "timestampevents").lower() in YES
    if not (said if seen.timestamped is None else seen.timestamped):
        yield _off(
            "timestampevents is off: entries bear the time at which they were heard",
            shown=seen.reads_files or seen.timestamped is not None,
            said=said,
            timestampevents="yes",
        )


def _variables(seen: Seen) -> Iterator[Finding]:
    said = seen.lists(GENERAL, "channelvars")
    told = said if seen.variables is None else sorted(seen.variables)
    if lacking := [name for name in APP_VARIABLES if name not in told]:
        yield _off(
            f"channelvars lacks {' and '.join(lacking)}: logs name calls by their extension",
            shown=seen.reads_files or seen.variables is not None,
            said=not set(lacking) - set(said),
            channelvars=_added(told, lacking),
        )


def _off(sentence: str, *, shown: bool, said: bool, **lines: str) -> Finding:
    """A setting that is not in force, as far as anything has `shown` it; the file may have `said` it."""
    if not shown:
        return unseen(f"whether {sentence.partition(':')[0]}.")
    return missing(f"{sentence}; {RELOAD}.") if said else missing(f"{sentence}.", **lines)


def _filters(seen: Seen) -> Iterator[Finding]:
    if filtered := seen.says(USER, "eventfilter"):
        yield missing(
            f"eventfilter keeps events from user {seen.username}: take the line {filtered!r} out, "
            "or make a user for Ringlog alone."
        )
    disabled = seen.lists(GENERAL, "disabledevents")
    if needed := [name for name in disabled if name in READ_EVENTS]:
        rest = _added([name for name in disabled if name not in READ_EVENTS], [])
        yield missing(f"disabledevents keeps {', '.join(needed)} from all managers.", disabledevents=rest)


def _prompts(seen: Seen) -> Iterator[Finding]:
    """CEL has no event class of its own: its events are of the class `call`."""
    events = {one.upper() for one in seen.lists(CEL, "events")}
    on = seen.says(CEL, "enable").lower() in YES and seen.says(CEL_MANAGER, "enabled").lower() in YES
    if seen.cel or (on and {"ALL", "STREAM_BEGIN"} & events):
        return
    lines = {
        (CEL, "enable"): "yes",
        (CEL, "events"): _added(seen.lists(CEL, "events"), ["STREAM_BEGIN"]),
        (CEL_MANAGER, "enabled"): "yes",
    }
    known = "is off" if seen.reads_files else "could not be seen"
    sentence = f"CEL {known}; it is optional, and tells the prompts of ARI applications ({CEL_VERSIONS})."
    yield Finding(Weight.NOTE, sentence, lines if seen.reads_files else {})


def _added(there: Sequence[str], lacking: Sequence[str]) -> str:
    return ",".join([*there, *lacking])


JUDGES: Sequence[Callable[[Seen], Iterator[Finding]]] = (
    _age,
    _clock,
    _rights,
    _classes,
    _timestamps,
    _variables,
    _filters,
    _prompts,
)
