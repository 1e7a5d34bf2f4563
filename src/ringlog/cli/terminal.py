"""What reaches the terminal: text made safe, colour, width."""

import os
import sys
import unicodedata

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

UNLIMITED = 1_000_000
"""Columns where nobody reads in columns: in a pipe."""

NAMED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's controls, invisible formats (the bidirectional ones among them), surrogates, line breaks."""
JOINERS = "\u200c\u200d"
"""Formats that letters and emoji are made with."""


def visible(text: str) -> str:
    r"""`text` with every character that would act on a terminal, or hide on it, as its escape: `\x1b`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(escaped(c) if unicodedata.category(c) in UNSEEN else c for c in text)


def escaped(c: str) -> str:
    if c in JOINERS:
        return c
    return NAMED.get(c) or c.encode("unicode_escape", errors="backslashreplace").decode()


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
