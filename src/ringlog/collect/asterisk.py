"""The Asterisk collector: from a PBX's manager interface (AMI) to a Sender.

Switching it on, on the PBX, in `manager.conf` (then `asterisk -rx "manager reload"`):

    [general]
    enabled = yes
    bindaddr = 127.0.0.1                      ; or a private address; TLS: tlsenable, tlsbindaddr, tlscertfile
    timestampevents = yes                     ; without it, lines bear the time at which they were heard
    channelvars = CALL_APP,CALL_APP_VERSION   ; the application's name and version, set by the dialplan

    [ringlog]
    secret = …
    read = call,dialplan,dtmf,user,agent,agi,system
    write = reporting                         ; for CoreShowChannels; nothing on the PBX is changed
    writetimeout = 5000                       ; milliseconds a slow reader is given

and on any machine that reaches it:

    RINGLOG_KEY=… RINGLOG_ASTERISK_SECRET=… ringlog collect asterisk --host pbx1 --username ringlog \
        --to https://ringlog.example --email you@example.com --name pbx1

`ringlog collect asterisk --check` says what of it is missing.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterable

from ringlog.client import Sender
from ringlog.collect.findings import NO_CHANNELS
from ringlog.collect.session import (
    ANSWER_S,
    BOOT_S,
    LoginRefused,
    Pbx,
    Session,
    succeeded,
    unreachable,
)
from ringlog.errors import BadInput, RinglogError, Unreachable
from ringlog.model import CallRow, Clock, Entry
from ringlog.wire.asterisk import Banner, Message, Translator, time_us

PING_S = 15.0
"""After so many silent seconds the engine is asked whether it is there; after twice as many it is not."""
FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 15.0
TICK_S = 0.1


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
        self._session = Session(pbx, self._hear)
        self._shown: list[Message] = []
        self._asked = ""
        """The question for the channels that are up."""
        self._denied = False
        """It was refused, which is said once."""
        self._behind_us: int | None = None
        """How far the events' clock lies behind ours; None until the engine has told a time."""
        self._timed = False
        """An event has told its time: `timestampevents` is on."""
        self._trouble = ""
        self._booted = False
        self._collected = False
        """A log-in was taken: a time is known, or that the engine tells none."""

    async def run(self) -> None:
        """Collects until it is cancelled; comes back after every break, later and later.

        Raises LoginRefused where the first log-in is refused; a later refusal is retried like any trouble.
        """
        self._translator.resume(self._sender.in_progress)
        # Also while an engine is away: what waits for a moment only, to be told as it was, waits no longer.
        ticking = asyncio.create_task(self._tick())
        try:
            await self._collect()
        finally:
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking

    async def _collect(self) -> None:
        failures = 0
        while True:
            try:
                await self._connect()
                failures, self._collected, self._trouble = 0, True, ""
                self._say(f"Collecting from {self._pbx}.")
                await self._listen()
            except (RinglogError, OSError) as error:
                if isinstance(error, LoginRefused) and not self._collected:
                    raise
                self._lost(error)
            finally:
                self._session.close()
            pause_s = min(FIRST_RETRY_S * 2**failures, LONGEST_RETRY_S)
            failures = min(failures + 1, 10)
            await asyncio.sleep(pause_s * (0.5 + 0.5 * random.random()))  # noqa: S311 - jitter is no secret

    # -- the connection ------------------------------------------------------------------------------

    async def _connect(self) -> None:
        self._session = Session(self._pbx, self._hear)
        self._booted = False
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._session.open()
                await self._compare_clocks()
                await self._ask_for_channels()
        except TimeoutError:
            raise Unreachable(f"{self._pbx} does not answer.") from None

    async def _compare_clocks(self) -> None:
        """Else an engine whose clock differs from ours would seem to live at another time until an event."""
        told_us = time_us((await self._session.ask("Ping")).get("Timestamp"))
        if told_us is not None:
            self._behind_us = self._clock() - told_us

    async def _ask_for_channels(self) -> None:
        """Asks what is up, but not before the engine said since when it runs (FullyBooted).

        One that was killed and begins anew answers managers before that, and would seem to have lost calls.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BOOT_S):
                while not self._booted:
                    for message in await self._session.read():
                        self._hear(message)
        self._shown = []
        self._asked = self._session.send("CoreShowChannels")

    # -- what is heard -------------------------------------------------------------------------------

    async def _listen(self) -> None:
        pinged = False
        while True:
            try:
                async with asyncio.timeout(PING_S):
                    messages = await self._session.read()
            except TimeoutError:
                if pinged:
                    raise Unreachable(f"{self._pbx} is silent.") from None
                self._session.send("Ping")
                pinged = True
                continue
            pinged = False
            for message in messages:
                self._hear(message)
            # One connection may say a lot at once; the clock goes on meanwhile.
            await asyncio.sleep(0)

    def _hear(self, message: Message | Banner) -> None:
        if isinstance(message, Banner):
            self._pass_on(self._translator.connected())
        elif self._session.answers(message):
            self._answered(message)
        else:
            booted = message.name == "FullyBooted"
            self._booted |= booted
            if event_us := time_us(message.get("Timestamp")):
                self._timed = True
                self._behind_us = self._clock() - event_us
            elif message.get("Privilege") and not (self._timed or booted):
                # Of an engine that tells no times an event happened when it was heard. Answers (no Privilege)
                # and the FullyBooted that greets a log-in bear no time in any case.
                self._pass_on(self._translator.tick(self._now_us()))
            self._pass_on(self._translator.feed(message))

    def _answered(self, message: Message) -> None:
        if message.name == "CoreShowChannel":
            self._shown.append(message)
        elif message.name == "CoreShowChannelsComplete":
            shown, self._shown = self._shown, []
            self._pass_on(self._translator.channels(shown, self._now_us()))
        elif message.get("ActionID") == self._asked and message.get("Response"):
            denied, self._denied = self._denied, not succeeded(message)
            if self._denied and not denied:
                user = self._pbx.username
                self._say(
                    f"{NO_CHANNELS.format(user)}; add `write = reporting` under [{user}] in manager.conf, "
                    "run `manager reload` and start this collector again."
                )

    def _now_us(self) -> int:
        """The wall clock, carried on from the last event's time; the wall clock itself before any."""
        return self._clock() - (self._behind_us or 0)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            due_us = self._translator.due_us()
            if self._collected and due_us is not None and due_us <= self._now_us():
                self._pass_on(self._translator.tick(self._now_us()))

    def _lost(self, error: BaseException) -> None:
        reason = (
            error.message
            if isinstance(error, RinglogError)
            else f"{unreachable(self._pbx, error)}; trying again and again."
        )
        if reason != self._trouble:  # a PBX that is away for a night is one line, not thousands
            self._say(reason)
        self._trouble = reason
        # No time is known yet of an engine that was never reached, and ours may be ahead of all it will say.
        if self._behind_us is not None:
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
