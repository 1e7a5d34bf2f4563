"""`ringlog collect asterisk --check`: what a PBX lacks for good logs, and the lines that give it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import typer

from ringlog.cli.place import now_us, run
from ringlog.collect.findings import Finding, all_is_well, engine, findings
from ringlog.collect.looking import look
from ringlog.collect.seen import CEL, CEL_MANAGER, GENERAL, USER
from ringlog.collect.session import Pbx
from ringlog.wording import visible

FILES = {
    "manager.conf, then `manager reload`": {GENERAL: GENERAL, USER: None},
    "cel.conf, then `module reload cel` and `module reload cel_manager.so`": {
        CEL: GENERAL,
        CEL_MANAGER: "manager",
    },
}
"""By heading: sections as findings call them, and their names in the file (None: the user's)."""


def check(pbx: Pbx) -> None:
    """Prints what is found; ends with exit code 1 unless all is well. Raises LoginRefused, Unreachable."""
    seen = run(look(pbx, now_us))
    found = findings(seen)
    for line in report(f"{pbx} is {engine(seen)}.", pbx.username, found):
        typer.echo(visible(line))
    if not all_is_well(found):
        raise typer.Exit(1)


def report(title: str, username: str, found: Sequence[Finding]) -> Iterator[str]:
    yield title
    if all_is_well(found):
        yield "Nothing is missing for good logs."
    yield from (finding.sentence for finding in found)
    lines = {place: value for finding in found for place, value in finding.lines.items()}
    for heading, sections in FILES.items():
        yield from _file(heading, {sections[s] or username: _of(s, lines) for s in sections})


def _of(section: str, lines: Mapping[tuple[str, str], str]) -> Sequence[str]:
    return [f"{name} = {value}" for (where, name), value in lines.items() if where == section]


def _file(heading: str, sections: Mapping[str, Iterable[str]]) -> Iterator[str]:
    there = {name: lines for name, lines in sections.items() if lines}
    if there:
        yield from ("", f"{heading}:")
    for name, lines in there.items():
        yield from ("", f"[{name}]")
        yield from lines
