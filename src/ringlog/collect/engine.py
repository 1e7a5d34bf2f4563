"""The engine that a replay plays: the channels that are up, and its answers to a manager's actions."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ringlog.collect.configuration import Configuration
from ringlog.collect.recording import Spoken
from ringlog.model import MICROSECONDS, Clock

SNAPSHOT = frozenset({
    "Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "ConnectedLineNum",
    "ConnectedLineName", "Language", "AccountCode", "Context", "Exten", "Priority", "Uniqueid", "Linkedid",
    "ChanVariable",
})  # fmt: skip
"""What an event tells of the channel it is about, and CoreShowChannel repeats."""

Pairs = list[tuple[str, str]]


@dataclass(slots=True)
class Up:
    """A channel that is up, as its last event showed it."""

    since_us: int
    snapshot: Pairs
    application: str = ""
    data: str = ""
    bridge: str = ""


@dataclass(slots=True)
class Engine:
    """Follows what is said; times are those of what is said."""

    now_us: int = 0
    """When the last that was said happened."""
    said_us: int = 0
    """When it was said, by the wall clock."""
    pace: float = 1
    """As many seconds pass in one of the wall clock's."""
    copies: int = 1
    """As many engines as one: each channel is up in every copy."""
    channels: dict[str, Up] = field(default_factory=dict[str, Up])
    begun_us: int = 0
    """Since when it runs, once it has booted."""
    booted: bool = False
    """It has said that it runs; whoever logs in later is told for himself."""

    def time_us(self, wall_us: int) -> int:
        return self.now_us + int((wall_us - self.said_us) * self.pace)

    def hears(self, message: Spoken, wall_us: int) -> None:
        self._reaches(message.time_us, wall_us)
        pairs = list(message.fields())
        event = dict(pairs)
        uid = event.get("Uniqueid", "")
        name = event.get("Event")
        if name == "FullyBooted":
            self.booted, self.begun_us = True, self.now_us - uptime_us(event)
        if name == "Newchannel" and uid:
            self.channels[uid] = Up(self.now_us, [])
        up = self.channels.get(uid)
        if not up:
            return
        if name == "Hangup":
            del self.channels[uid]
        elif "ChannelState" in event:
            up.snapshot = [pair for pair in pairs if pair[0] in SNAPSHOT]
            self._step(up, event)

    def _reaches(self, time_us: int | None, wall_us: int) -> None:
        if time_us is not None and time_us >= self.now_us:
            self.now_us, self.said_us = time_us, wall_us

    def _step(self, up: Up, event: Mapping[str, str]) -> None:
        if event["Event"] == "Newexten":
            up.application, up.data = event.get("Application", ""), event.get("AppData", "")
        elif event["Event"] == "BridgeEnter":
            up.bridge = event.get("BridgeUniqueid", "")
        elif event["Event"] == "BridgeLeave":
            up.bridge = ""

    def connects(self, coming: Sequence[Spoken], wall_us: int) -> None:
        """A connection begins: what is `coming` tells which channels are up that nobody saw begin.

        Those that are not heard of again are gone: the engine was restarted.
        """
        seen: dict[str, Up] = {}
        born: set[str] = set()
        for message in coming:
            pairs = list(message.fields())
            event = dict(pairs)
            uid = event.get("Uniqueid", "")
            if event.get("Event") == "Newchannel":
                born.add(uid)
            elif "ChannelState" in event and uid not in born and uid not in seen:
                snapshot = [pair for pair in pairs if pair[0] in SNAPSHOT]
                seen[uid] = self.channels.get(uid) or Up(born_us(uid, message.time_us or 0), snapshot)
        self.channels = seen
        self.booted = False
        first_us = next((message.time_us for message in coming if message.time_us is not None), None)
        if first_us is not None:  # also where it lies before what was said: another pass begins
            self.now_us, self.said_us = first_us, wall_us

    def fully_booted(self, wall_us: int) -> bytes:
        """What it says to a manager who logs in after it has booted."""
        uptime_s = max(0, self.time_us(wall_us) - self.begun_us) // MICROSECONDS
        return block(
            ("Event", "FullyBooted"),
            ("Privilege", "system,all"),
            ("Uptime", uptime_s),
            ("LastReload", uptime_s),
            ("Status", "Fully Booted"),
        )


def born_us(uid: str, first_us: int) -> int:
    """When a channel was made that was up before: its id begins with the second, unless somebody chose it."""
    epoch = uid.rpartition(".")[0][-10:]
    if len(epoch) == 10 and epoch.isdecimal() and int(epoch) * MICROSECONDS <= first_us:
        return int(epoch) * MICROSECONDS
    return first_us


def uptime_us(booted: Mapping[str, str]) -> int:
    text = booted.get("Uptime", "")
    return int(text) * MICROSECONDS if text.isdecimal() and len(text) < 12 else 0


def block(*pairs: tuple[str, object]) -> bytes:
    return "".join(f"{key}: {value}\r\n" for key, value in pairs).encode() + b"\r\n"


