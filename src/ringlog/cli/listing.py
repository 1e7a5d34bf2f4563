"""The list of calls, as lines of a terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.text import Text

from ringlog.cli.terminal import cut, filled
from ringlog.cli.times import at, day_name
from ringlog.model import MICROSECONDS, Call
from ringlog.wording import caller, how, lasted, visible

TITLES = ("FROM", "TO", "APPLICATION")
WIDEST = (16, 16, 18)
SESSION_ID = "SESSION ID"


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths of the columns whose texts differ in length."""

    src: int
    dest: int
    length: int
    application: int
    session_id: int = 0
    """0: the ids are not shown."""


def lines(calls: Sequence[Call], now_us: int, width: int, *, utc: bool, ids: bool = False) -> Iterator[Text]:
    """A line per call, newest first, under a line per day; `width` is the terminal's, in columns.

    With `ids` each call's session id stands in it, whole.
    """
    columns = fitted(calls, now_us)
    if ids:
        longest = max(cell_len(visible(call.session_id)) for call in calls)
        columns = replace(columns, session_id=max(len(SESSION_ID), longest))
    yield titles(columns)
    now = at(now_us // MICROSECONDS, utc=utc)
    day = ""
    for call in calls:
        begun = at(call.start_s, utc=utc)
        if (name := day_name(begun, now)) != day:
            day = name
            yield Text(name, style="bold")
        yield row(call, f"{begun:%H:%M:%S}", now_us, columns, width)


def titles(columns: Columns) -> Text:
    session_id = f"{SESSION_ID:<{columns.session_id}}  " if columns.session_id else ""
    return Text(
        f"{'TIME':<8}  {session_id}"
        f"{'FROM':<{columns.src}}  {'TO':<{columns.dest}}  {'LENGTH':>{columns.length}}  "
        f"{'APPLICATION':<{columns.application}}  HOW IT ENDED",
        style="dim",
    )


def fitted(calls: Sequence[Call], now_us: int) -> Columns:
    texts = [(caller(call), visible(call.dest), visible(application(call))) for call in calls]
    widths = [
        min(max([len(title), 10, *(cell_len(text[column]) for text in texts)]), widest)
        for column, (title, widest) in enumerate(zip(TITLES, WIDEST, strict=True))
    ]
    length = max([6, *(cell_len(duration(call, now_us)) for call in calls)])
    return Columns(widths[0], widths[1], length, widths[2])


def row(call: Call, begun: str, now_us: int, columns: Columns, width: int) -> Text:
    line = Text(f"{begun}  ")
    if columns.session_id:
        line.append(f"{filled(visible(call.session_id), columns.session_id)}  ")
    line.append(f"{filled(caller(call), columns.src)}  ")
    line.append(filled(visible(call.dest), columns.dest), "dim")
    line.append(f"  {duration(call, now_us):>{columns.length}}", "blue" if call.end_s is None else "")
    line.append("  ")
    line.append(filled(visible(call.application), columns.application))
    if call.version and cell_len(application(call)) <= columns.application:
        line.right_crop(columns.application - cell_len(visible(call.application)))
        line.append(
            filled(" " + visible(call.version), columns.application - cell_len(visible(call.application))),
            "dim",
        )
    line.append("  ")
    end(call, line, width)
    return line


def end(call: Call, line: Text, width: int) -> None:
    """How it ended, or what goes on; an error or the line found stands for who ended the call."""
    room = max(width - line.cell_len, 1)
    if call.found:
        line.append(cut(visible(call.found), room), "red" if call.found == call.first_error else "")
    elif call.errors:
        mark = f"◆{call.errors}"
        line.append(mark, "red")
        line.append(cut(f" {visible(call.first_error or how(call))}", room - cell_len(mark)))
    elif call.end_s is None:
        line.append(cut(f"now: {visible(call.now)}" if call.now else "running", room), "blue")
    else:
        line.append(cut(how(call), room), "dim" if how(call) == "by application" else "")


def application(call: Call) -> str:
    return f"{call.application} {call.version}".strip()


def duration(call: Call, now_us: int) -> str:
    said = lasted(call, now_us // MICROSECONDS)
    return f"● {said}" if call.end_s is None else said
