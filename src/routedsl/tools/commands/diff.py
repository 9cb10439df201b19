"""`routedsl diff`: what two policies decide differently."""

import sys
from pathlib import Path

import click


@click.command(name="diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--json", "json_", is_flag=True, help="One JSON object.")
def command(old: Path, new: Path, *, json_: bool) -> None:
    """Tell what the policies OLD and NEW decide differently: which requests, and what either does with them.

    Each region of requests comes with one that shows it. Names, places and forms of rules are no difference.
    Exits 0 where it is proved that there is none, else 1, and 2 where a policy does not load.
    """
    from routedsl.tools.differences import differences_of, to_json, to_text
    from routedsl.tools.requests import json_line
    from routedsl.tools.terminal import load_or_exit

    found = differences_of(load_or_exit(old), load_or_exit(new))
    sys.stdout.write(json_line(to_json(found)) if json_ else to_text(found))
    sys.exit(0 if found.same else 1)
