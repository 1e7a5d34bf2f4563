"""How a call ended, as the entry says that a collector leaves at its end."""

from collections.abc import Mapping
from typing import Any

from ringlog.model import EndedBy, Ending

ENDINGS = tuple(EndedBy)


def ending_in(data: Mapping[str, Any]) -> Ending | None:
    """How the call ended, where this is the entry that says so."""
    if data["module_type"] != "exit" or data["result_variable"] != "hangup" or data.get("by") not in ENDINGS:
        return None
    cause = data.get("cause")
    return Ending(EndedBy(data["by"]), cause if type(cause) is int and 0 <= cause < 2**31 else None)
