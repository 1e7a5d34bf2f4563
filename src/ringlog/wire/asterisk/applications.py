"""Which application a call runs: its first entry, and what says that it changed in mid-call."""

from ringlog.model import CallRow, Kind
from ringlog.wire.asterisk.calls import Application, Call, Channel
from ringlog.wire.asterisk.log import Line
from ringlog.wire.asterisk.wording import plain

PATIENCE_US = 1_000_000
"""How long the first entry waits for a name (ARI sets it some milliseconds late)."""
START = "start"


def executing(application: Application) -> str:
    version = f' version "{application.version}"' if application.version else ""
    return f'Executing application "{application.name}"{version}'


def noticed(channel: Channel, at_us: int) -> None:
    """A step that people notice comes next on this channel: by now its application must be named."""
    call = channel.call
    settle(call)
    channel.version_set = False
    if channel.announced is None:
        channel.announced = channel.runs
    if channel.runs == channel.announced or not channel.runs.name:
        return
    late = not channel.announced.name and channel is call.first
    channel.announced = channel.runs
    text = executing(channel.runs)
    call.say(Kind.DEBUG if late else Kind.INFO, text, START, START, at_us, channel=channel.name)
    if late:
        _tell(call, channel.runs)


def name(call: Call, at_us: int) -> None:
    """Names the application of a call that was joined in the middle, if its channel variables do."""
    first = call.first
    if first and first.runs.name and first.announced is None:
        call.say(Kind.INFO, executing(first.runs), START, START, at_us)
        _tell(call, first.runs)
    if first:
        first.announced = first.runs


def settle(call: Call) -> None:
    """Writes the first entry with the name known by now."""
    if not call.opening or not call.opening.open:
        return
    named = call.first.runs if call.first else None
    if call.first:
        call.first.announced = named
    # Without a name, the place where the call came in stands for one, here and in the call list.
    place = Application(plain(f"{call.entry_spot.context},{call.entry_spot.exten}"), "")
    shown = named if named and named.name else place
    _tell(call, shown)
    call.log.settle(call.opening, Line(Kind.INFO, executing(shown), START, START, call.start_us))


def _tell(call: Call, application: Application) -> None:
    name, version = map(call.secrets.cleaned, application)
    call.tell(CallRow(call.session_id, application=name, version=version or None))
