"""Options that several commands share, each declared once. Every option is an environment variable as well:
`--key-file` is RINGLOG_KEY_FILE.
"""

from pathlib import Path
from typing import Annotated

import typer

from ringlog.config import default_store

STORE = default_store()

Store = Annotated[str, typer.Option(metavar="sqlite:FOLDER", help="The store on this machine.")]
Account = Annotated[str, typer.Option(metavar="EMAIL", help="Whose calls, where a store has many accounts.")]
To = Annotated[str, typer.Option(metavar="URL", help="A Ringlog server instead of a store on this machine.")]
Email = Annotated[str, typer.Option(metavar="EMAIL", help="The account to log in to the server with.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A file that holds the developer key; else RINGLOG_KEY, else asked for on a terminal.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Utc = Annotated[bool, typer.Option("--utc", help="Show times in UTC instead of local time.")]
