"""Settings, their defaults and their text forms. Each is declared once, here or as a command's option."""

from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ringlog.errors import ConfigurationFault
from ringlog.model import DAY_S, MICROSECONDS, Horizon

QUIET_US = 5 * MICROSECONDS
"""An ended call may be sealed when nothing of it arrived for so long."""

DEFAULT_URL = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what is kept. 0 days: for ever."""

    details_days: int = 5
    calls_days: int = 365
    idle_minutes: int = 120

    def horizon(self, now_us: int) -> Horizon:
        """What these rules say at `now_us`. A call exactly `details_days` old still answers."""
        now_s = now_us // MICROSECONDS
        return Horizon(
            now_us=now_us,
            details_from_s=now_s - self.details_days * DAY_S if self.details_days else None,
            calls_from_s=now_s - self.calls_days * DAY_S if self.calls_days else None,
            idle_before_us=now_us - self.idle_minutes * 60 * MICROSECONDS,
            quiet_before_us=now_us - QUIET_US,
        )


def default_store() -> str:
    return f"sqlite:{platformdirs.user_data_path('ringlog')}"


def default_spool() -> Path:
    return platformdirs.user_state_path("ringlog") / "spool"


def store_folder(store: str) -> Path:
    """The folder that `sqlite:FOLDER` names.

    Raises ConfigurationFault for any other form.
    """
    scheme, colon, folder = store.partition(":")
    if scheme != "sqlite" or not colon or not folder:
        raise ConfigurationFault(f"--store takes sqlite:FOLDER, not {store!r}.")
    return Path(folder).expanduser()
