"""What an Asterisk's manager events mean: bytes to messages, messages to call rows and entries.

Pure: no sockets, no clocks, no threads. `docs/asterisk.md` holds the rulings.
"""

from ringlog.wire.asterisk.events import EVENTS
from ringlog.wire.asterisk.messages import Banner, Message, Splitter
from ringlog.wire.asterisk.translator import APP_VARIABLES, PRIVATE, Translator
from ringlog.wire.asterisk.wording import number, time_us

__all__ = [
    "APP_VARIABLES",
    "EVENTS",
    "PRIVATE",
    "Banner",
    "Message",
    "Splitter",
    "Translator",
    "number",
    "time_us",
]
