"""One manager's connection to a PBX (AMI): connecting, logging in, asking."""

import asyncio
import hashlib
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from ringlog.errors import ConfigurationFault, Unreachable
from ringlog.wire.asterisk import Banner, Message, Splitter

READ_BYTES = 2**16
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

    async def open(self) -> None:
        """Connects and logs in. Raises LoginRefused, Unreachable, OSError."""
        context = ssl.create_default_context() if self._pbx.tls else None
        self._reader, self._writer = await asyncio.open_connection(
            self._pbx.host, self._pbx.port, ssl=context, limit=READ_BYTES
        )
        await self._log_in()

    async def _log_in(self) -> None:
        challenge = await self.ask("Challenge", AuthType="MD5")
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
        wanted = self.send(action, **keys)
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
        data = await self._reader.read(READ_BYTES)
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


def unreachable(pbx: Pbx, error: BaseException) -> str:
    why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return f"{pbx} cannot be reached: {why.lower()}"
