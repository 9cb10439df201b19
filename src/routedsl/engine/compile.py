"""From policy files to a program: the stages, in their order."""

from collections.abc import Sequence

from routedsl.base.diagnostic import Diagnostic
from routedsl.engine.catalog import Catalog
from routedsl.engine.matching import PatternError
from routedsl.engine.program import Program, program_of
from routedsl.language.check import check
from routedsl.language.syntax import File


def compile_policy(
    files: Sequence[File], catalog: Catalog, *, digest: str = ""
) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    """Check parsed files as one policy, and make its program unless there are errors."""
    policy, diagnostics = check(files, catalog.vocabulary(), digest=digest)
    if policy is None:
        return None, diagnostics
    try:
        return program_of(policy, catalog), diagnostics
    except PatternError as error:
        found = Diagnostic(code="R0305", message=str(error), span=error.span, help="say it in several shorter ones")
        return None, (*diagnostics, found)
