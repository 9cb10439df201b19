"""`routedsl explain-code`: the page of a diagnostic's code."""

import sys
from importlib.resources import files

import click

from routedsl.base.codes import CODES
from routedsl.base.suggest import did_you_mean


@click.command(name="explain-code")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Show what the diagnostic CODE means, why it matters, and an example mended.

    Without CODE all of them are listed.
    """
    if code is None:
        sys.stdout.writelines(f"{known}  {title}\n" for known, title in CODES.items())
        return
    wanted = code.upper()
    if wanted not in CODES:
        hint = did_you_mean(wanted, CODES)
        raise click.UsageError(f"there is no code `{code}`" + (f"; {hint}" if hint else ""))
    sys.stdout.write(page(wanted))


def page(code: str) -> str:
    """The page of a code, in Markdown; raises KeyError for a code that there is not."""
    text = files("routedsl.tools").joinpath("pages", f"{code}.md").read_text("utf-8")
    return f"# {code}: {CODES[code]}\n\n{text}"
