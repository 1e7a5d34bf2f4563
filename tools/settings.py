"""Writes docs/settings.md from the program: `.venv/bin/python tools/settings.py > docs/settings.md`."""

import sys
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any

from ringlog.cli.main import program
from ringlog.config import default_spool, default_store

SECRETS = (
    ("`RINGLOG_KEY`", "the developer key; `--key-file FILE` instead"),
    ("`RINGLOG_ASTERISK_SECRET`", "the manager user's secret; `--secret-file FILE` instead"),
    ("`RINGLOG_REPLAY_SECRET`", "the secret that a replay asks for; without it any log-in is accepted"),
)
PLATFORMS = {
    default_store(): "sqlite:~/.local/share/ringlog",
    str(default_spool()): "~/.local/state/ringlog/spool",
}
"""Defaults that differ from one machine to the next, as they are on Linux."""

HEAD = """\
# Commands and settings

Written by `tools/settings.py` from the program; a test compares the two.

Every option is an environment variable as well; the command line wins. Every command explains itself
with `--help`.
"""


def page() -> str:
    commands = list(named(program()))
    secrets = (("variable", "what"), *SECRETS)
    overview = (("command", "what it does", "example"), *map(summary, commands))
    options = (("option", "variable", "default", "commands", "what"), *settings(commands))
    return "\n".join((
        HEAD,
        "## Secrets\nNever on the command line: a variable, a file, or asked for on a terminal.\n",
        *table(secrets),
        "\n## Commands\n",
        *table(overview),
        "\n## Options\n",
        *table(options),
        "",
    ))  # fmt: skip


Named = tuple[str, Any]


def named(command: Any, path: str = "ringlog") -> Iterator[Named]:
    """Every command that does something, with its whole name."""
    below = getattr(command, "commands", None)
    if not below:
        yield path, command
        return
    for name in sorted(below):
        yield from named(below[name], f"{path} {name}")


def summary(command: Named) -> tuple[str, ...]:
    path, this = command
    example = this.epilog.removeprefix("Example: ")
    return f"`{path}`", this.help.split("\n\n")[0].replace("\n", " "), f"`{example}`"


def settings(commands: Sequence[Named]) -> Iterator[tuple[str, ...]]:
    """A row for each option; commands that share one share its row."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for path, command in commands:
        for option in command.params:
            if getattr(option, "envvar", None):
                rows.setdefault(setting(option), []).append(path.removeprefix("ringlog "))
    for (name, variable, default, what), users in sorted(rows.items()):
        yield name, variable, default, ", ".join(users), what


def setting(option: Any) -> tuple[str, str, str, str]:
    name = max(option.opts, key=len)
    if not option.is_flag:
        name += f" {option.metavar or kind(option.type_descriptor.annotation)}"
    return f"`{name}`", f"`{option.envvar}`", default(option), option.help


def kind(of: Any) -> str:
    """What stands behind an option, where it says nothing itself."""
    if isinstance(of, type) and issubclass(of, Enum):
        return "|".join(str(one.value) for one in of)
    return "N" if of in {int, float} else "TEXT"


def default(option: Any) -> str:
    if option.required:
        return "required"
    value = option.default
    if callable(value) or value is None or value is False or value == "":
        return ""
    text = str(value.value if isinstance(value, Enum) else value)
    return f"`{PLATFORMS.get(text, text)}`"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    head, *rest = rows
    for row in (head, ["---"] * len(head), *rest):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


if __name__ == "__main__":
    sys.stdout.write(page())
