"""One manager's connection to a PBX (AMI): connecting, logging in, asking."""

import asyncio
import contextlib
import hashlib
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from ringlog.errors import ConfigurationFault, Unreachable
from ringlog.wire.asterisk import Banner, Message, Splitter

READ_BYTES = 2**16
GREETING = b"Asterisk Call Manager"
GREETING_S = 5.0
"""How long it is awaited; an engine greets whoever connects at once."""
TLS_RECORDS = (b"\x15\x03", b"\x16\x03")
"""How an alert and a handshake of TLS begin."""
LINE_BYTES = 80
"""Of a stranger's first line, so many are quoted."""
ANSWER_S = 10.0
"""How long a PBX may take to answer a log-in and what is asked with it."""
BOOT_S = 5.0
"""How long FullyBooted is awaited; a manager without the event class `system` never hears it."""


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


class Session:
    """From connecting to closing; `hear` is given whatever is said that answers no `ask`."""

    def __init__(self, pbx: Pbx, hear: Callable[[Message | Banner], None]) -> None:
        self._pbx = pbx
        self._hear = hear
        self._splitter = Splitter()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._actions = 0
        self._unread = b""
        """What came with the greeting."""

    async def open(self) -> None:
        """Connects and logs in. Raises LoginRefused, Unreachable, OSError."""
        context = ssl.create_default_context() if self._pbx.tls else None
        self._reader, self._writer = await asyncio.open_connection(
            self._pbx.host, self._pbx.port, ssl=context, limit=READ_BYTES
        )
        # Somebody who is no Asterisk may say nothing before he is asked.
        challenge = self.send("Challenge", AuthType="MD5")
        self._unread = await self._greeting(self._reader)
        await self._log_in(await self._answer(challenge))

    async def _greeting(self, reader: asyncio.StreamReader) -> bytes:
        """The first that is said. Raises Unreachable where no manager interface says it."""
        said, tls = b"", "" if self._pbx.tls else ": it may want --tls"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GREETING_S):
                while b"\n" not in said and len(said) < LINE_BYTES:
                    if not (data := await reader.read(READ_BYTES)):
                        raise Unreachable(f"{self._pbx} closed the connection before it greeted{tls}.")
                    said += data
        if said.startswith(GREETING):
            return said
        raise Unreachable(f"{self._pbx} is no Asterisk manager interface: {stranger(said)}.")

    async def _log_in(self, challenge: Message) -> None:
        name = {"Username": self._pbx.username, "Events": "on"}
        if given := challenge.get("Challenge"):
            key = hashlib.md5((given + self._pbx.secret).encode(), usedforsecurity=False).hexdigest()
            answer = await self.ask("Login", AuthType="MD5", Key=key, **name)
        else:
            answer = await self.ask("Login", Secret=self._pbx.secret, **name)
        if not succeeded(answer):
            raise LoginRefused(f"{self._pbx} refuses the log-in: {answer.get('Message')}.")

    def send(self, action: str, **keys: str) -> str:
        """An action; gives its id, one that no recorded answer bears."""
        self._actions += 1
        action_id = f"{self._prefix}{self._actions}"
        pairs = {"Action": action, "ActionID": action_id, **keys}
        if self._writer:
            self._writer.write("".join(f"{k}: {v}\r\n" for k, v in pairs.items()).encode() + b"\r\n")
        return action_id

    async def ask(self, action: str, **keys: str) -> Message:
        """The answer; what comes before it is heard."""
        return await self._answer(self.send(action, **keys))

    async def _answer(self, wanted: str) -> Message:
        found: Message | None = None
        while not found:
            for message in await self.read():
                if not found and isinstance(message, Message) and message.get("ActionID") == wanted:
                    found = message
                else:
                    self._hear(message)
        return found

    async def read(self) -> list[Message | Banner]:
        """What is said next. Raises Unreachable where the connection is over, OSError."""
        if not self._reader:
            raise Unreachable(f"{self._pbx} is not connected.")
        data, self._unread = self._unread or await self._reader.read(READ_BYTES), b""
        if not data:
            raise Unreachable(f"{self._pbx} closed the connection.")
        return self._splitter.feed(data)

    def answers(self, message: Message) -> bool:
        """Whether it was said because this session asked for something."""
        return message.get("ActionID").startswith(self._prefix)

    def close(self) -> None:
        if self._writer:
            self._writer.close()
        self._reader = self._writer = None

    @property
    def _prefix(self) -> str:
        return f"ringlog-{id(self):x}-"


def succeeded(answer: Message) -> bool:
    return answer.get("Response") == "Success"


def stranger(said: bytes) -> str:
    """What somebody does who is no Asterisk, from his first bytes."""
    if not said:
        return "it says nothing"
    if said.startswith(TLS_RECORDS):
        return "it speaks TLS, which --tls is for"
    line = said.partition(b"\n")[0].strip()[:LINE_BYTES].decode(errors="replace")
    return f"it says {line!r}"


def unreachable(pbx: Pbx, error: BaseException) -> str:
    return f"{pbx} cannot be reached: {_why(error)}"


def _why(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"it speaks no TLS that fits ours ({error.reason.lower().replace('_', ' ')})"
    if isinstance(error, socket.gaierror):
        return f"its name cannot be looked up ({(error.strerror or str(error)).lower()})"
    why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return why.lower() or "it closed the connection"
