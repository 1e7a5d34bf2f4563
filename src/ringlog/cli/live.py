"""Calls while they run, in a terminal: what is new is written below what is there."""

from collections.abc import Sequence

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ringlog.cli import listing, showing
from ringlog.cli.following import Fresh
from ringlog.cli.listing import Columns
from ringlog.cli.place import now_us
from ringlog.cli.terminal import put
from ringlog.cli.times import at, day_name
from ringlog.model import MICROSECONDS, Call, StoredEntry, in_order
from ringlog.timeline import Line, Silence, Step, Timeline, timeline
from ringlog.wording import lasted, visible

NARROWEST_MODULE = 9

Identity = tuple[str, int]


class LiveCall:
    """The rows of one call as they come, none folded; while it runs, the last line says for how long."""

    def __init__(self, console: Console, call: Call, *, utc: bool, whole: bool) -> None:
        self._console = console
        self._call = call
        self._utc = utc
        self._whole = whole
        self._entries: dict[Identity, StoredEntry] = {}
        self._drawn = timeline(call, ())
        self._module = NARROWEST_MODULE if console.width >= showing.NARROW else 0

    def begin(self, entries: Sequence[StoredEntry]) -> None:
        self._add(Fresh(None, entries))
        for line in showing.header(self._drawn, now_us(), utc=self._utc):
            put(self._console, line)
        put(self._console, Text())
        self._put_rows({(entry.source, entry.seq) for entry in entries})

    def tell(self, fresh: Fresh) -> None:
        self._add(fresh)
        self._put_rows({(entry.source, entry.seq) for entry in fresh.entries})

    def end(self) -> None:
        """How it ended, and the footer."""
        put(self._console, Text())
        _, ended = showing.header(self._drawn, now_us(), utc=self._utc)
        put(self._console, ended)
        put(self._console, showing.footer(self._drawn))

    def running(self) -> Live:
        """The last line, on a terminal; it goes by itself."""
        return Live(get_renderable=self._status, console=self._console, transient=True, refresh_per_second=2)

    def _status(self) -> Text:
        call = self._drawn.call
        said = f"… {lasted(call, now_us() // MICROSECONDS)} {visible(self._drawn.doing) or 'running'}"
        return Text(said if call.end_s is None else "…", "blue")

    def _add(self, fresh: Fresh) -> None:
        self._call = fresh.call or self._call
        self._entries.update({(entry.source, entry.seq): entry for entry in fresh.entries})
        self._drawn: Timeline = timeline(self._call, in_order(list(self._entries.values())), whole=True)

    def _put_rows(self, new: set[Identity]) -> None:
        """The new entries' rows, each below the silence before it."""
        if self._module:
            self._module = max([self._module, *(len(visible(line.module)) for line in self._drawn.lines)])
        page = showing.Page(self._drawn, self._module, self._whole)
        silence: list[Text] = []
        for row in self._drawn.rows:
            if isinstance(row, Silence):
                silence = list(page.row(row))
            elif isinstance(row, Step):
                if identity(row.line) in new:
                    for line in (*silence, *page.row(row)):
                        put(self._console, line)
                silence = []


def identity(line: Line) -> Identity:
    return line.source, line.seq


class LiveList:
    """A row when a call begins and again when it ends, the latest at the bottom."""

    def __init__(self, console: Console, *, utc: bool) -> None:
        self._console = console
        self._utc = utc
        self._ended: dict[str, bool] = {}
        self._columns: Columns | None = None
        self._day = ""

    def tell(self, calls: Sequence[Call]) -> None:
        for call in self.new(calls):
            if not self._columns:
                self._columns = listing.fitted(calls, now_us())
                put(self._console, listing.titles(self._columns))
            self._put(call, self._columns)

    def new(self, calls: Sequence[Call]) -> Sequence[Call]:
        """Those that began or ended since they were told the last time, oldest first."""
        stands = {call.session_id: call.end_s is not None for call in calls}
        new = {one for one, ended in stands.items() if self._ended.get(one) not in {True, ended}}
        self._ended.update({one: stands[one] for one in new})
        found = [call for call in calls if call.session_id in new]
        return sorted(found, key=lambda call: (call.start_s, call.session_id))

    def _put(self, call: Call, columns: Columns) -> None:
        begun = at(call.start_s, utc=self._utc)
        now = now_us()
        if (day := day_name(begun, at(now // MICROSECONDS, utc=self._utc))) != self._day:
            self._day = day
            put(self._console, Text(day, style="bold"))
        put(self._console, listing.row(call, f"{begun:%H:%M:%S}", now, columns, self._console.width))
