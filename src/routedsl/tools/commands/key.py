"""`routedsl key`: keys for clients of the gateway."""

from pathlib import Path

import click

from routedsl.gateway.keyfile import KeyFileError, add_key, make_key

DEFAULT_FILE = Path("keys.toml")


def names_of(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    """The names in a list with commas."""
    return None if text is None else tuple(name.strip() for name in text.split(","))


@click.group(name="key")
def command() -> None:
    """Make keys for clients of the gateway."""


@command.command(name="new")
@click.argument("name")
@click.option("--models", metavar="A,B", callback=names_of, help="Names that may be asked for, `gpt-*` too; else all.")
@click.option("--slots", type=click.IntRange(1), metavar="N", help="Requests in flight at once; else a fair share.")
@click.option("--file", type=click.Path(path_type=Path), default=DEFAULT_FILE, show_default=True, help="The keys file.")
def new(name: str, models: tuple[str, ...] | None, slots: int | None, file: Path) -> None:
    """Make a key for NAME, write its hash into the keys file, and print it, this once.

    The key alone goes to standard output. `serve --keys FILE` asks for it; rules see NAME as `key`.
    """
    try:
        key, entry = make_key(name, models, slots)
        add_key(file, entry)
    except KeyFileError as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"`{name}` is in {file}; its key is shown this once:", err=True)
    click.echo(key)
