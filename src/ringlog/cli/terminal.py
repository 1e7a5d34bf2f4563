"""What reaches the terminal: colour, width."""

import os
import sys

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

UNLIMITED = 1_000_000
"""Columns where nobody reads in columns: in a pipe."""


def terminal() -> Console:
    """Standard output: coloured on a terminal unless NO_COLOR is set; in a pipe as wide as COLUMNS says."""
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not console.is_terminal and not os.environ.get("COLUMNS"):
        console.width = UNLIMITED
    return console


def put(console: Console, text: Text) -> None:
    """One line, whatever its width."""
    text.rstrip()
    console.print(text, no_wrap=True, overflow="ignore", crop=False)


def cut(text: str, cells: int) -> str:
    """`text` in at most so many columns of a terminal, `…` where something is missing."""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, max(cells - 1, 0)).rstrip() + "…"


def filled(text: str, cells: int) -> str:
    """`text` in exactly so many columns of a terminal."""
    return set_cell_size(cut(text, cells), cells)


def asks_nobody() -> bool:
    """Nobody is there to answer a question."""
    return not sys.stdin.isatty()
