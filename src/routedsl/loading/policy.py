"""Loads a policy: reads its files, compiles them, and says what took part."""

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from routedsl.base.diagnostic import Diagnostic, PolicyError, has_errors, in_order
from routedsl.base.source import Source
from routedsl.engine.catalog import Catalog
from routedsl.engine.classifier import Classifier
from routedsl.engine.compile import compile_policy
from routedsl.engine.program import Program, program_of
from routedsl.language.policy import Constant, Policy, Route, Rule
from routedsl.loading.classifiers import read_classifiers
from routedsl.loading.files import Reading, read_policy
from routedsl.loading.prices import priced, unwritten

if TYPE_CHECKING:
    from routedsl.analysis.survey import Survey

HARMLESS = frozenset({"R0102", "R0104", "R0106", "R0702", "R0901"})
"""Findings on reading a text that lose none of its statements: what was meant was read on."""
CONSEQUENCES = frozenset(
    {"R0107", "R0201", "R0202", "R0204", "R0208", "R0403", "R0505"}  # unknown, unused, missing
)
"""Findings of the checker that may only be there because a statement was lost."""


class Loading(Struct, frozen=True, kw_only=True):
    """One attempt to load a policy: its program unless there are errors, and everything it was read from.

    `paths` are the file or folder as given and every file that took part or was looked for. `digest`
    is the content's hash, the same wherever the files lie; known prices are a part of it.
    """

    program: Program | None
    diagnostics: tuple[Diagnostic, ...]
    sources: tuple[Source, ...]
    paths: tuple[Path, ...]
    digest: str


Lints = Callable[["Survey"], Iterable[Diagnostic]]
"""Warnings that only the analysis can give."""


def load_policy(path: Path, catalog: Catalog, lints: Lints | None = None) -> Loading:
    """Read, parse, check and compile the policy at a path; whatever is wrong is in `diagnostics`.

    Gaps and promises are proved in any case. `lints` warn of more, as `analysis.findings.lints` do; who
    decides or serves leaves that to `check`, for it takes time.
    """
    reading = read_policy(path)
    classifiers = read_classifiers(reading)
    digest = _digest(reading, classifiers)
    program, checked = _compiled(reading, catalog, digest, classifiers)
    if has_errors(reading.diagnostics):
        program = None
    if program is not None:
        program = _priced(program, reading)
    proved = () if program is None else _analyse(program, lints)
    diagnostics = in_order([*reading.diagnostics, *_causes(checked, reading), *proved])
    return Loading(
        program=None if has_errors(diagnostics) else program,
        diagnostics=diagnostics,
        sources=tuple(reading.sources.values()),
        paths=tuple(dict.fromkeys(reading.paths)),
        digest=digest if program is None else program.policy.digest,
    )


def require_policy(path: Path, catalog: Catalog) -> Program:
    """The program of the policy at a path; raises `PolicyError` with all findings where it does not load."""
    loading = load_policy(path, catalog)
    if loading.program is None:
        raise PolicyError(loading.diagnostics)
    return loading.program


def _compiled(
    reading: Reading, catalog: Catalog, digest: str, classifiers: Mapping[str, Classifier]
) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    if not reading.files:
        return None, ()
    return compile_policy(reading.files, catalog, digest=digest, classifiers=classifiers)


def _priced(program: Program, reading: Reading) -> Program:
    """The program with the prices that are known and not written."""
    policy = priced(program.policy, unwritten(reading))
    return program if policy is program.policy else program_of(policy, program.catalog)


def _analyse(program: Program, lints: Lints | None) -> list[Diagnostic]:
    if lints is None and not _leaves_to_prove(program.policy):
        return []
    # Most policies leave nothing to prove, and to import the analysis takes a fifth of a command's start.
    from routedsl.analysis.proofs import proofs  # noqa: PLC0415 - see above
    from routedsl.analysis.survey import survey  # noqa: PLC0415 - see above

    known = survey(program)
    return [*proofs(known), *(lints(known) if lints else ())]


def _leaves_to_prove(policy: Policy) -> bool:
    """Whether a promise stands in it, or a route that does not end in a rule for every request that is left."""
    return bool(policy.asserts) or not all(map(_takes_the_rest, policy.routes.values()))


def _takes_the_rest(route: Route) -> bool:
    match route.items:
        case (*_, Rule(condition=Constant(value=True))):
            return True
        case _:
            return False


def _causes(checked: Iterable[Diagnostic], reading: Reading) -> list[Diagnostic]:
    """What the checker found, less what may only follow from a statement that could not be read."""
    lost = any(found.code not in HARMLESS for found in reading.diagnostics)
    return [found for found in checked if not (lost and found.code in CONSEQUENCES)]


def _digest(reading: Reading, classifiers: Mapping[str, Classifier]) -> str:
    texts = [(name, source.text) for name, source in sorted(reading.sources.items())]
    weights = [(name, classifier.digest) for name, classifier in sorted(classifiers.items())]
    hashed = sha256()
    for part in chain.from_iterable((*texts, *weights)):
        data = part.encode("utf-8", "surrogateescape")
        hashed.update(len(data).to_bytes(8, "big"))
        hashed.update(data)
    return hashed.hexdigest()
