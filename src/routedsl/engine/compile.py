"""From policy files to a program: the stages, in their order."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from msgspec.structs import replace

from routedsl.base.diagnostic import Diagnostic
from routedsl.engine.catalog import Catalog
from routedsl.engine.classifier import Classifier
from routedsl.engine.classifier_signal import with_classifiers
from routedsl.engine.matching import PatternError
from routedsl.engine.program import Program, program_of
from routedsl.language.check import check
from routedsl.language.syntax import File

NO_CLASSIFIERS: Mapping[str, Classifier] = MappingProxyType({})


def compile_policy(
    files: Sequence[File],
    catalog: Catalog,
    *,
    digest: str = "",
    classifiers: Mapping[str, Classifier] = NO_CLASSIFIERS,
) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    """Check parsed files as one policy, and make its program unless there are errors.

    `classifiers` are the loaded ones by the names of their declarations; without one of them there is no program.
    """
    policy, diagnostics = check(files, catalog.vocabulary(), digest=digest)
    if policy is None or policy.classifiers.keys() - classifiers.keys():
        return None, diagnostics
    declared = {name: replace(each, digest=classifiers[name].digest) for name, each in policy.classifiers.items()}
    try:
        program = program_of(replace(policy, classifiers=declared), with_classifiers(catalog, declared, classifiers))
    except PatternError as error:
        found = Diagnostic(code="R0305", message=str(error), span=error.span, help="say it in several shorter ones")
        return None, (*diagnostics, found)
    return program, diagnostics
