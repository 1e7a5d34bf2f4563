"""How many callers reached each step, left there, and went on to which: a Day's tables `steps` and `moves`.

An application has a share of rows. What finds none is counted in the row of others, and the call's frame
says so, a bit for each step and then for each move: which steps have rows depends on who came first, so
nothing but that note can tell where to take a call out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

from ringlog.store.sqlite.disk.catalogue import Connection
from ringlog.walk import RULES, Walk

MAX_STEPS = 500
MAX_MOVES = 2000
"""Rows of one application, without that of the others."""
OTHER = ""
OTHER_MOVE = OTHER, OTHER

Move = tuple[str, str]
Application = tuple[int, int]
"""The ids of an account and of its application's label."""
T = TypeVar("T", str, Move)

ADD_STEP = (
    "INSERT INTO steps VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
    "reached = reached + excluded.reached, left_there = left_there + excluded.left_there"
)
ADD_MOVE = "INSERT INTO moves VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET calls = calls + excluded.calls"


class Counted(NamedTuple):
    """A call as it is counted."""

    application: Application
    walk: Walk


class Counts:
    """What some calls add up to."""

    def __init__(self) -> None:
        self.reached: Counter[tuple[Application, str]] = Counter()
        self.left: Counter[tuple[Application, str]] = Counter()
        self.moves: Counter[tuple[Application, Move]] = Counter()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Counts) and vars(self) == vars(other)

    __hash__ = None  # pyright: ignore[reportAssignmentType] - it changes

    def add(self, call: Counted, others: int, times: int = 1) -> None:
        """Each step and each move counts once a call, however often the caller took it."""
        rows = _rows(call.walk, others)
        for step in dict.fromkeys(rows.values()):
            self.reached[call.application, step] += times
        for move in _counted_moves(call.walk, rows, others):
            self.moves[call.application, move] += times
        if call.walk.left:
            self.left[call.application, rows[call.walk.steps[-1]]] += times


class _Rows:
    """The rows that an application has."""

    def __init__(self, steps: Iterable[str], moves: Iterable[Move]) -> None:
        self._steps = set(steps)
        self._moves = set(moves)

    def others(self, walk: Walk) -> int:
        """Which of its steps, then of its moves, find no row; all that do have one from now on."""
        steps = list(dict.fromkeys(walk.steps))
        others = _without_row(steps, self._steps, MAX_STEPS)
        moves = _moves(walk, _rows(walk, others))
        return others | _without_row(moves, self._moves, MAX_MOVES) << len(steps)


class StepCounts:
    """The tables, inside a transaction of the Day."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[Application, _Rows] = {}

    def begin(self) -> None:
        """A transaction begins: what was known of the tables may have changed."""
        self._known.clear()

    def version(self) -> int | None:
        for (version,) in self._connection.rows("SELECT version FROM step_version"):
            return version
        return None

    def clear(self) -> None:
        """Nothing is counted, by the rules of now."""
        self._known.clear()
        for table in ("steps", "moves", "step_version"):
            self._connection.run(f"DELETE FROM {table}")  # noqa: S608 - a name
        self._connection.run("INSERT INTO step_version VALUES (?)", (RULES,))

    def add(self, calls: Sequence[Counted]) -> list[bytes | None]:
        """Counts the calls; of each what its frame has to note."""
        counts = Counts()
        others: dict[Counted, int] = {}
        # Most callers take one of a few ways.
        for call, times in Counter(calls).items():
            others[call] = self._rows(call.application).others(call.walk)
            counts.add(call, others[call], times)
        self._write(counts)
        notes = {call: _note(bits) for call, bits in others.items()}
        return [notes[call] for call in calls]

    def take_out(self, call: Counted, note: bytes | None) -> None:
        """A call that was counted with this note."""
        counts = Counts()
        counts.add(call, bits_of(note), -1)
        self._write(counts)
        self._connection.run(
            "DELETE FROM steps WHERE account_id = ? AND application_id = ? AND reached = 0", call.application
        )
        self._connection.run(
            "DELETE FROM moves WHERE account_id = ? AND application_id = ? AND calls = 0", call.application
        )
        self._known.pop(call.application, None)

    def _write(self, counts: Counts) -> None:
        self._connection.run_many(
            ADD_STEP,
            [(*of, step, calls, counts.left[of, step]) for (of, step), calls in counts.reached.items()],
        )
        self._connection.run_many(ADD_MOVE, [(*of, *move, n) for (of, move), n in counts.moves.items()])

    def _rows(self, application: Application) -> _Rows:
        if application not in self._known:
            of = "WHERE account_id = ? AND application_id = ?"
            steps = self._connection.rows(f"SELECT step FROM steps {of} AND step != ''", application)  # noqa: S608 - constants
            moves = self._connection.rows(f"SELECT from_step, to_step FROM moves {of}", application)  # noqa: S608 - constants
            known = [(row[0], row[1]) for row in moves if row != OTHER_MOVE]
            self._known[application] = _Rows([step for (step,) in steps], known)
        return self._known[application]


def bits_of(note: bytes | None) -> int:
    return int.from_bytes(note or b"", "little")


def _note(others: int) -> bytes | None:
    return others.to_bytes(-(-others.bit_length() // 8), "little") or None


def _rows(walk: Walk, others: int) -> Mapping[str, str]:
    """The row of each of its steps."""
    return {step: OTHER if others >> n & 1 else step for n, step in enumerate(dict.fromkeys(walk.steps))}


def _moves(walk: Walk, rows: Mapping[str, str]) -> list[Move]:
    """Its moves from row to row, each once."""
    taken = [(rows[one], rows[other]) for one, other in pairwise(walk.steps)]
    return [move for move in dict.fromkeys(taken) if move != OTHER_MOVE]


def _counted_moves(walk: Walk, rows: Mapping[str, str], others: int) -> Iterable[Move]:
    bits = others >> len(rows)
    moves = enumerate(_moves(walk, rows))
    return dict.fromkeys(OTHER_MOVE if bits >> n & 1 else move for n, move in moves)


def _without_row(wanted: Sequence[T], rows: set[T], limit: int) -> int:
    others = 0
    for n, one in enumerate(wanted):
        if one not in rows:
            if len(rows) < limit:
                rows.add(one)
            else:
                others |= 1 << n
    return others
