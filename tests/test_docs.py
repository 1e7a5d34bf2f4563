"""What the pages say exists, and what exists is said."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from tools.settings import named, page

from ringlog.cli.main import program

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
USERS = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
COMMANDS = list(named(program()))
VARIABLE = re.compile(r"\bRINGLOG_[A-Z]+(?:_[A-Z]+)*\b(?!_)")


def test_the_settings_page_is_what_the_program_says() -> None:
    written = (ROOT / "docs" / "settings.md").read_text()
    assert written == page(), "write it anew: .venv/bin/python tools/settings.py > docs/settings.md"


@pytest.mark.parametrize("command", [path for path, _ in COMMANDS])
def test_every_command_is_named(command: str) -> None:
    assert any(re.search(rf"{command}\b", text.read_text()) for text in USERS)


def test_every_variable_that_is_named_exists_and_every_one_that_exists_is_named() -> None:
    said = {name for text in PAGES for name in VARIABLE.findall(text.read_text())}
    code = {name for file in (ROOT / "src").rglob("*.py") for name in VARIABLE.findall(file.read_text())}
    options = {
        option.envvar
        for _, command in COMMANDS
        for option in command.params
        if getattr(option, "envvar", None)
    }
    assert said == code | options


def test_every_example_of_a_command_is_one() -> None:
    """The examples in help texts name a command and options that it has."""
    for path, command in COMMANDS:
        words = command.epilog.removeprefix("Example: ").split()
        known = {name for option in command.params for name in option.opts}
        assert " ".join(words).startswith(path)
        assert {word for word in words if word.startswith("--")} <= known


def links(text: str) -> Iterator[str]:
    """Where a page's links lead, code left out."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    yield from re.findall(r"\]\(([^)\s]+)\)", prose)


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    for link in links(page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link
