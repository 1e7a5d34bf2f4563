"""`ringlog call delete`, and the question before anything is deleted for good."""

from typing import Annotated

import typer

from ringlog.cli.calls import SessionId
from ringlog.cli.groups import group
from ringlog.cli.place import opened, run
from ringlog.cli.terminal import asks_nobody
from ringlog.cli.where import Where, somewhere
from ringlog.errors import BadInput
from ringlog.wording import visible

Yes = Annotated[bool, typer.Option("--yes", help="Delete without asking; nothing brings it back.")]


@somewhere
def call(where: Where, session_id: SessionId, yes: Yes = False) -> None:
    """Delete a call for good: afterwards its bytes are in no file of the store."""
    confirm(f"Delete call {session_id}", yes=yes)
    run(_delete_call(where, session_id))
    typer.echo(f"Deleted call {visible(session_id)}.")


async def _delete_call(where: Where, session_id: str) -> None:
    async with opened(where, append=True) as place:
        await place.delete(session_id)


def confirm(what: str, *, yes: bool) -> None:
    """Raises BadInput where nobody can be asked, Abort where the answer is no."""
    if yes:
        return
    if asks_nobody():
        raise BadInput("Nothing was deleted: that cannot be undone, so say --yes.")
    typer.confirm(visible(f"{what}, for good?"), abort=True)


def register(app: typer.Typer) -> None:
    below = group(app, "call", "One call: delete.", "call delete SESSION_ID --yes")
    below.command("delete", epilog="Example: ringlog call delete 1795424645.40 --yes")(call)
