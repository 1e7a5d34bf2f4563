"""Calls as the contract shows them: a log, a row of the list, a row with its log."""

import msgspec

from ringlog.model import OUTBOUND_SRC, Call, CallType, Detail
from ringlog.web.asgi import encode
from ringlog.wire import xml


def list_row(call: Call) -> dict[str, object]:
    """A row of `/api/calls`."""
    return {
        "dest": call.dest,
        "src": shown_src(call),
        "start": call.start_s,
        "end": call.end_s,
        "session_id": call.session_id,
        "type": call.type,
        "log": call.available,
    }


def log_json(text: bytes) -> bytes:
    """The answer of `/api/call`, from its entries joined by commas."""
    return b"[" + text + b"]"


def log_xml(text: bytes) -> bytes:
    return xml.entries_xml(text)


def log_row(call: Call) -> dict[str, str]:
    """A row of `/api/all_logs` but for its detail; start and end are strings there."""
    return {
        "dest": call.dest,
        "src": shown_src(call),
        "start": str(call.start_s),
        "end": str(call.end_s),
        "session_id": call.session_id,
    }


def shown_src(call: Call) -> str:
    return OUTBOUND_SRC if call.type == CallType.OUTBOUND else call.src


class JsonStream:
    """The pieces of an answer of `/api/all_logs`."""

    between = b","

    def __init__(self, total: int) -> None:
        self.head = b'{"calls":['
        self.tail = b'],"total_calls":%d}' % total

    def row(self, detail: Detail) -> bytes:
        return encode(log_row(detail.call))[:-1] + b',"detail":' + log_json(detail.text) + b"}"


class XmlStream:
    """The same pieces in XML."""

    between = b""

    def __init__(self, total: int) -> None:
        self.head = xml.DECLARATION + b"<result><calls>"
        self.tail = b"</calls><total_calls>%d</total_calls></result>" % total

    def row(self, detail: Detail) -> bytes:
        return xml.fragment("item", {**log_row(detail.call), "detail": msgspec.Raw(log_json(detail.text))})
