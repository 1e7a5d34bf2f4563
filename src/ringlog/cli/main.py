"""`ringlog`: every command in one place, and how any of them fails."""

import io
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup, TyperOption

from ringlog import __version__
from ringlog.cli import (
    accounts,
    backup,
    calls,
    collect,
    deleting,
    demo,
    doctor,
    expire,
    replay,
    serve,
    transfer,
)
from ringlog.errors import RinglogError
from ringlog.wording import visible

COMMANDS: Sequence[Callable[[typer.Typer], None]] = (
    accounts.register,
    backup.register,
    calls.register,
    collect.register,
    deleting.register,
    demo.register,
    doctor.register,
    expire.register,
    replay.register,
    serve.register,
    transfer.register,
)


INTERRUPTED = 130
"""The exit code that a shell gives to what Ctrl-C ended; Typer answers with it as well."""


class Sorted(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx))


def show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ringlog {__version__}")
        raise typer.Exit


def ringlog(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """The flight recorder for phone calls."""


def program() -> TyperGroup:
    """The whole command line."""
    app = typer.Typer(
        cls=Sorted,
        callback=ringlog,
        epilog="Example: ringlog serve",
        rich_markup_mode=None,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    for register in COMMANDS:
        register(app)
    group = typer.main.get_group(app)
    name_variables(group)
    return group


def name_variables(command: Any) -> None:
    """Gives every option that names no environment variable its own: `--key-file` is RINGLOG_KEY_FILE."""
    for option in command.params:
        if isinstance(option, TyperOption) and not option.envvar and not option.is_eager:
            option.envvar = "RINGLOG_" + max(option.opts, key=len).strip("-").replace("-", "_").upper()
    for below in getattr(command, "commands", {}).values():
        name_variables(below)


def run(arguments: Sequence[str]) -> int:
    """Runs one command; returns its exit code. Whatever goes wrong is one sentence on stderr."""
    try:
        code = program().main(list(arguments) or ["--help"], prog_name="ringlog", standalone_mode=False)
    except RinglogError as error:
        return failed(error.message)
    except typer.TyperException as error:
        return failed(usage(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except OSError as error:
        return failed(cause(error))
    except UnicodeError:
        return failed("An argument, a variable or a file holds bytes that are no UTF-8.")
    if code == INTERRUPTED:
        return failed("Interrupted.", INTERRUPTED)
    return code if isinstance(code, int) else 0


def usage(error: typer.TyperException) -> str:
    """What is wrong with a command's arguments, and where its help is."""
    context: Any = getattr(error, "ctx", None)
    sentence = " ".join(error.format_message().split()).rstrip(".")
    return f"{sentence}; see {context.command_path} --help." if context else f"{sentence}."


def cause(error: OSError) -> str:
    """What the system refused, and of which file."""
    what = (error.strerror or str(error) or type(error).__name__).rstrip(".")
    return f"{error.filename}: {what}." if error.filename else f"{what}."


def failed(sentence: str, code: int = 1) -> int:
    typer.echo(f"ringlog: {visible(sentence)}", err=True)
    return code


def interrupted(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    # asyncio's own handler would cancel a task, which nobody feels who waits for a server's answer.
    signal.signal(signal.SIGINT, interrupted)
    # Where the terminal's encoding lacks a character, its escape is better than a traceback.
    out: object = sys.stdout
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))
