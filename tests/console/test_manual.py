"""The Markdown pages, as a program without an account reads them."""

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from ringlog.web.console.manual import guides
from tests.running import Server

from .person import Person

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs"
PAGES = sorted(file.name for file in FOLDER.glob("*.md"))


@pytest.mark.parametrize("name", [*PAGES, "llms.txt"])
def test_every_page_is_served_as_it_lies_in_the_folder(server: Server, name: str) -> None:
    answer = Person(server).get(f"/docs/{name}?who=knows&unknown")
    assert (answer.status, answer.body) == (200, (FOLDER / name).read_bytes())
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_index_names_every_page_and_no_other() -> None:
    assert sorted(guide.name for guide in guides()) == PAGES


@pytest.mark.parametrize(
    "path",
    ["no-such.md", "..%2f", "..%2fpyproject.toml", "../pyproject.toml", "%2e%2e%2fREADME.md",
     "..%5cREADME.md", "img", "img%2f..%2fapi.md", "api.md%00", "%ff"],
)  # fmt: skip
def test_nothing_else_is_served(server: Server, path: str) -> None:
    answer = Person(server).get(f"/docs/{path}", Accept="*/*")
    assert (answer.status, answer.json()) == (404, {"error": "No such address."})


def test_a_wheel_brings_the_pages_along(tmp_path: Path) -> None:
    built = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    packed = set(zipfile.ZipFile(built).namelist())
    assert packed >= {f"ringlog/docs/{name}" for name in (*PAGES, "llms.txt")}
