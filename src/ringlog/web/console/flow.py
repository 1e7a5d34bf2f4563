"""Where callers go and where they leave, as shapes: from an application's counts to a drawing, purely.

It is read from above: a bar a step, as wide as its share of the calls; rivers lead on to later steps, and
aside where callers hung up. Steps lie below all that lead to them; moves that go back are left to the table.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ringlog.overview import Flow, MoveCount, StepCount
from ringlog.walk import named
from ringlog.wording import visible

WIDTH = 1180
MOST_STEPS = 14
LEAST_SHARE = 0.02
"""Of all calls: a smaller move is drawn only where no greater one leads to its step."""
WIDEST_BAR = 560
THIN = 2
"""The least width of a bar."""
HEIGHT = 8
ROW = 104
"""From bar to bar."""
TOP = 28
SLOT = 168
BESIDE = 116
"""Room for a label, and for what is said of those who left."""
GAP = 16
FALL, ASIDE = 40, 12
"""How deep those who left fall below their step, and how far aside."""
LETTER = 7.4
"""Width of a letter, on the wide side."""


class Label(NamedTuple):
    """Beside a shape; `title` is the name in full."""

    x: float
    y: float
    calls: int
    name: str
    module: str
    title: str


class Shape(NamedTuple):
    """A rectangle, HEIGHT high."""

    x: float
    y: float
    width: float


class Left(NamedTuple):
    """Callers who hung up in a step: their river, the bar at its end, and the label beside it."""

    path: str
    bar: Shape
    calls: int
    percent: int
    most: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    bars: Sequence[Shape]
    rivers: Sequence[str]
    """As paths."""
    labels: Sequence[Label]
    left: Sequence[Left]
    order: Sequence[str]
    """The steps drawn, from the top down."""


@dataclass(slots=True)
class Node:
    count: StepCount
    row: int = 0
    x: float = 0
    width: float = 0
    slot: float = 0
    parents: list[MoveCount] = field(default_factory=list[MoveCount])
    children: list[MoveCount] = field(default_factory=list[MoveCount])

    @property
    def y(self) -> float:
        return TOP + self.row * ROW


def drawn(flow: Flow) -> Drawing | None:
    """None where there is nothing to draw."""
    nodes = {count.step: Node(count) for count in _chosen(flow)}
    if not nodes:
        return None
    total = max(node.count.reached for node in nodes.values())
    _connect(nodes, flow.moves, total)
    rows = _rows(nodes)
    for node in nodes.values():
        node.width = max(THIN, WIDEST_BAR * node.count.reached / total)
        node.slot = max(SLOT, node.width + (BESIDE if node.count.left else 0))
    for row in rows:
        _place(row, nodes)
    most = max(nodes.values(), key=lambda node: node.count.left).count.step
    return Drawing(
        width=WIDTH,
        height=TOP + (len(rows) - 1) * ROW + FALL + 3 * HEIGHT,
        bars=[Shape(node.x, node.y, node.width) for node in nodes.values()],
        rivers=list(_rivers(nodes)),
        labels=[_label(node) for node in nodes.values()],
        left=[_left(node, most=step == most) for step, node in nodes.items() if node.count.left],
        order=[node.count.step for row in rows for node in row],
    )


def _chosen(flow: Flow) -> Sequence[StepCount]:
    """The steps most calls reached, from where calls begin on, each behind one that leads to it."""
    left = {count.step: count for count in flow.steps if count.step}
    after: defaultdict[str, list[str]] = defaultdict(list)
    for move in flow.moves:
        after[move.from_step].append(move.to_step)
    near = _beginnings(list(left.values()), flow.moves)
    chosen: list[StepCount] = []
    while near and len(chosen) < MOST_STEPS:
        count = left.pop(max(near, key=lambda step: left[step].reached))
        chosen.append(count)
        near = [step for step in (*near, *after[count.step]) if step in left]
    return chosen


def _beginnings(counts: Sequence[StepCount], moves: Iterable[MoveCount]) -> Sequence[str]:
    """The steps that more calls reached than came from others: there, calls begin."""
    came: Counter[str] = Counter()
    for move in moves:
        came[move.to_step] += move.calls
    by_surplus = sorted(counts, key=lambda count: came[count.step] - count.reached)
    return [count.step for count in by_surplus if count.reached > came[count.step] or count is by_surplus[0]]


def _connect(nodes: Mapping[str, Node], moves: Iterable[MoveCount], total: int) -> None:
    """First the greatest move to each step from one that was chosen before, then all that close no circle."""
    greatest: dict[str, MoveCount] = {}
    places = {step: n for n, step in enumerate(nodes)}
    drawn = sorted(
        [move for move in moves if move.from_step in nodes and move.to_step in nodes],
        key=lambda move: -move.calls,
    )
    for move in drawn:
        if places[move.from_step] < places[move.to_step]:
            greatest.setdefault(move.to_step, move)
    large = [move for move in drawn if move.calls >= total * LEAST_SHARE]
    for move in dict.fromkeys([*greatest.values(), *large]):
        if not _leads(nodes, move.to_step, move.from_step):
            nodes[move.from_step].children.append(move)
            nodes[move.to_step].parents.append(move)


def _leads(nodes: Mapping[str, Node], step: str, to: str) -> bool:
    behind = [step]
    for one in behind:
        behind += [move.to_step for move in nodes[one].children if move.to_step not in behind]
    return to in behind


def _rows(nodes: Mapping[str, Node]) -> list[list[Node]]:
    """Each step below all that lead to it."""
    rows: defaultdict[int, list[Node]] = defaultdict(list)
    depths: dict[str, int] = {}

    def depth(step: str) -> int:
        if step not in depths:
            depths[step] = max((depth(move.from_step) + 1 for move in nodes[step].parents), default=0)
        return depths[step]

    for step, node in nodes.items():
        node.row = depth(step)
        rows[node.row].append(node)
    return [rows[row] for row in sorted(rows)]


def _place(row: list[Node], nodes: Mapping[str, Node]) -> None:
    """As near as may be below what leads to it, from left to right."""
    wanted = {node.count.step: _wanted(node, nodes) for node in row}
    row.sort(key=lambda node: (wanted[node.count.step], -node.count.reached))
    room = WIDTH - GAP * (len(row) - 1)
    if (needed := sum(node.slot for node in row)) > room:
        for node in row:
            node.slot *= room / needed
            node.width = min(node.width, node.slot)
    end = 0.0
    for node in row:
        node.x = max(wanted[node.count.step], end)
        end = node.x + node.slot + GAP
    limit = float(WIDTH)
    for node in reversed(row):
        node.x = min(node.x, limit - node.slot)
        limit = node.x - GAP


def _wanted(node: Node, nodes: Mapping[str, Node]) -> float:
    """Where its greatest river comes from."""
    if not node.parents:
        return 0
    move = node.parents[0]
    parent = nodes[move.from_step]
    beside = [other for other in parent.children if nodes[other.to_step].row == node.row]
    before = sum(other.calls for other in beside[: beside.index(move)])
    return parent.x + _scale(parent) * before


def _scale(node: Node) -> float:
    """Width of one call at the lower side of a bar: where callers loop, more goes on than came."""
    going = sum(move.calls for move in node.children) + node.count.left
    return node.width / max(node.count.reached, going)


class Side(NamedTuple):
    """One end of a river."""

    x: float
    width: float
    y: float


def _rivers(nodes: Mapping[str, Node]) -> Iterable[str]:
    """Side by side at both ends, in the order of what they lead to and come from."""
    ends: dict[MoveCount, Side] = {}
    for node in nodes.values():
        x = node.x
        scale = node.width / max(node.count.reached, sum(move.calls for move in node.parents))
        for move in sorted(node.parents, key=lambda move: nodes[move.from_step].x):
            ends[move] = Side(x, move.calls * scale, node.y)
            x += move.calls * scale
    for node in nodes.values():
        x, scale = node.x, _scale(node)
        for move in sorted(node.children, key=lambda move: ends[move].x):
            yield _path(Side(x, move.calls * scale, node.y + HEIGHT), ends[move])
            x += move.calls * scale


def _path(source: Side, mouth: Side) -> str:
    half = (source.y + mouth.y) / 2
    one, one_end, other, other_end = source.x, source.x + source.width, mouth.x, mouth.x + mouth.width
    return (
        f"M{one:.1f} {source.y:.1f}C{one:.1f} {half:.1f} {other:.1f} {half:.1f} {other:.1f} {mouth.y:.1f}"
        f"H{other_end:.1f}"
        f"C{other_end:.1f} {half:.1f} {one_end:.1f} {half:.1f} {one_end:.1f} {source.y:.1f}z"
    )


def _left(node: Node, *, most: bool) -> Left:
    count = node.count
    width = max(THIN, count.left * _scale(node))
    end = node.x + node.width
    mouth = Side(end - width + ASIDE, width, node.y + HEIGHT + FALL)
    return Left(
        path=_path(Side(end - width, width, node.y + HEIGHT), mouth),
        bar=Shape(mouth.x, mouth.y, width),
        calls=count.left,
        percent=round(100 * count.left / count.reached),
        most=most,
    )


def _label(node: Node) -> Label:
    module, name = (visible(text) for text in named(node.count.step))
    room = int(node.slot / LETTER) - len(str(node.count.reached)) - 1
    shown = _cut(name or module, room)
    rest = room - len(shown) - 1
    return Label(
        node.x,
        node.y - 8,
        node.count.reached,
        shown,
        module if name and len(module) <= rest else "",
        f"{module} {name}".strip(),
    )


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(1, room - 1)] + "…"
