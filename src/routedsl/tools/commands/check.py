"""`routedsl check`: the errors and warnings of a policy."""

import sys
from pathlib import Path

import click

from routedsl.base.diagnostic import Severity
from routedsl.base.render import FORMATS, render_text
from routedsl.discover import discover
from routedsl.loading.policy import Loading, load_policy
from routedsl.tools.color import color_on


@click.command(name="check")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Let warnings fail too.")
@click.option(
    "--format",
    "style",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="How findings are shown.",
)
@click.option("--json", "json_", is_flag=True, help="The same as --format json.")
@click.option("--fix", is_flag=True, help="Follow the help first, in the files, where a program can.")
def command(policy: Path, style: str, *, strict: bool, json_: bool, fix: bool) -> None:
    """Tell the errors and warnings of POLICY, a file or a folder.

    Exits 1 where the policy does not load (or, with --strict, has a warning), 2 where --fix cannot write.
    """
    loading = _mended(policy) if fix else load_policy(policy, discover())
    chosen = "json" if json_ else style
    if chosen == "text":
        sys.stderr.write(render_text(loading.diagnostics, color=color_on(sys.stderr)))
        sys.stderr.write(summary(policy, loading))
    else:
        sys.stdout.write(FORMATS[chosen](loading.diagnostics))
    sys.exit(1 if _fails(loading, strict=strict) else 0)


def _mended(policy: Path) -> Loading:
    from routedsl.tools.mending import mend

    try:
        mending = mend(policy, discover())
    except OSError as error:
        sys.stderr.write(f"{error.filename or policy}: cannot be written: {error.strerror}\n")
        sys.exit(2)
    sys.stderr.writelines(f"{change}\n" for change in mending.changes)
    return mending.loading


def _fails(loading: Loading, *, strict: bool) -> bool:
    warned = any(d.severity is Severity.WARNING for d in loading.diagnostics)
    return loading.program is None or (strict and warned)


def summary(policy: Path, loading: Loading) -> str:
    """One line: what was checked, and how many findings there are."""
    counts = {severity: sum(d.severity is severity for d in loading.diagnostics) for severity in Severity}
    found = ", ".join(f"{n} {severity}{'s' if n > 1 else ''}" for severity, n in counts.items() if n)
    if loading.program is None:
        return f"{policy}: {found}\n"
    program = loading.program.policy
    size = f"{_many(len(program.rules), 'rule')} in {_many(len(program.routes), 'route')}"
    return f"{policy}: {found or 'good'}: {size}, {_many(len(program.models), 'model')}\n"


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
