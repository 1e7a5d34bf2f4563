"""The Asterisk collector: from a PBX's manager interface (AMI) to a Sender.

Switching it on, on the PBX, in `manager.conf` (then `asterisk -rx "manager reload"`):

    [general]
    enabled = yes
    bindaddr = 127.0.0.1                      ; or a private address; TLS: tlsenable, tlsbindaddr, tlscertfile
    timestampevents = yes                     ; without it, lines bear the time of the line before
    channelvars = CALL_APP,CALL_APP_VERSION   ; the application's name and version, set by the dialplan

    [ringlog]
    secret = …
    read = call,dialplan,dtmf,user,agi,agent,cdr,system
    write = reporting                         ; for CoreShowChannels; nothing on the PBX is changed
    writetimeout = 5000                       ; milliseconds a slow reader is given

and on any machine that reaches it:

    RINGLOG_KEY=… RINGLOG_ASTERISK_SECRET=… ringlog collect asterisk --host pbx1 --username ringlog \
        --to https://ringlog.example --email you@example.com --name pbx1
"""

import asyncio
import contextlib
import hashlib
import os
import random
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ringlog.client import Sender
from ringlog.errors import BadInput, ConfigurationFault, RinglogError, Unreachable
from ringlog.model import CallRow, Clock, Entry
from ringlog.wire.asterisk import Banner, Message, Splitter, Translator, time_us

READ_BYTES = 2**16
ANSWER_S = 10.0
BOOT_S = 5.0
"""How long FullyBooted is awaited; a manager without the event class `system` never hears it."""
PING_S = 15.0
"""After so many silent seconds the engine is asked whether it is there; after twice as many it is not."""
FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 15.0
TICK_S = 0.1


@dataclass(frozen=True, slots=True)
class Pbx:
    """Where the manager interface is, and who logs in."""

    host: str
    port: int
    username: str
    secret: str
    tls: bool = False

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class LoginRefused(ConfigurationFault):
    """The PBX refuses the log-in."""


