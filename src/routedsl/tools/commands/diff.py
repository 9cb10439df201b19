"""`routedsl diff`: what two policies decide differently."""

import sys
from pathlib import Path

import click


@click.command(name="diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--records",
    type=click.Path(path_type=Path, allow_dash=True),
    multiple=True,
    metavar="FILE",
    help="Tell how much recorded traffic that is: a state folder, its file, or an export.",
)
@click.option("--json", "json_", is_flag=True, help="One JSON object.")
def command(old: Path, new: Path, records: tuple[Path, ...], *, json_: bool) -> None:
    """Tell what the policies OLD and NEW decide differently: which requests, and what either does with them.

    Each region of requests comes with one that shows it. Names, places and forms of rules are no difference.
    With --records it also comes with its share of recorded requests, and what those cost either way.
    Exits 0 where it is proved that there is none, else 1, and 2 where a policy does not load.
    """
    from routedsl.tools.differences import differences_of, to_json, to_text
    from routedsl.tools.requests import json_line
    from routedsl.tools.terminal import load_or_exit

    programs = load_or_exit(old), load_or_exit(new)
    found, shares = differences_of(*programs), None
    if records:
        from routedsl.tools.shares import shares_of

        shares = shares_of(found, *programs, records)
    sys.stdout.write(json_line(to_json(found, shares)) if json_ else to_text(found, shares))
    sys.exit(0 if found.same else 1)
