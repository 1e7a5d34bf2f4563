"""The list of calls as a file for spreadsheets."""

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

from litestar import get
from litestar.di import NamedDependency
from litestar.response import Stream

from ringlog.accounts import Principal
from ringlog.call_log import CallLog
from ringlog.model import MICROSECONDS, Call, CallQuery, Clock
from ringlog.web.console.asking import asked_for
from ringlog.web.console.spelling import iso
from ringlog.web.cookies import AnyRequest
from ringlog.wording import visible

PAGE = 500
HEAD = (
    "session_id", "start", "end", "seconds", "src", "dest", "type", "state", "application", "version",
    "entries", "errors", "first_error", "ended_by", "cause",
)  # fmt: skip
FORMULA = re.compile(r"""(^|;)(?=[\s"]*[=+\-@＝＋－＠])""")
"""Where a spreadsheet would begin to reckon (https://owasp.org/www-community/attacks/CSV_Injection).

In much of Europe it takes `;` for what is between cells, whatever the file has there.
"""


@get("/calls.csv")
async def calls_csv(
    request: AnyRequest,
    call_log: NamedDependency[CallLog],
    principal: NamedDependency[Principal],
    clock: NamedDependency[Clock],
) -> Stream:
    """All calls that the same filters list, newest first. What fails at once is an ordinary error."""
    query = asked_for(request.query_params).query(clock() // MICROSECONDS, PAGE)
    pages = in_pages(call_log, principal.account_id, query)
    first = await anext(pages)

    async def text() -> AsyncIterator[str]:
        yield lines([HEAD])
        yield lines(map(row, first))
        async for calls in pages:
            yield lines(map(row, calls))

    headers = {
        "Content-Disposition": 'attachment; filename="calls.csv"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Stream(text(), media_type="text/csv", headers=headers)


async def in_pages(call_log: CallLog, account_id: int, query: CallQuery) -> AsyncIterator[Iterable[Call]]:
    """At least one page, which may be empty."""
    while True:
        page = await call_log.calls(account_id, query)
        yield page.calls
        if page.next is None:
            return
        query = replace(query, after=page.next)


def row(call: Call) -> tuple[object, ...]:
    ended = call.ending.by if call.ending else ""
    cause = call.ending.cause if call.ending else None
    end = "" if call.end_s is None else iso(call.end_s)
    return (
        call.session_id, iso(call.start_s), end, call.lasted_s, call.src, call.dest, call.type, call.state,
        call.application, call.version, call.entries, call.errors, call.first_error, ended, cause,
    )  # fmt: skip


def lines(rows: Iterable[Iterable[object]]) -> str:
    """RFC 4180, a missing value empty."""
    text = io.StringIO()
    csv.writer(text).writerows(map(harmless, rows))
    return text.getvalue()


def harmless(row: Iterable[object]) -> list[object]:
    """Texts as pages show them, with an apostrophe before what a spreadsheet would take for a formula.

    Also before the `+` of a telephone number: without it a spreadsheet would drop the `+`, round what is
    long and take a `-` for a minus.
    """
    return [FORMULA.sub(r"\1'", visible(v)) if isinstance(v, str) else v for v in row]