class Collector:
    """Reads one PBX's events and gives a Sender what they say of calls."""

    def __init__(
        self, pbx: Pbx, translator: Translator, sender: Sender, clock: Clock, say: Callable[[str], None]
    ) -> None:
        self._pbx = pbx
        self._translator = translator
        self._sender = sender
        self._clock = clock
        self._say = say
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._splitter = Splitter()
        self._shown: list[Message] = []
        self._actions = 0
        self._behind_us = 0
        """How far the events' clock lies behind ours."""
        self._trouble = ""
        self._booted = False

    async def run(self) -> None:
        """Collects until it is cancelled; comes back after every break, later and later.

        Raises LoginRefused where the first log-in is refused; a later refusal is retried like any trouble.
        """
        self._translator.resume(self._sender.in_progress)
        failures = 0
        collected = False
        while True:
            try:
                await self._connect()
                failures, collected, self._trouble = 0, True, ""
                self._say(f"Collecting from {self._pbx}.")
                await self._listen()
            except (RinglogError, OSError) as error:
                if isinstance(error, LoginRefused) and not collected:
                    raise
                self._lost(error)
            finally:
                self._disconnect()
            pause_s = min(FIRST_RETRY_S * 2**failures, LONGEST_RETRY_S)
            failures = min(failures + 1, 10)
            await asyncio.sleep(pause_s * (0.5 + 0.5 * random.random()))  # noqa: S311 - jitter is no secret

    # -- the connection ------------------------------------------------------------------------------

    async def _connect(self) -> None:
        context = ssl.create_default_context() if self._pbx.tls else None
        try:
            async with asyncio.timeout(ANSWER_S):
                self._reader, self._writer = await asyncio.open_connection(
                    self._pbx.host, self._pbx.port, ssl=context, limit=READ_BYTES
                )
                self._splitter = Splitter()
                await self._log_in()
                await self._ask_for_channels()
        except TimeoutError:
            raise Unreachable(f"{self._pbx} does not answer.") from None

    async def _log_in(self) -> None:
        self._booted = False
        challenge = await self._ask("Challenge", AuthType="MD5")
        name = {"Username": self._pbx.username, "Events": "on"}
        if given := challenge.get("Challenge"):
            key = hashlib.md5((given + self._pbx.secret).encode(), usedforsecurity=False).hexdigest()
            answer = await self._ask("Login", AuthType="MD5", Key=key, **name)
        else:
            answer = await self._ask("Login", Secret=self._pbx.secret, **name)
        if answer.get("Response") != "Success":
            raise LoginRefused(f"{self._pbx} refuses the log-in: {answer.get('Message')}.")

    async def _ask_for_channels(self) -> None:
        """Asks what is up, but not before the engine said since when it runs (FullyBooted).

        One that was killed and begins anew answers managers before that, and would seem to have lost calls.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BOOT_S):
                while not self._booted:
                    for message in await self._read():
                        self._hear(message)
        self._shown = []
        self._send("CoreShowChannels")

    def _send(self, action: str, **keys: str) -> str:
        """An ActionID that no recorded answer bears."""
        self._actions += 1
        action_id = f"ringlog-{id(self):x}-{self._actions}"
        pairs = {"Action": action, "ActionID": action_id, **keys}
        if self._writer:
            self._writer.write("".join(f"{k}: {v}\r\n" for k, v in pairs.items()).encode() + b"\r\n")
        return action_id

    async def _ask(self, action: str, **keys: str) -> Message:
        """The answer; events that come before it are taken in."""
        wanted = self._send(action, **keys)
        found: Message | None = None
        while not found:
            for message in await self._read():
                if isinstance(message, Message) and message.get("ActionID") == wanted:
                    found = message
                else:
                    self._hear(message)
        return found

    async def _read(self) -> list[Message | Banner]:
        if not self._reader:
            raise Unreachable(f"{self._pbx} is not connected.")
        data = await self._reader.read(READ_BYTES)
        if not data:
            raise Unreachable(f"{self._pbx} closed the connection.")
        return self._splitter.feed(data)

    def _disconnect(self) -> None:
        if self._writer:
            self._writer.close()
        self._reader = self._writer = None

    # -- what is heard -------------------------------------------------------------------------------

    async def _listen(self) -> None:
        ticking = asyncio.create_task(self._tick())
        pinged = False
        try:
            while True:
                try:
                    async with asyncio.timeout(PING_S):
                        messages = await self._read()
                except TimeoutError:
                    if pinged:
                        raise Unreachable(f"{self._pbx} is silent.") from None
                    self._send("Ping")
                    pinged = True
                    continue
                pinged = False
                for message in messages:
                    self._hear(message)
                # One connection may say a lot at once; the clock goes on meanwhile.
                await asyncio.sleep(0)
        finally:
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking

    def _hear(self, message: Message | Banner) -> None:
        if isinstance(message, Banner):
            self._pass_on(self._translator.connected())
        elif message.get("ActionID").startswith(f"ringlog-{id(self):x}-"):
            self._answered(message)
        else:
            self._booted |= message.name == "FullyBooted"
            if event_us := time_us(message.get("Timestamp")):
                self._behind_us = self._clock() - event_us
            self._pass_on(self._translator.feed(message))

    def _answered(self, message: Message) -> None:
        if message.name == "CoreShowChannel":
            self._shown.append(message)
        elif message.name == "CoreShowChannelsComplete":
            shown, self._shown = self._shown, []
            self._pass_on(self._translator.channels(shown, self._now_us()))

    def _now_us(self) -> int:
        """The wall clock, carried on from the last event's time."""
        return self._clock() - self._behind_us

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            due_us = self._translator.due_us()
            if due_us is not None and due_us <= self._now_us():
                self._pass_on(self._translator.tick(self._now_us()))

    def _lost(self, error: BaseException) -> None:
        reason = error.message if isinstance(error, RinglogError) else unreachable(self._pbx, error)
        if reason != self._trouble:  # a PBX that is away for a night is one line, not thousands
            self._say(reason)
        self._trouble = reason
        self._pass_on(self._translator.lost(reason, self._now_us()))

    def _pass_on(self, said: Iterable[Entry | CallRow]) -> None:
        for item in said:
            try:
                if isinstance(item, Entry):
                    self._sender.entry(item)
                else:
                    self._sender.call(item)
            except BadInput as error:
                self._say(f"Left out of call {item.session_id!r}: {error.message}")


def unreachable(pbx: Pbx, error: BaseException) -> str:
    why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return f"{pbx} cannot be reached: {why.lower()}; trying again and again."
