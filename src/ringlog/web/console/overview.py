"""The overview: how many calls, how many with errors, how long, which errors, and where callers leave."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from litestar import Response, get
from litestar.di import NamedDependency

from ringlog.accounts import Principal
from ringlog.call_log import CallLog
from ringlog.errors import BadInput
from ringlog.model import DAY_S, MICROSECONDS, Clock
from ringlog.overview import HOUR_S, Flow, Overview, Period, StepCount, TopError, Totals
from ringlog.walk import named
from ringlog.web import asgi
from ringlog.web.console.asking import PERIODS, Asked, address
from ringlog.web.console.flow import Drawing, drawn
from ringlog.web.console.hours import chart
from ringlog.web.console.pages import page
from ringlog.web.cookies import AnyRequest

STEPS: Mapping[str, int] = {"day": HOUR_S, "days": HOUR_S, "month": DAY_S}
"""Periods that can be looked over, and the seconds of one column."""
DEFAULT = "day"
ROWS = 100
MOVES = 200


@get("/overview")
async def overview(
    request: AnyRequest,
    call_log: NamedDependency[CallLog],
    principal: NamedDependency[Principal],
    clock: NamedDependency[Clock],
) -> Response[str]:
    """Of the period and the application that the address names; else of a day, and of the busiest one."""
    parameters = asgi.query(cast("asgi.Scope", request.scope))
    name = parameters.get("period") or DEFAULT
    period = period_named(name, clock() // MICROSECONDS)
    found = await call_log.overview(principal.account_id, period, parameters.get("application"))
    return page(
        request,
        "overview.html",
        principal=principal,
        period=name,
        periods=[(one, PERIODS[one][0]) for one in STEPS],
        overview=found,
        shares=(share(found.totals), share(found.before)),
        per="day" if STEPS[name] == DAY_S else "hour",
        chart=chart(found.hours, period, STEPS[name]),
        errors=[(error, calls_with(error, period)) for error in found.errors],
        applications=sorted({*found.applications, *([found.flow.application] if found.flow else [])}),
        flow=told(found),
    )


def period_named(name: str, now_s: int) -> Period:
    """Until now, from the beginning of an hour or a day on. Raises BadInput."""
    if name not in STEPS:
        raise BadInput(f"period must be one of {', '.join(STEPS)}.")
    step_s, length_s = STEPS[name], PERIODS[name][1]
    return Period((now_s // step_s + 1) * step_s - length_s, now_s + 1)


def share(totals: Totals) -> str | None:
    """Of the calls, those with errors."""
    return f"{100 * totals.with_errors / totals.calls:.1f} %" if totals.calls else None


def calls_with(error: TopError, period: Period) -> str:
    """The list of its calls; of all with errors where the box would search for something else, or nothing."""
    given = {"class": "error", "since": str(period.start_s), "until": str(period.end_s), "q": error.text}
    if (asked := Asked(given)).is_number or asked.is_signs:
        del given["q"]
    return address("/calls", given)


class Row(NamedTuple):
    """A step in the table; percentages of the calls that reached the most frequent one, for its bar."""

    module: str
    name: str
    reached: int
    left: int
    percent: str
    went_on: float
    left_width: float
    is_worst: bool


class Told(NamedTuple):
    """A flow as the page tells it."""

    flow: Flow
    drawing: Drawing | None
    rows: Sequence[Row]
    worst: Row | None
    """Where most callers leave."""
    moves: Sequence[tuple[tuple[str, str], tuple[str, str], int]]
    more_rows: int
    more_moves: int


def told(found: Overview) -> Told | None:
    flow = found.flow
    if flow is None:
        return None
    drawing = drawn(flow)
    ordered = in_order(flow.steps, drawing)
    most = max((step.reached for step in ordered), default=1)
    worst = max(ordered, key=lambda step: step.left, default=None)
    rows = [row(step, most, is_worst=step is worst and step.left > 0) for step in ordered]
    return Told(
        flow=flow,
        drawing=drawing,
        rows=rows[:ROWS],
        worst=next((row for row in rows if row.is_worst), None),
        moves=[(named(move.from_step), named(move.to_step), move.calls) for move in flow.moves[:MOVES]],
        more_rows=max(0, len(rows) - ROWS),
        more_moves=max(0, len(flow.moves) - MOVES),
    )


def in_order(steps: Sequence[StepCount], drawing: Drawing | None) -> Sequence[StepCount]:
    """As they are drawn, then by calls."""
    places = {step: n for n, step in enumerate(drawing.order)} if drawing else {}
    return sorted(steps, key=lambda step: (places.get(step.step, len(places)), -step.reached))


def row(step: StepCount, most: int, *, is_worst: bool) -> Row:
    module, name = named(step.step)
    return Row(
        module=module,
        name=name,
        reached=step.reached,
        left=step.left,
        percent=f"{100 * step.left / step.reached:.0f} %" if step.left and step.reached else "–",
        went_on=96 * (step.reached - step.left) / most,
        left_width=96 * step.left / most,
        is_worst=is_worst,
    )
