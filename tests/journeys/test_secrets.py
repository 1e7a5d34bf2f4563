"""What callers type in confidence, from their PBX to everything that Ringlog says, writes and keeps."""

import re
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ringlog.store.sqlite.day.codec import Frame
from tests.journeys.sealed import seal
from tests.load.processes import collector, replay
from tests.running import Server, ringlog
from tests.wire.asterisk.transcripts import RECORDINGS

PATIENCE_S = 30
END = b"\r\n\r\n"
CONFERENCE, VOICE_MAIL, SCRIPT, BANK = "1795428606.17", "1795428676.40", "1795428677.41", "1795428737.55"
SECRETS: Mapping[str, Sequence[str]] = {
    CONFERENCE: ["7391"],
    VOICE_MAIL: ["1234", "4321"],
    SCRIPT: ["2468"],
    BANK: ["4821", "4000123412341234", "8642", "85267d349a5e647ff0a9edcb5ffd1e02"],
}
"""What was typed in confidence, and what was made from it; in call 8 and call 26 it is put in by `edited`."""
ALL = [secret for of_call in SECRETS.values() for secret in of_call]
SAID_ONLY_AS_KEYS = {"1234", "4321"}


def recorded() -> tuple[bytes, list[bytes]]:
    """The banner of the second recording, and what it says of these four calls."""
    banner, _, rest = (RECORDINGS / "asterisk-2/ami.txt").read_bytes().partition(b"\r\n")
    ours = [session_id.encode() for session_id in SECRETS]
    return banner, [text for text in rest.split(END) if any(one in text for one in ours)]


def edited(texts: Sequence[bytes]) -> Iterator[bytes]:
    """Call 8 is asked for the conference's PIN; the script of call 26 reads its digits one by one."""
    key = next(text for text in texts if b"Event: DTMFEnd" in text and CONFERENCE.encode() in text)
    for text in texts:
        if CONFERENCE.encode() in text:
            yield text.replace(b"CONFBRIDGE_RESULT=DTMF", b"CONFBRIDGE_RESULT=DTMF after 7391")
            if b"Event: Newexten" in text and b"Application: ConfBridge" in text:
                for number, digit in enumerate(b"7391#"):
                    yield with_(key, Digit=bytes([digit]), Timestamp=b"1795428607.%d00000" % (number + 3))
        elif SCRIPT.encode() in text:
            if b"Application: AGI\r\n" in text:
                yield with_(text, Application=b"Set", AppData=b"RINGLOG_PRIVATE=1", Priority=b"3")
            yield from one_by_one(text)
        else:
            yield text


def one_by_one(text: bytes) -> Iterator[bytes]:
    """Instead of one GET DATA of four digits, a WAIT FOR DIGIT for each, which the script says at once."""
    if digit := re.search(rb"Event: DTMFEnd\r(?s:.*)Digit: (.)", text):
        wait, say = b"WAIT FOR DIGIT 5000", b"SAY DIGITS " + digit[1]
        yield with_(text, Event=b"AGIExecStart") + b"\r\nCommand: " + wait
        yield text
        yield with_(text, Event=b"AGIExecEnd") + b"\r\nCommand: " + wait
        yield with_(text, Event=b"AGIExecStart") + b"\r\nCommand: " + say
        yield with_(text, Event=b"AGIExecEnd") + b"\r\nCommand: " + say
    elif b"Command: GET DATA" not in text:
        yield text


def with_(text: bytes, **fields: bytes) -> bytes:
    for key, value in fields.items():
        text = re.sub(rb"(?m)^%s: [^\r]*" % key.encode(), b"%s: %s" % (key.encode(), value), text)
    return text


def found_in(text: bytes) -> list[str]:
    """The secrets that stand there, as a whole run of digits."""
    return [one for one in ALL if re.search(rb"(?<![0-9])%s(?![0-9])" % one.encode(), text)]


