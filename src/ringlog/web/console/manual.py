"""The Markdown pages of `docs/`, for people and programs, without a log-in."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from litestar import Response, get
from litestar.params import FromPath

import ringlog
from ringlog.web.console.pages import HEADERS
from ringlog.web.statuses import NoSuchAddress

INDEX = "llms.txt"
LINK = re.compile(r"^- \[(?P<title>[^]]+)\]\((?P<name>[^)]+)\): (?P<about>.+)$", re.MULTILINE)


class Guide(NamedTuple):
    """A page as the index names it."""

    title: str
    name: str
    about: str


def folder() -> Traversable:
    """Where the pages lie: a wheel brings them along, beside an editable install it is the repository."""
    packed = files("ringlog") / "docs"
    return packed if packed.is_dir() else Path(ringlog.__file__).parents[2] / "docs"


@cache
def pages() -> Mapping[str, bytes]:
    """The index and each page, by the name of its file."""
    return {
        file.name: file.read_bytes()
        for file in folder().iterdir()
        if file.name == INDEX or file.name.endswith(".md")
    }


def guides() -> list[Guide]:
    """What the index lists, in its order."""
    return [Guide(*found.groups()) for found in LINK.finditer(pages()[INDEX].decode())]


@get("/docs/{name:str}")
async def manual(name: FromPath[str]) -> Response[bytes]:
    """As plain text, which every browser shows; some only offer to save what is called Markdown.

    Raises NoSuchAddress.
    """
    if name not in pages():
        raise NoSuchAddress
    return Response(pages()[name], media_type="text/plain", headers=HEADERS)
