"""Style sheet, scripts and icon: kept in memory, at addresses that change with their content.

One hash stands for all files, as a folder, so that modules import each other by plain names.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from litestar import Response, get
from litestar.params import FromPath
from swagger_ui_bundle import swagger_ui_path  # pyright: ignore[reportMissingTypeStubs] - it has one Path

from ringlog.web.statuses import NoSuchAddress

MEDIA_TYPES = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
SWAGGER_UI = ("swagger-ui-bundle.js", "swagger-ui.css")
"""What the page of the API's reference is made of."""
HEADERS = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


class Files(NamedTuple):
    version: str
    by_name: Mapping[str, bytes]


@cache
def static_files() -> Files:
    own = (files("ringlog.web.console") / "static").iterdir()
    found = {file.name: file.read_bytes() for file in sorted(own, key=lambda file: file.name)}
    found |= {name: (swagger_ui_path / name).read_bytes() for name in SWAGGER_UI}
    digest = hashlib.sha256()
    for name, content in found.items():
        digest.update(b"%s %d\n%s" % (name.encode(), len(content), content))
    return Files(digest.hexdigest()[:16], found)


def address(name: str) -> str:
    """Where a file is served. Raises KeyError where there is none, so that a slip shows in any test."""
    version, by_name = static_files()
    if name not in by_name:
        raise KeyError(name)
    return f"/static/{version}/{name}"


@get("/static/{version:str}/{name:str}")
async def static(version: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """Raises NoSuchAddress, also for another version: what is kept for ever must never be another's."""
    kept, by_name = static_files()
    if version != kept or name not in by_name:
        raise NoSuchAddress
    return Response(by_name[name], media_type=MEDIA_TYPES[name.rpartition(".")[2]], headers=HEADERS)
