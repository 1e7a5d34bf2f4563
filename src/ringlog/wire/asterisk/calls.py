"""What one call is: the channels of one Linkedid, from the first Newchannel to the last Hangup."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ringlog.model import CallRow, CallType, EndedBy, Kind
from ringlog.wire.asterisk.log import Line, Log, Place
from ringlog.wire.asterisk.secrets import Secrets

if TYPE_CHECKING:
    from ringlog.wire.asterisk.doubts import Doubt
    from ringlog.wire.asterisk.inputs import Keys
    from ringlog.wire.asterisk.legs import Leg
    from ringlog.wire.asterisk.steps import Step


class Spot(NamedTuple):
    """A place in the dialplan."""

    context: str
    exten: str
    priority: str

    def __str__(self) -> str:
        return f"{self.context},{self.exten},{self.priority}"

    @property
    def next(self) -> "Spot":
        """Where the dialplan goes on if nothing jumps."""
        step = int(self.priority) + 1 if self.priority.isdecimal() and len(self.priority) < 9 else 0
        return self._replace(priority=str(step))


NOWHERE = Spot("", "", "")


class Application(NamedTuple):
    """The application a channel runs, as the channel variables name it."""

    name: str
    version: str


NAMELESS = Application("", "")


@dataclass(eq=False)
class Channel:
    """One channel, and what its dialplan does."""

    uid: str
    name: str
    call: "Call"
    keys: "Keys"
    born_us: int
    number: str = ""
    up: bool = False
    up_us: int = 0
    """Since when, where that was heard."""
    joined: bool = False
    """It was there before anybody listened."""
    spot: Spot = NOWHERE
    step: "Step | None" = None
    last: tuple[str, Spot] | None = None
    """The last application the dialplan ran before it ended, and where."""
    jumping: tuple[str, Spot] | None = None
    """A jump whose target is not known yet: its application, and where it stands."""
    leg: "Leg | None" = None
    """What it is to another channel's Dial or Queue."""
    originated: "Leg | None" = None
    """What it is to the manager who had it called: an outbound call's own channel."""
    half_of: "Leg | None" = None
    """The leg of which it is the far half: a Local channel that a manager had called."""
    application: Application = NAMELESS
    """As its variables name it."""
    version_set: bool = False
    """The version was set since a step was last noticed: for what comes."""
    old_version: str = ""
    """What is left in the version's variable of another application."""
    announced: Application | None = None
    bridge: str = ""
    """The BridgeUniqueid of the bridge it is in."""
    asked_to_hang_up: bool = False
    request_cause: int | None = None
    soft: int = 0
    """All bits of its SoftHangupRequests; 16 stands at every end of a dialplan."""
    cut: bool = False
    """Its application was cut short by a hang-up."""
    holding: bool = False
    """It put the other side on hold."""
    let_go: bool = False
    """Its application ended the call, without a Hangup of the dialplan."""
    transferring_since_us: int | None = None
    """It put the other side on hold by keys, which begins a transfer."""
    transferring_by: str = ""
    """Who pressed them."""
    back: "Doubt | None" = None
    """That it took the other side off hold; it may only be leaving."""
    referred: bool = False
    """A phone asked for its transfer (SIP REFER)."""
    transferred_by: EndedBy | None = None
    """Who transferred its other side away; it had to go for that."""
    doubt: "Doubt | None" = None
    """A line of its own that the next events may change."""
    peer_left_first: bool = False
    """The other side of its bridge hung up before it did."""

    def forget(self) -> None:
        """Nothing more will be heard of it: keys still to be written never will be."""
        self.keys.forget()
        self.step = None
        for doubt in (self.back, self.doubt):
            if doubt:
                doubt.settle()

    @property
    def runs(self) -> Application:
        """The application it runs; a version that was another's is none."""
        name, version = self.application
        return Application(name, "" if version == self.old_version else version)

    def name_application(self, application: Application) -> None:
        """Its variables say now which application it runs."""
        name, version = self.application
        if name and application.name != name and not self.version_set:
            self.old_version = version
        self.application = application

    @property
    def tag(self) -> dict[str, Any]:
        """What entries of this channel say of the leg it is; nothing for the caller's own."""
        leg = self.leg or self.half_of
        return {"leg": leg.name} if leg else {}

    @property
    def blind(self) -> bool:
        """Nobody knows what becomes of its keys: what runs is unknown, or no Newexten told that it began.

        So it is in a call joined in the middle, and where a manager had somebody called for an application.
        """
        if self.step:
            return not self.step.known
        return self.unheard or (self.last is None and self.originated is not None)

    @property
    def unheard(self) -> bool:
        """What runs on it began before anybody listened."""
        return self.joined and self.step is None and self.last is None

    @property
    def finishing(self) -> bool:
        """Only hangup handlers and the h extension run now."""
        return bool(self.soft & (16 | 4 | 32))


@dataclass(eq=False)
class Call:
    """One session."""

    session_id: str
    linkedid: str
    start_us: int
    type: CallType
    first: Channel | None
    log: Log
    secrets: Secrets
    tell: Callable[[CallRow], None]
    """Sends a row."""
    channels: dict[str, Channel] = field(default_factory=dict[str, Channel])
    """The channels still there, by Uniqueid."""
    opening: Place | None = None
    """Where the first entry goes, until the application's name is known."""
    entry_spot: Spot = NOWHERE
    dest_known: bool = False
    src_known: bool = False
    last_us: int = 0
    joined: bool = False
    """Its beginning was not heard."""
    caller_left: bool = False
    parting: dict[str, Any] = field(default_factory=dict[str, Any])
    """How the caller's own channel ended, once it has."""
    leaving: list[Place] = field(default_factory=list[Place])
    """Places of `Caller left` still to be decided."""

    def say(
        self,
        kind: Kind,
        text: str,
        module: str,
        result: str,
        at_us: int,
        *,
        private: bool = False,
        **data: Any,
    ) -> None:
        """Adds one line to the log."""
        self.log.say(Line(kind, text, module, result, at_us, data, private))
