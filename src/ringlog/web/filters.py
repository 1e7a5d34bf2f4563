"""Which calls a query asks for (`?since=…&state=failed`): one reading for lists, followers and pages.

A key without a value is a filter left open, as forms send it; an unknown key is no filter.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TypeVar

from ringlog.errors import BadInput
from ringlog.model import CallQuery, CallState, CallType, Kind
from ringlog.web.numbers import whole_number

Choice = TypeVar("Choice", bound=StrEnum)


def call_query(asked: Mapping[str, str]) -> CallQuery:
    """Raises BadInput naming the filter whose value means nothing."""
    return CallQuery(
        start_s=_seconds("since", asked),
        end_s=_seconds("until", asked),
        number=asked.get("number", ""),
        either_side=True,
        type=_choice("type", asked, list(CallType)),
        state=_choice("state", asked, list(CallState)),
        application=asked.get("application", ""),
        kind=_choice("class", asked, list(Kind)),
        module_type=asked.get("module_type", ""),
        text=asked.get("text", ""),
    )


def _seconds(name: str, asked: Mapping[str, str]) -> int | None:
    return whole_number(name, asked[name]) if asked.get(name) else None


def _choice(name: str, asked: Mapping[str, str], choices: Collection[Choice]) -> Choice | None:
    if not (value := asked.get(name)):
        return None
    for choice in choices:
        if choice == value:
            return choice
    raise BadInput(f"{name} must be {'one of ' if len(choices) > 1 else ''}{', '.join(choices)}.")
