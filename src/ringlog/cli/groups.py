"""Commands of two words: `ringlog account …`."""

import typer


def group(app: typer.Typer, name: str, text: str, example: str) -> typer.Typer:
    below = typer.Typer(rich_markup_mode=None)
    app.add_typer(below, name=name, help=text, epilog=f"Example: ringlog {example}")
    return below
