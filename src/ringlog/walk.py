"""The way a caller took through an application, step by step: one pure function of a call's entries.

Standard library only. A store that counts steps keeps RULES beside the counts: it can take a call out again
only by making the very same walk from the same entries.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

RULES = 1
"""Counts the changes to what `steps_of` gives for some entries."""

MAX_NAME = 100
"""Characters of a module's or a step's name. Longer ones are cut."""
BETWEEN = "\t"
"""Stands between module and name, and in neither."""
HIDDEN = "…"

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]+")
INPUT = re.compile(r"User input: ([0-9A-D*#]{3,})")
"""One or two keys are a choice; more are what somebody entered."""

LEAVING = ("caller", "cancelled before answer")
"""The `by` of a hang-up by the caller."""


class Data(Protocol):
    module_type: str
    result_variable: str
    prompt_id: Any
    by: Any


class Event(Protocol):
    @property
    def line(self) -> str: ...
    @property
    def data(self) -> Data: ...


class Entry(Protocol):
    @property
    def event(self) -> Event: ...
    @property
    def kind(self) -> str: ...


class Walk(NamedTuple):
    """A caller's way. Steps are texts (`named` takes one apart); none follows itself."""

    steps: tuple[str, ...]
    left: bool
    """The caller hung up in the last of them."""


def steps_of(entries: Iterable[Entry]) -> Walk:
    """The walk of a call whose entries come in Order.

    A step is what `module_type` says, with its prompt id, else with its `result_variable`: a variable, or a
    place in the dialplan. Never the line. What follows a prompt in the same module and variable belongs to
    the prompt's step. `debug` entries are no steps, and with the first hang-up the walk ends.
    """
    steps: list[str] = []
    typed: set[str] = set()
    here = last = None
    over = False
    for entry in entries:
        event = entry.event
        data = event.data
        spot = data.module_type, data.result_variable
        if spot == ("exit", "hangup"):
            if data.by is not None:
                return Walk(_without(steps, typed), bool(steps) and data.by in LEAVING)
            over = True
        elif not over and entry.kind != "debug":
            if entry.kind == "event" and (found := INPUT.match(event.line)):
                typed.add(found[1])
            prompt = data.prompt_id
            if prompt is None and spot == here:
                continue
            here = spot
            name = spot[1] if prompt is None else _prompt(prompt) or spot[1]
            step = _step(spot[0][:MAX_NAME], name[:MAX_NAME])
            if step != last:
                last = step
                steps.append(step)
    return Walk(_without(steps, typed), left=False)


def named(step: str) -> tuple[str, str]:
    """Module and name of a step."""
    module, _, name = step.partition(BETWEEN)
    return module, name


@lru_cache(4096)
def _step(module: str, name: str) -> str:
    return f"{CONTROL.sub(' ', module)}{BETWEEN}{CONTROL.sub(' ', name)}"


def _prompt(prompt_id: object) -> str:
    return str(prompt_id) if type(prompt_id) in {str, int} else ""


def _without(steps: Sequence[str], typed: set[str]) -> tuple[str, ...]:
    """An extension that the caller entered stands in the places behind it: it is taken out."""
    if not typed:
        return tuple(steps)
    shown: list[str] = []
    for step in steps:
        module, name = named(step)
        place = ",".join([HIDDEN if part in typed else part for part in name.split(",")])
        shown.append(f"{module}{BETWEEN}{place}")
    return tuple(step for n, step in enumerate(shown) if not n or step != shown[n - 1])
