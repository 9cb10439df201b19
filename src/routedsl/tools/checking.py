"""What `check` does: a policy with everything that is found in it, shown in one form or another."""

import sys
from pathlib import Path

from msgspec.structs import replace

from routedsl.analysis.findings import lints
from routedsl.base.diagnostic import Severity, in_order
from routedsl.base.render import FORMATS, render_text
from routedsl.discover import discover
from routedsl.loading.policy import Loading, load_policy
from routedsl.loading.tested import cases_of
from routedsl.tools.color import color_on


def checked(policy: Path) -> Loading:
    """The policy, loaded with all that the analysis has to say of it, and with what its tests cannot read."""
    loading = load_policy(policy, discover(), lints)
    if loading.program is None:
        return loading
    tests = [test for test in loading.program.policy.tests if test.request is not None]
    _, found = cases_of(tests, policy, loading.program.catalog)
    # A policy decides and serves without the files of its tests.
    warnings = [replace(each, severity=Severity.WARNING) for each in found]
    return replace(loading, diagnostics=in_order([*loading.diagnostics, *warnings]))


def mended(policy: Path) -> Loading:
    """The same, after its files were changed as the findings' help says; exits 2 where that cannot be written."""
    from routedsl.tools.mending import mend

    try:
        mending = mend(policy, checked)
    except OSError as error:
        sys.stderr.write(f"{error.filename or policy}: cannot be written: {error.strerror}\n")
        sys.exit(2)
    sys.stderr.writelines(f"{change}\n" for change in mending.changes)
    return mending.loading


def show(policy: Path, loading: Loading, style: str) -> None:
    """Show the findings: to people on standard error with a summary, to programs on standard output."""
    if style == "text":
        sys.stderr.write(render_text(loading.diagnostics, color=color_on(sys.stderr)))
        sys.stderr.write(_summary(policy, loading))
    else:
        sys.stdout.write(FORMATS[style](loading.diagnostics))


def fails(loading: Loading, *, strict: bool) -> bool:
    """Whether the findings are such that the command fails."""
    warned = any(d.severity is Severity.WARNING for d in loading.diagnostics)
    return loading.program is None or (strict and warned)


def _summary(policy: Path, loading: Loading) -> str:
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
