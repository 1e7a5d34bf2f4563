"""One call, as lines of a terminal."""

import json
from collections.abc import Iterator

from rich.text import Text

from ringlog.cli.listing import application
from ringlog.cli.terminal import filled
from ringlog.cli.times import at
from ringlog.model import MICROSECONDS, Call, Kind
from ringlog.timeline import Fold, Line, Row, Silence, Step, Timeline
from ringlog.wording import caller, gap, how, lasted, tenths, visible

MARKS = {Kind.ERROR: "◆", Kind.PROMPT: "▶", Kind.EVENT: "■", Kind.INFO: "○", Kind.DEBUG: "·"}
STYLES = {Kind.ERROR: "red", Kind.PROMPT: "green", Kind.EVENT: "blue", Kind.INFO: "dim", Kind.DEBUG: "dim"}
NARROW = 80
"""Columns below which the module goes."""
GONE = "The details of this call are gone: they are kept for a few days only."


def lines(drawn: Timeline, now_us: int, width: int, *, utc: bool, whole: bool) -> Iterator[Text]:
    """Header, errors, timeline, footer. `whole` adds the data of every entry."""
    yield from header(drawn, now_us, utc=utc)
    yield Text()
    if drawn.errors:
        yield from findings(drawn)
        yield Text()
    module = max((len(visible(line.module)) for line in drawn.lines), default=0) if width >= NARROW else 0
    page = Page(drawn, module, whole)
    for row in drawn.rows:
        yield from page.row(row)
    yield Text()
    yield footer(drawn)


def gone(call: Call, now_us: int, *, utc: bool) -> Iterator[Text]:
    """What is left of a call whose details are gone."""
    yield from header(Timeline(call, call.start_s * MICROSECONDS, (), (), ()), now_us, utc=utc)
    yield Text()
    yield Text(GONE)


def header(drawn: Timeline, now_us: int, *, utc: bool) -> Iterator[Text]:
    call = drawn.call
    yield Text(f"{caller(call)} → {visible(call.dest) or 'unknown'}   {visible(application(call))}", "bold")
    length = lasted(call, now_us // MICROSECONDS)
    begun = f"{at(call.start_s, utc=utc):%a %Y-%m-%d %H:%M:%S %Z}"
    if call.end_s is None:
        doing = f"now: {drawn.doing}" if drawn.doing else ""
        yield Text.assemble(
            begun,
            "   ",
            (f"● {length}", "blue"),
            f"   running   {doing}",
        )
        return
    cause = call.ending.cause if call.ending else None
    said = f", {cause} {visible(drawn.cause_text)}".rstrip() if cause is not None else ""
    yield Text(f"{begun}   {length}   ended {how(call)}{said}")


def findings(drawn: Timeline) -> Iterator[Text]:
    """The errors: how many, and the first with its place in the application."""
    first = drawn.errors[0]
    count = len(drawn.errors)
    where = "1 error at" if count == 1 else f"{count:,} errors, the first at"
    said = f"◆ {where} {tenths(drawn.offset_us(first))}: {visible(first.text)}"
    yield Text(said, "bold red")
    yield Text(f"  {visible(first.module)} at {visible(first.place)}")


class Page:
    """The timeline's rows, in columns."""

    def __init__(self, drawn: Timeline, module: int, whole: bool) -> None:
        self._drawn = drawn
        self._module = module
        self._whole = whole
        self._first_error = drawn.errors[0] if drawn.errors else None
        self._offset = max((len(tenths(row.offset_us)) for row in drawn.rows), default=0)

    def row(self, row: Row) -> Iterator[Text]:
        head = Text().append(f"{tenths(row.offset_us):>{self._offset}}  {gap(row.gap_us or 0):>6}  ", "dim")
        if isinstance(row, Step):
            yield self._step(row, head)
            if self._whole:
                yield from self._data(row.line, head.cell_len + 4)
            return
        words = folded(row) if isinstance(row, Fold) else silent(row)
        rail = "⋮ │ " if row.beside else "⋮   "
        yield head + Text(rail + " " * self._width + words, "dim")

    @property
    def _width(self) -> int:
        return self._module + 1 if self._module else 0

    def _step(self, row: Step, head: Text) -> Text:
        line = row.line
        failed = line.kind == Kind.ERROR
        mark = MARKS[line.kind]
        style = STYLES[line.kind]
        whole = ("bold red" if line is self._first_error else "red") if failed else ""
        body = Text("│ " if row.on_leg else "")
        body.append(mark, style)
        body.append(" " if row.on_leg else " │ " if row.beside else "   ")
        if self._module:
            body.append(filled(visible(line.module), self._module) + " ", "dim")
        body.append(
            said(line),
            whole or ("bold" if line.is_input else style if style == "dim" else ""),
        )
        if behind := "private" if line.private else visible(line.behind):
            body.append(f"  ({behind})", "dim")
        if line.source != self._drawn.sources[0]:
            body.append(f"  [{visible(line.source)}]", "dim")
        return head + body

    def _data(self, line: Line, indent: int) -> Iterator[Text]:
        for key, value in line.data.items():
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield Text(f"{' ' * (indent + self._width)}{visible(key)}: {visible(shown)}", "dim")


def said(line: Line) -> str:
    """The line as people read it, and of which leg it tells."""
    name = line.leg.rpartition("/")[2]
    if line.on_leg and name not in line.text:
        return f"{visible(name)}: {visible(line.said)}"
    return visible(line.said)


def folded(row: Fold) -> str:
    each = (row.gap_us or 0) / row.rounds / MICROSECONDS
    steps = "step" if row.steps == 1 else f"{row.steps} steps"
    return f"same {steps} × {row.rounds:,}, about {each:.1f} s each (--all shows {row.entries:,} entries)"


def silent(row: Silence) -> str:
    nothing = f"nothing logged for {gap(row.gap_us or 0)}"
    return f"{row.doing}, {nothing}" if row.doing else nothing


def footer(drawn: Timeline) -> Text:
    names = ", ".join(visible(source) for source in drawn.sources)
    which = "source" if len(drawn.sources) == 1 else "sources"
    entries = "entry" if len(drawn.lines) == 1 else "entries"
    said = f"{len(drawn.lines):,} {entries}   id {visible(drawn.call.session_id)}"
    dropped = f"   {drawn.call.dropped:,} more were dropped" if drawn.call.dropped else ""
    return Text(said + (f"   {which} {names}" if names else "") + dropped, "dim")
