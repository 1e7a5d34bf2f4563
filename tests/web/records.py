"""Records as a writer sends them, and answers as a reader compares them."""

import itertools
import time
import uuid
from typing import Any
from xml.etree import ElementTree

NOW = int(time.time())
Record = dict[str, Any]
Tree = tuple[str, str, list[Any]]

_windows = itertools.count(1_000_000_000 + uuid.uuid4().int % 400_000_000, 10_000)


def new_id(name: str = "call") -> str:
    return f"{name}-{uuid.uuid4()}"


def new_window() -> int:
    """The first of 10,000 seconds in which no other test has calls, long ago."""
    return next(_windows)


def row(session_id: str, start: int = NOW - 60, **more: Any) -> Record:
    """A completed call of 30 seconds."""
    return {
        "session_id": session_id, "src": "6175551234", "dest": "8009957586",
        "start": start, "end": start + 30, **more,
    }  # fmt: skip


def entry(session_id: str, line: str = "hello", *, at: int = NOW - 60, **more: Any) -> Record:
    return {"session_id": session_id, **read_entry(line, at=at), **more}


def read_entry(line: str = "hello", *, at: int = NOW - 60) -> Record:
    """An entry as it is served."""
    data = {"module_type": "prompt", "result_variable": "var_0"}
    return {"event": {"line": line, "data": data}, "class": "info", "timestamp": at}


def tree(document: bytes | str) -> Tree:
    """An XML document as nested names, texts and children; blanks between elements do not count."""
    return _tree(ElementTree.fromstring(document))


def _tree(element: ElementTree.Element) -> Tree:
    assert not element.attrib
    children = [_tree(child) for child in element]
    return element.tag, "" if children else element.text or "", children


def error_tree(sentence: str) -> Tree:
    return "result", "", [("error", sentence, [])]
