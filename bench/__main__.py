"""`python -m bench [PART ...]` measures; `python -m bench compare A.json B.json` sets runs side by side."""

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import expiry, following, holding, ingest, reads, report, sealing, search, size
from bench.calls import Traffic, repeated
from bench.figures import Figure
from bench.machine import described
from bench.settings import Settings

Part = Callable[[Settings], Iterator[Figure]]

PARTS: dict[str, tuple[Part, ...]] = {
    "read": (reads.run, reads.beside_ingest, holding.depth),
    "ingest": (ingest.run,),
    "seal": (sealing.run,),
    "sustained": (sealing.sustained,),
    "size": (size.run,),
    "search": (search.run,),
    "memory": (holding.memory,),
    "expire": (expiry.run,),
    "start": (holding.start,),
    "follow": (following.run,),
}


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["compare"]:
        if len(arguments) != 3:
            raise SystemExit("compare takes two runs: make bench-compare A.json B.json")
        print(report.compared(Path(arguments[1]), Path(arguments[2])))
        return
    parts, settings = _asked(arguments)
    settings.data.mkdir(exist_ok=True)
    machine = {**described(settings.data), "data": _data(settings)}
    said = [*(f"{name}: {value}" for name, value in machine.items()), report.HEAD]
    print("\n".join(said), flush=True)
    figures: list[Figure] = []
    for figure in (figure for part in parts for measure in PARTS[part] for figure in measure(settings)):
        figures.append(figure)
        said.append(report.line(figure))
        print(said[-1], flush=True)
    name = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{'-'.join(parts) if len(parts) < 3 else 'all'}"
    path = report.written(settings.data / "results", name, machine, figures, "\n".join(said) + "\n")
    print(f"kept as {path}")


def _data(settings: Settings) -> str:
    share = repeated(Traffic(settings.calls))
    repeat = f"{share:.0%} of the bytes of their events' text repeat an earlier event"
    return f"{settings.calls:,} calls of 7 entries; {repeat}"


def _asked(arguments: list[str]) -> tuple[list[str], Settings]:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    for field in dataclasses.fields(Settings):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default
        )
    asked = vars(parser.parse_args(arguments))
    parts: list[str] = asked.pop("parts") or list(PARTS)
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    return parts, Settings(**asked)


if __name__ == "__main__":
    main(sys.argv[1:])
