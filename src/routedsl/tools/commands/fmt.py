"""`routedsl fmt`: policy files in their canonical form."""

import sys
from pathlib import Path

import click


@click.command(name="fmt")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where a file is not in canonical form.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change, and exit 1 where anything would.")
def command(paths: tuple[Path, ...], *, check: bool, diff: bool) -> None:
    """Put the policy files of PATHS in their canonical form.

    A folder stands for all its policy files, those of folders inside included; `-` reads standard input and
    writes standard output. A file that does not parse is told and left alone, and the command exits 2.
    """
    from routedsl.tools.formatting import files, put_in_form

    changed = failed = 0
    for path in files(paths):
        outcome = put_in_form(path, write=not (check or diff), diff=diff)
        changed += outcome is True
        failed += outcome is None
    sys.exit(2 if failed else 1 if changed and (check or diff) else 0)
