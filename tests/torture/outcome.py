"""How much a part of the torture tries, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Effort:
    """What a part is given: one without rounds tries for `seconds`; the same seed tries the same."""

    seconds: float
    rounds: int
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line: what was tried how often, what failed, what was lost."""

    part: str
    tries: int
    of_what: str
    seconds: float
    seed: int
    failures: Sequence[str] = ()
    """A sentence each, with what is needed to see it again."""
    figures: str = ""
    """Whatever else is worth a figure."""

    @property
    def good(self) -> bool:
        return not self.failures

    def __str__(self) -> str:
        counted = f"{self.part}: {self.tries:,} {self.of_what}, {len(self.failures)} failures"
        line = f"{counted} in {self.seconds:.0f} s (seed {self.seed})"
        return "\n".join([line + (f"; {self.figures}" if self.figures else ""), *self.failures[:SHOWN]])


def say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 - what torture is for
