"""What a manager can see of a PBX with the rights that it has.

Where it says what Asterisk does, that was read in its source, versions 16.0 to 22.10 (`main/manager.c`,
`funcs/func_config.c`), and tried with 22.10.
"""

from dataclasses import dataclass, field

from ringlog.wire.asterisk import Banner, Message

YES = frozenset({"yes", "true", "y", "t", "1", "on"})
"""What Asterisk takes for yes (`ast_true`)."""
GENERAL = "general"
USER = "user"
"""The section of the manager user who looks, whatever its name."""
CEL = "cel"
CEL_MANAGER = "cel.manager"


@dataclass(slots=True)
class Seen:
    """The evidence. None: nothing showed it."""

    username: str
    ami: str = ""
    """The interface's version, from the banner."""
    version: str = ""
    """Asterisk's own."""
    ahead_us: int | None = None
    """How far the PBX's clock is ahead of ours, and by how much that may be wrong."""
    ahead_within_us: int = 0
    shows_channels: bool = False
    looks_up: bool = False
    """Whether the user may ask for settings."""
    booted: bool = False
    """FullyBooted came: it does after each log-in of a user with the class `system`."""
    classes: set[str] = field(default_factory=set[str])
    """Those of the events that came."""
    cel: bool = False
    timestamped: bool | None = None
    variables: frozenset[str] | None = None
    """Channel variables that are told with each channel."""
    files: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    """What manager.conf and cel.conf say, by section and name; empty where they cannot be read."""

    def hear(self, message: Message | Banner) -> None:
        """Takes in what is said, in whatever order."""
        if isinstance(message, Banner):
            self.ami = message.rpartition("/")[2]
            return
        if message.name == "FullyBooted":
            self.booted = True
        elif message.name and (privilege := message.get("Privilege")):
            self.classes.add(privilege.partition(",")[0])
            self.timestamped = bool(message.get("Timestamp"))
            self.cel |= message.name == "CEL"
        if message.get("ChannelState"):
            self.variables = frozenset(pair.partition("=")[0] for pair in message.all("ChanVariable"))

    def says(self, section: str, name: str) -> str:
        """A setting, empty where it is not set."""
        return self.files.get((section, name), "")

    def lists(self, section: str, name: str) -> list[str]:
        """A setting that is a list."""
        return [part for part in (one.strip() for one in self.says(section, name).split(",")) if part]

    @property
    def reads_files(self) -> bool:
        """Managers are let in at all only where manager.conf says `enabled`."""
        return bool(self.says(GENERAL, "enabled"))

    @property
    def knows_user(self) -> bool:
        """A user who may ask for a setting has a `write`; one without is not made in manager.conf."""
        return bool(self.says(USER, "write"))

    @property
    def enough(self) -> bool:
        """Waiting for events would show nothing more."""
        return self.knows_user and (self.booted or not {"system", "all"} & set(self.lists(USER, "read")))
