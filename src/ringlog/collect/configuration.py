"""What a replayed engine would have in its files, for a manager who looks settings up."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from ringlog.collect.recording import Recording

_LOOK_UP = re.compile(r"AST_CONFIG\(([^,()]+),([^,()]+),([^,()]+)(?:,-?\d+)?\)")
_VARIABLE = re.compile(rb"^ChanVariable: ([^=\r\n]+)=", re.MULTILINE)
_CEL = re.compile(rb"^Event: CEL\r$.*^EventName: (\w+)", re.MULTILINE | re.DOTALL)


class Configuration:
    """Says that whatever is in the recording is switched on."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def value(self, variable: str) -> str:
        """As the dialplan function AST_CONFIG would read it; empty for what is not set."""
        found = _LOOK_UP.fullmatch(variable)
        if not found:
            return ""
        file, section, name = found.groups()
        user = {"read": "all", "write": "reporting"} if file == "manager.conf" else {}
        return self._sections.get((file, section), user).get(name, "")

    @cached_property
    def _sections(self) -> Mapping[tuple[str, str], Mapping[str, str]]:
        variables = ",".join(dict.fromkeys(self._names(_VARIABLE)))
        events = ",".join(sorted(set(self._names(_CEL))))
        general = {"enabled": "yes", "timestampevents": "yes", "channelvars": variables}
        cel = "yes" if events else "no"
        return {
            ("manager.conf", "general"): general,
            ("cel.conf", "general"): {"enable": cel, "events": events},
            ("cel.conf", "manager"): {"enabled": cel},
        }

    def _names(self, pattern: re.Pattern[bytes]) -> Iterator[str]:
        for connection in self._recording.connections:
            for message in connection.messages:
                yield from (name.decode(errors="replace") for name in pattern.findall(message.text))
