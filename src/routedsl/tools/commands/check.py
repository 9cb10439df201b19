"""`routedsl check`: the errors and warnings of a policy."""

import sys
from pathlib import Path

import click

FORMATS = ("text", "json", "github", "sarif")


@click.command(name="check")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Let warnings fail too.")
@click.option(
    "--format", "style", type=click.Choice(FORMATS), default="text", show_default=True, help="How findings are shown."
)
@click.option("--json", "json_", is_flag=True, help="The same as --format json.")
@click.option("--fix", is_flag=True, help="Follow the help first, in the files, where a program can.")
def command(policy: Path, style: str, *, strict: bool, json_: bool, fix: bool) -> None:
    """Tell the errors and warnings of POLICY, a file or a folder.

    Exits 1 where the policy does not load (or, with --strict, has a warning), 2 where --fix cannot write.
    """
    from routedsl.tools.checking import checked, fails, mended, show

    loading = mended(policy) if fix else checked(policy)
    show(policy, loading, "json" if json_ else style)
    sys.exit(1 if fails(loading, strict=strict) else 0)
