"""A real Asterisk and real SIP calls, for tests that need both; everything lies in a folder of its own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from tests.running import ENVIRONMENT, RINGLOG, Server

STARTS_S = 30
SECRET = "live-secret"

CONFIGURATION = {
    "asterisk.conf": """
[directories]
astetcdir => {folder}
astdbdir => {folder}
astspooldir => {folder}
astrundir => {folder}
astlogdir => {folder}
""",
    "modules.conf": "[modules]\nautoload=yes\nnoload => chan_iax2.so\nnoload => pbx_dundi.so\n",
    "manager.conf": """
[general]
enabled = yes
bindaddr = 127.0.0.1
port = {ami}
timestampevents = {timestamps}
channelvars = CALL_APP,CALL_APP_VERSION
[ringlog]
secret = live-secret
read = call,dialplan,dtmf,user,agent,agi,system
write = reporting
[deaf](ringlog)
read = call
[mute]
secret = live-secret
read = all
[whole](mute)
write = reporting
""",
    "pjsip.conf": """
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{sip}
[trunk]
type=endpoint
context=ivr
disallow=all
allow=ulaw
[trunk]
type=identify
endpoint=trunk
match=127.0.0.1
""",
    "extensions.conf": """
[ivr]
exten => 100,1,Set(__CALL_APP=live test)
 same => n,Set(__CALL_APP_VERSION=1.0)
 same => n,Answer()
 same => n,Playback(prompts/none)
 same => n,Read(CHOICE,,1,,1,2)
 same => n,UserEvent(Done,Choice: ${{CHOICE}})
 same => n,Hangup(16)
exten => 101,1,Answer()
 same => n,Wait(60)
 same => n,Hangup()
exten => 102,1,Answer()
 same => n,Goto(no-such-context,s,1)
""",
    "rtp.conf": "[general]\nrtpstart=20000\nrtpend=20100\n",
}


def binary() -> str | None:
    """The engine: ASTERISK names it, else the one on the PATH."""
    return os.environ.get("ASTERISK") or shutil.which("asterisk")


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Engine:
    """A running Asterisk on loopback ports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ami = free_port(socket.SOCK_STREAM)
        self.sip = free_port(socket.SOCK_DGRAM)
        folder.mkdir()
        self.configure()

    def configure(self, *, timestamps: str = "yes") -> None:
        """Writes its files; it acts by them when it starts, or when it is told to read them again."""
        places = {"folder": self.folder, "ami": self.ami, "sip": self.sip, "timestamps": timestamps}
        for name, text in CONFIGURATION.items():
            (self.folder / name).write_text(text.format(**places))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGKILL)

    def start(self) -> Self:
        with (self.folder / "out.log").open("ab") as out:
            self.process = subprocess.Popen(
                [str(binary()), "-C", str(self.folder / "asterisk.conf"), "-f", "-n"], stdout=out, stderr=out
            )
        deadline = time.monotonic() + STARTS_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.ami), 1).close()
            except OSError:
                assert time.monotonic() < deadline, (self.folder / "out.log").read_text()[-2000:]
                time.sleep(0.1)
            else:
                return self

    def stop(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.wait(STARTS_S)

    def tell(self, command: str) -> None:
        """A command on its console."""
        console = [str(binary()), "-C", str(self.folder / "asterisk.conf"), "-rx", command]
        subprocess.run(console, check=True, capture_output=True, timeout=STARTS_S)

    def wait_for_channels(self, wanted: int) -> None:
        """Asks the engine until so many channels are there."""
        actions = f"Action: Login\r\nUsername: ringlog\r\nSecret: {SECRET}\r\nEvents: off\r\n\r\n"
        deadline = time.monotonic() + STARTS_S
        with socket.create_connection(("127.0.0.1", self.ami), STARTS_S) as manager:
            heard = b""
            manager.sendall(actions.encode())
            while f"ListItems: {wanted}\r\n".encode() not in heard:
                assert time.monotonic() < deadline
                manager.sendall(b"Action: CoreShowChannels\r\n\r\n")
                heard = manager.recv(65536)

    def call(self, extension: str, talks_ms: int) -> "subprocess.Popen[bytes]":
        """One SIP call; hung up by the caller after so long, unless the engine does it before."""
        port = free_port(socket.SOCK_DGRAM)
        there = f"127.0.0.1:{self.sip}"
        sipp = ["sipp", "-sn", "uac", "-d", str(talks_ms), "-s", extension, "-m", "1", there]
        return subprocess.Popen(
            [*sipp, "-i", "127.0.0.1", "-p", str(port), "-nostdin", "-timeout", "60"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
        )


def check(engine: Engine, username: str) -> "subprocess.CompletedProcess[str]":
    asked = ["collect", "asterisk", "--check", "--port", str(engine.ami), "--username", username]
    return subprocess.run(
        [*RINGLOG, *asked],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**ENVIRONMENT, "RINGLOG_ASTERISK_SECRET": SECRET},
    )


def collector(server: Server, engine: Engine, spool: Path) -> "subprocess.Popen[bytes]":
    collect = [*RINGLOG, "collect", "asterisk", "--port", str(engine.ami), "--username", "ringlog"]
    return subprocess.Popen(
        [*collect, "--to", server.url, "--email", server.email, "--spool", str(spool)],
        stderr=subprocess.PIPE,
        env={**ENVIRONMENT, "RINGLOG_KEY": server.key, "RINGLOG_ASTERISK_SECRET": SECRET},
    )