class Manager:
    """One manager's session: what it may do, and what it is answered."""

    def __init__(
        self,
        engine: Engine,
        configuration: Configuration,
        secret: str | None,
        clock: Clock,
        say: Callable[[bytes], bytes],
    ) -> None:
        """`say`: as every copy says a message, at its time. With no `secret`, any log-in is accepted."""
        self.logged_in = False
        self.events = False
        self.over = False
        self._engine = engine
        self._configuration = configuration
        self._secret = secret
        self._clock = clock
        self._say = say
        self._challenge = ""
        self._actions: Mapping[str, Callable[[Mapping[str, str]], Pairs]] = {
            "login": self._login,
            "challenge": self._challenge_given,
            "logoff": self._logoff,
            "events": self._events,
            "coresettings": self._settings,
            "corestatus": self._status,
            "command": self._command,
            "getvar": self._variable,
        }

    def answer(self, action: Mapping[str, str]) -> bytes:
        """The answer to an action, whose keys are in lower case."""
        name = action.get("action", "").lower()
        if name in {"login", "challenge", "logoff"} or self.logged_in:
            if name == "coreshowchannels":
                return self._show_channels(action)
            if name == "ping":
                return self._say(response(action, self._ping()))
            said = response(action, self._actions.get(name, self._unknown)(action))
            greeted = name == "login" and self.events and self._engine.booted
            return said + self._engine.fully_booted(self._clock()) if greeted else said
        return response(action, error("Permission denied"))

    def _login(self, action: Mapping[str, str], /) -> Pairs:
        if not self._right(action):
            self.over = True
            return error("Authentication failed")
        self.logged_in = True
        self.events = action.get("events", "on").lower() != "off"
        return [("Response", "Success"), ("Message", "Authentication accepted")]

    def _right(self, action: Mapping[str, str]) -> bool:
        if self._secret is None:
            return True
        if action.get("authtype", "").upper() == "MD5":
            digest = hashlib.md5((self._challenge + self._secret).encode(), usedforsecurity=False).hexdigest()
            return bool(self._challenge) and hmac.compare_digest(digest, action.get("key", "").lower())
        return hmac.compare_digest(self._secret.encode(), action.get("secret", "").encode())

    def _challenge_given(self, action: Mapping[str, str], /) -> Pairs:
        if action.get("authtype", "").upper() != "MD5":
            return error("Must specify AuthType")
        self._challenge = str(secrets.randbelow(10**9))
        return [("Response", "Success"), ("Challenge", self._challenge)]

    def _logoff(self, _: Mapping[str, str], /) -> Pairs:
        self.over = True
        return [("Response", "Goodbye"), ("Message", "Thanks for all the fish.")]

    def _ping(self) -> Pairs:
        """The engine's own time, which its events bear."""
        seconds, micros = divmod(self._engine.time_us(self._clock()), MICROSECONDS)
        return [("Response", "Success"), ("Ping", "Pong"), ("Timestamp", f"{seconds}.{micros:06}")]

    def _events(self, action: Mapping[str, str], /) -> Pairs:
        self.events = action.get("eventmask", "on").lower() not in {"off", "no", "0", ""}
        return [("Response", "Success"), ("Events", "On" if self.events else "Off")]

    def _settings(self, _: Mapping[str, str], /) -> Pairs:
        return [("Response", "Success"), ("AMIversion", "11.0.0"), ("AsteriskVersion", "22 (replayed)")]

    def _status(self, _: Mapping[str, str], /) -> Pairs:
        now = datetime.fromtimestamp(self._clock() / MICROSECONDS, UTC)
        date, time = now.strftime("%Y-%m-%d"), now.strftime("%H:%M:%S")
        return [
            ("Response", "Success"),
            ("CoreCurrentDate", date),
            ("CoreCurrentTime", time),
            ("CoreCurrentCalls", str(len(self._engine.channels) * self._engine.copies)),
        ]

    def _variable(self, action: Mapping[str, str], /) -> Pairs:
        """Of a recording, only settings are known."""
        name = action.get("variable", "")
        if not name:
            return error("No variable specified")
        return [("Response", "Success"), ("Variable", name), ("Value", self._configuration.value(name))]

    def _command(self, _: Mapping[str, str], /) -> Pairs:
        return error("This is a recording: it runs no commands")

    def _unknown(self, action: Mapping[str, str], /) -> Pairs:
        return error("Invalid/unknown command" if action.get("action") else "Missing action in request")

    def _show_channels(self, action: Mapping[str, str]) -> bytes:
        start: Pairs = [
            ("Response", "Success"),
            ("EventList", "start"),
            ("Message", "Channels will follow"),
        ]
        ids: Pairs = [("ActionID", action["actionid"])] if "actionid" in action else []
        shown = [self._say(self._channel(up, ids)) for up in self._engine.channels.values()]
        last: Pairs = [("EventList", "Complete"), ("ListItems", str(len(shown) * self._engine.copies))]
        complete = block(("Event", "CoreShowChannelsComplete"), *ids, *last)
        return response(action, start) + b"".join(shown) + complete

    def _channel(self, up: Up, ids: Pairs) -> bytes:
        seconds = max(0, self._engine.time_us(self._clock()) - up.since_us) // MICROSECONDS
        minutes, seconds = divmod(seconds, 60)
        return block(
            ("Event", "CoreShowChannel"),
            *ids,
            *up.snapshot,
            ("Application", up.application),
            ("ApplicationData", up.data),
            ("Duration", f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"),
            ("BridgeId", up.bridge),
        )


def error(message: str) -> Pairs:
    return [("Response", "Error"), ("Message", message)]


def response(action: Mapping[str, str], pairs: Pairs) -> bytes:
    """An answer carries the action's id right behind its first line."""
    ids: Pairs = [("ActionID", action["actionid"])] if "actionid" in action else []
    return block(pairs[0], *ids, *pairs[1:])