def files(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def frames(store: Path) -> dict[str, bytes]:
    """The sealed calls of all Days, opened."""
    opened: dict[str, bytes] = {}
    for day in (store / "days").glob("*.db"):
        with sqlite3.connect(day) as connection:
            for call_id, frame in connection.execute("SELECT call_id, frame FROM frame"):
                opened[f"{day}, call {call_id}"] = b"\n".join(entry.text for entry in Frame(frame).entries())
        connection.close()
    return opened


def answers(server: Server) -> dict[str, bytes]:
    """Everything that can be asked about these calls."""
    said: dict[str, bytes] = {}
    for session_id in SECRETS:
        for accept in ("application/json", "application/xml"):
            said[f"{session_id} as {accept}"] = server.get(f"/api/call/{session_id}", Accept=accept).body
        said[f"{session_id} native"] = server.get(f"/v1/calls/{session_id}").body
        shown = ringlog("show", session_id, "--all", "--store", server.store)
        assert "••••" in shown.stdout
        said[f"show {session_id}"] = shown.stdout.encode()
    said["calls"] = server.get("/v1/calls?limit=1000").body
    said["all_logs"] = server.get(f"/api/all_logs/0/{int(time.time())}?limit=1000").body
    said["export"] = ringlog("export", "--store", server.store).stdout.encode()
    return said


def spooled(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("spool/*/0*.ndjson"))


def wait_until_spooled(folder: Path) -> None:
    """All four calls have come to their end."""
    deadline = time.monotonic() + PATIENCE_S
    while spooled(folder).count(b'"Disconnecting call"') < len(SECRETS):
        assert time.monotonic() < deadline, spooled(folder).decode()
        time.sleep(0.05)


def wait_until_told(server: Server) -> None:
    def told(body: Any) -> bool:
        return len([call for call in body["calls"] if call["end"]]) == len(SECRETS)

    server.wait_for("/v1/calls", told, PATIENCE_S)


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    banner, texts = recorded()
    path = tmp_path / "ami.txt"
    path.write_bytes(banner + b"\r\n" + b"".join(text + END for text in edited(texts)))
    return path


def test_nothing_typed_in_confidence_stands_in_any_answer_or_file(tmp_path: Path, stream: Path) -> None:
    assert set(found_in(stream.read_bytes())) == set(ALL) - SAID_ONLY_AS_KEYS
    server = Server(tmp_path / "store")
    with server, replay(stream, "--speed", "0", "--end-ago", "60") as (_, port):
        server.kill()
        with collector(server, port, tmp_path):
            wait_until_spooled(tmp_path)
            waiting = files(tmp_path / "spool")
            server.start()
            wait_until_told(server)
            unsealed = answers(server) | files(server.folder)
        server.kill()
        seal(server)
        everything = {**waiting, **unsealed, **files(tmp_path / "spool"), **files(server.folder)}
        everything |= {"collector's log": (tmp_path / "collector.log").read_bytes()} | frames(server.folder)
        server.start()
        everything |= {f"sealed: {name}": text for name, text in answers(server).items()}
    assert len(frames(server.folder)) == len(SECRETS)
    assert {name: found for name, text in everything.items() if (found := found_in(text))} == {}


def test_without_being_told_the_same_search_finds_them(tmp_path: Path, stream: Path) -> None:
    """That is, it can find: names nobody uses are private here, and the script says nothing."""
    stream.write_bytes(stream.read_bytes().replace(b"RINGLOG_PRIVATE=1", b"RINGLOG_PRIVATE=0"))
    with (
        Server(tmp_path / "store") as server,
        replay(stream, "--speed", "0", "--end-ago", "60") as (_, port),
        collector(server, port, tmp_path, "--private", "NOBODY"),
    ):
        wait_until_told(server)
        shown = ringlog("export", "--store", server.store).stdout.encode()
    assert set(found_in(shown)) == {"2468", *SECRETS[BANK]} - {"8642"}
