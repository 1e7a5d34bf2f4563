"""What takes long: `make torture`, or `make torture TORTURE="ami --seconds 60"`.

    python -m tests.torture [part …] [--seconds S] [--rounds N] [--seed N]

Without a part all are run. A part is a module with `run(effort) -> Outcome` and its line in PARTS; what it
does at full length stands in docs/reliability.md, and `make test` runs it with a small effort.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from random import SystemRandom

from tests.torture import ami, collector, kill, power
from tests.torture.outcome import Effort, Outcome, say

PARTS: Mapping[str, Callable[[Effort], Outcome]] = {
    "ami": ami.run,
    "collector": collector.run,
    "kill": kill.run,
    "power": power.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description="What takes long.")
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--seconds", type=float, default=600, help="how long a part tries that has no rounds")
    rounds = "how often a part tries; kill and power 20 times that"
    parser.add_argument("--rounds", type=int, default=50, help=rounds)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(2**32))
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    effort = Effort(chosen.seconds, chosen.rounds, chosen.seed)
    outcomes: list[Outcome] = []
    for name in chosen.parts or PARTS:
        outcomes.append(PARTS[name](effort))
        say(str(outcomes[-1]))
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
