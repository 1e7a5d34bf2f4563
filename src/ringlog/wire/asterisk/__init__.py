"""What an Asterisk's manager events mean: bytes to messages, messages to call rows and entries.

Pure: no sockets, no clocks, no threads. `docs/asterisk.md` holds the rulings.
"""

from ringlog.wire.asterisk.messages import Banner, Message, Splitter
from ringlog.wire.asterisk.translator import PRIVATE, Translator
from ringlog.wire.asterisk.wording import time_us

__all__ = ["PRIVATE", "Banner", "Message", "Splitter", "Translator", "time_us"]
