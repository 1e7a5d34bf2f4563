"""Recorded streams through the translator, and their logs as readable text.

`python -m tests.wire.asterisk.transcripts` writes the expected logs anew; read every difference against the
table of what happened before you keep it.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ringlog.model import CallRow, Entry
from ringlog.wire.asterisk import Banner, Message, Splitter, Translator

RECORDINGS = Path(__file__).parents[2] / "recordings"
STREAMS: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "asterisk": ("asterisk/ami.txt", "asterisk/expected", {}),
    "joined": ("asterisk/ami-joined-midcall.txt", "asterisk/expected-joined", {}),
    "asterisk-2": ("asterisk-2/ami.txt", "asterisk-2/expected", {"private": ("PIN", "CARD", "HASH")}),
}
Said = Entry | CallRow


def messages(data: bytes, size: int = 65_536) -> Iterable[Message | Banner]:
    splitter = Splitter()
    for start in range(0, len(data), size):
        yield from splitter.feed(data[start : start + size])


def translate(items: Iterable[Message | Banner], translator: Translator) -> list[Said]:
    said: list[Said] = []
    for item in items:
        said += translator.connected() if isinstance(item, Banner) else translator.feed(item)
    return said + translator.tick(2**62)


def logs(said: Iterable[Said]) -> dict[str, list[Said]]:
    found: dict[str, list[Said]] = {}
    for item in said:
        found.setdefault(item.session_id, []).append(item)
    return found


def of_stream(name: str) -> dict[str, list[Said]]:
    path, _, options = STREAMS[name]
    return logs(translate(messages((RECORDINGS / path).read_bytes()), Translator(**options)))


def text(session_id: str, said: list[Said]) -> str:
    start = next((s.start_s for s in said if isinstance(s, CallRow) and s.start_s is not None), 0)
    lines = [f"call {session_id}"]
    for item in said:
        if isinstance(item, CallRow):
            fields = {k: getattr(item, k) for k in CallRow.__dataclass_fields__ if k != "session_id"}
            lines.append("row " + " ".join(f"{k}={v}" for k, v in fields.items() if v is not None))
        else:
            data = dict(item.data)
            where = f"{data.pop('module_type')} {data.pop('result_variable')}"
            offset = item.time_us - start * 1_000_000
            mark = " PRIVATE" if item.private else ""
            rest = "".join(f"\n             {k} = {v!s}" for k, v in data.items()).replace("\r", "\\r")
            lines.append(f"{offset / 1e6:12.6f} {item.kind:6} {item.line!r}{mark}  [{where}]{rest}")
    return "\n".join(lines) + "\n"


def file_name(position: int, session_id: str) -> str:
    short = "".join(c if c.isalnum() or c in ".-" else "_" for c in session_id)[:24]
    return f"{position:02}-{short}.txt"


def write() -> None:
    for name, (_, folder, _) in STREAMS.items():
        target = RECORDINGS / folder
        target.mkdir(exist_ok=True)
        for old in target.glob("*.txt"):
            old.unlink()
        for position, (session_id, said) in enumerate(of_stream(name).items(), 1):
            (target / file_name(position, session_id)).write_text(text(session_id, said), encoding="utf-8")


if __name__ == "__main__":
    write()
    sys.exit()
