"""The options that say where calls are, shared by every command that reads or writes calls."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from ringlog.cli import options

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Where:
    """A store on this machine, or a server elsewhere where `to` names one."""

    store: options.Store = options.STORE
    account: options.Account = ""
    to: options.To = ""
    email: options.Email = ""
    key_file: options.KeyFile = None
    retention_days: Annotated[
        int, typer.Option(min=0, help="Days a local store keeps details; 0: for ever.")
    ] = 5
    calls_days: Annotated[int, typer.Option(min=0, help="Days it keeps the call list; 0: for ever.")] = 365
    idle_minutes: Annotated[
        int, typer.Option(min=1, help="A silent call without an end reads as ended then.")
    ] = 120


def somewhere(command: Callable[Concatenate[Where, P], None]) -> Callable[..., None]:
    """Gives a command whose first parameter is a Where the options of one."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    shared = inspect.signature(Where, eval_str=True).parameters

    @functools.wraps(command)
    def run(**given: Any) -> None:
        where = Where(**{name: given.pop(name) for name in shared})
        command(where, *(), **given)  # pyright: ignore[reportCallIssue] - P is what Typer gives

    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own, *shared.values())]
    # Typer reads both.
    vars(run)["__signature__"] = inspect.Signature(parameters)
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run
