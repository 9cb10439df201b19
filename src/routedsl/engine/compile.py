"""From policy files to a program: the stages, in their order."""

from collections.abc import Sequence

from routedsl.base.diagnostic import Diagnostic
from routedsl.engine.catalog import Catalog
from routedsl.engine.program import Program, program_of
from routedsl.language.check import check
from routedsl.language.syntax import File


def compile_policy(
    files: Sequence[File], catalog: Catalog, *, digest: str = ""
) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    """Check parsed files as one policy, and make its program unless there are errors."""
    policy, diagnostics = check(files, catalog.vocabulary(), digest=digest)
    return (None if policy is None else program_of(policy, catalog)), diagnostics
