"""How big and how long: the command's options."""

from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / ".data"
"""Built stores and results; no part of the repository."""


@dataclass(frozen=True)
class Settings:
    calls: int = 1_000_000
    """Of seven entries, in the built store."""
    calls_of_50: int = 50_000
    few_calls: int = 14_300
    """In the small store that the large one is set beside (100,000 entries)."""
    rounds: int = 5
    seconds: float = 3
    """Of each side's turn in a round."""
    sustained_s: float = 560
    followers: int = 1000
    reads: int = 1_000_000
    """Before memory is looked at."""
    data: Path = DATA
