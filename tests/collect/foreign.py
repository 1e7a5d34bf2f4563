"""An Asterisk as it is met elsewhere, which may lack anything; answers by the rules of `main/manager.c`."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PACE_S = 0.25
READS = {
    "CoreSettings": {"system", "reporting"},
    "CoreShowChannels": {"system", "reporting"},
    "Getvar": {"call", "reporting"},
}
"""The write classes of which an action wants one."""


@dataclass
class ForeignEngine:
    """As it runs, and as its files say it should."""

    ami: str = "11.0.0"
    version: str = "22.10.1"
    read: str = "call,dialplan,dtmf,user,agent,agi,system"
    write: str = "reporting"
    timestamps: bool = True
    variables: tuple[str, ...] = ("CALL_APP", "CALL_APP_VERSION")
    ahead_s: float = 0
    in_call: bool = False
    """A channel is up, and every answer comes after an event of it."""
    looks_up: bool = True
    """func_config.so is loaded."""
    general: Mapping[str, str] = field(default_factory=dict[str, str])
    user: Mapping[str, str] = field(default_factory=dict[str, str])
    cel: Mapping[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    """Settings that differ from what runs, or are set besides."""
    says: Sequence[str] = ()
    """Events, one every `pace_s` after it was asked for its channels; then it hangs up."""
    pace_s: float = PACE_S
    killed: bool = False
    """After that it answers nobody."""
    heard: list[str] = field(default_factory=list[str])
    """Every action that somebody asked for, with its variable."""

    def setting(self, file: str, section: str, name: str) -> str:
        if file == "cel.conf":
            return self.cel.get((section, name), "")
        if section != "general":
            return {"read": self.read, "write": self.write, **self.user}.get(name, "")
        runs = {"enabled": "yes", "channelvars": ",".join(self.variables)}
        return {**runs, "timestampevents": "yes" if self.timestamps else "", **self.general}.get(name, "")

    def allows(self, action: str) -> bool:
        return action not in READS or bool(READS[action] & set(self.write.split(",")))

    # -- as it is said -------------------------------------------------------------------------------

    def event(self) -> str:
        if not self.in_call or not {"call", "all"} & set(self.read.split(",")):
            return ""
        stamp = f"Timestamp: {self.now()}\r\n" if self.timestamps else ""
        return f"Event: Newstate\r\nPrivilege: call,all\r\n{stamp}{self.channel()}\r\n"

    def channel(self) -> str:
        told = "".join(f"ChanVariable: {name}=x\r\n" for name in self.variables)
        return f"Channel: PJSIP/a-1\r\nChannelState: 6\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\n{told}"

    def now(self) -> str:
        return f"{time.time() + self.ahead_s:.6f}"

    def answer(self, action: Mapping[str, str]) -> str:
        name, ids = action["Action"], f"ActionID: {action['ActionID']}\r\n"
        self.heard.append(f"{name} {action.get('Variable', '')}".strip())
        if not self.allows(name):
            return f"Response: Error\r\n{ids}Message: Permission denied\r\n\r\n"
        return f"Response: Success\r\n{ids}" + getattr(self, f"_{name.lower()}")(action, ids)

    def _challenge(self, _action: Mapping[str, str], _ids: str) -> str:
        return "Challenge: 1234\r\n\r\n"

    def _login(self, _action: Mapping[str, str], _ids: str) -> str:
        boot = "Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 5\r\nStatus: Fully Booted\r\n\r\n"
        hears = {"system", "all"} & set(self.read.split(","))
        return "Message: Authentication accepted\r\n\r\n" + (boot if hears else "")

    def _ping(self, _action: Mapping[str, str], _ids: str) -> str:
        return f"Ping: Pong\r\nTimestamp: {self.now()}\r\n\r\n"

    def _coresettings(self, _action: Mapping[str, str], _ids: str) -> str:
        return f"AMIversion: {self.ami}\r\nAsteriskVersion: {self.version}\r\n\r\n"

    def _coreshowchannels(self, _action: Mapping[str, str], ids: str) -> str:
        up = f"Event: CoreShowChannel\r\n{ids}{self.channel()}\r\n" if self.in_call else ""
        end = f"Event: CoreShowChannelsComplete\r\n{ids}ListItems: {int(self.in_call)}\r\n\r\n"
        return f"EventList: start\r\nMessage: Channels will follow\r\n\r\n{up}{end}"

    def _getvar(self, action: Mapping[str, str], _ids: str) -> str:
        found = re.fullmatch(r"AST_CONFIG\(([^,]+),([^,]+),([^,]+),-1\)", action["Variable"])
        value = self.setting(*found.groups()) if found and self.looks_up else ""
        return f"Variable: {action['Variable']}\r\nValue: {value}\r\n\r\n"

    # -- over a socket -------------------------------------------------------------------------------

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[int]:
        """On a port of its own, until all who came have gone."""
        clients: set[asyncio.Task[None]] = set()

        def came(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            clients.add(asyncio.create_task(self.serve(reader, writer)))

        async with await asyncio.start_server(came, "127.0.0.1", 0) as server:
            yield server.sockets[0].getsockname()[1]
            await asyncio.gather(*clients)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone = self.killed and len(self.heard) > 0
        if not gone:
            writer.write(f"Asterisk Call Manager/{self.ami}\r\n".encode())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            if gone:
                await reader.read()
            while not gone:
                text = (await reader.readuntil(b"\r\n\r\n")).decode()
                pairs = dict(line.split(": ", 1) for line in text.split("\r\n") if line)
                writer.write((self.event() + self.answer(pairs)).encode())
                if self.says and pairs["Action"] == "CoreShowChannels":
                    for event in self.says:
                        writer.write(event.encode())
                        await asyncio.sleep(self.pace_s)
                    break
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
