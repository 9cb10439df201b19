"""`test --mutate`: small changes of a policy, and those of them that no test notices."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import unified_diff
from pathlib import Path

from msgspec import Struct

from routedsl.analysis.diff import Comparison, Difference, compare
from routedsl.analysis.proof import Proof, prove
from routedsl.analysis.proofs import proofs
from routedsl.analysis.survey import survey
from routedsl.base.diagnostic import Edit
from routedsl.base.render import witness_to_json, witness_to_text
from routedsl.engine.classifier import Classifier
from routedsl.engine.compile import compile_policy
from routedsl.engine.program import Program
from routedsl.engine.report import decision_to_json
from routedsl.engine.verdict import judge
from routedsl.language.mutants import Mutant, mutants
from routedsl.language.syntax import File
from routedsl.loading.classifiers import read_classifiers
from routedsl.loading.files import read_policy
from routedsl.tools.deciding import told
from routedsl.tools.progress import with_bar
from routedsl.tools.verdicts import Tried

_MOST_SHOWN, _LONGEST = 3, 600
"""Regions of a change that are told, and characters of the one that people are shown."""


class Survivor(Struct, frozen=True):
    """A change that no test notices, as a diff, for which requests it decides otherwise, and one of those."""

    at: str
    diff: str
    where: tuple[str, ...]
    proof: Proof | None = None


class Mutation(Struct, frozen=True, kw_only=True):
    """What became of all mutants: those that do not load count for nothing, those that are equal are proved so."""

    noticed: int
    equal: int
    survived: tuple[Survivor, ...]
    untried: int

    @property
    def good(self) -> bool:
        """Whether every change was tried, and is noticed or makes no difference."""
        return not (self.survived or self.untried)


def mutated(
    program: Program, policy: Path, trials: Sequence[Tried], seconds: float, clock: Callable[[], float] = time.monotonic
) -> Mutation:
    """Try each mutant of a policy on its tests."""
    reading = read_policy(policy)
    every = list(mutants(reading.files))
    classifiers = read_classifiers(reading)
    ends = clock() + seconds
    fates: list[Survivor | str] = []
    for mutant in with_bar(every, len(every), "mutants"):
        if clock() > ends:
            break
        fates.append(_fate(mutant, program, trials, classifiers))
    return Mutation(
        noticed=fates.count(_NOTICED),
        equal=fates.count(_EQUAL),
        survived=tuple(fate for fate in fates if isinstance(fate, Survivor)),
        untried=len(every) - len(fates),
    )


_NOTICED, _EQUAL, _BROKEN = "noticed", "equal", "broken"


def _fate(
    mutant: Mutant, program: Program, trials: Sequence[Tried], classifiers: Mapping[str, Classifier]
) -> Survivor | str:
    changed = _compiled(mutant.files, program, classifiers)
    if changed is None:
        return _BROKEN
    if any(not judge(trial.test, trial.case, changed).passed for trial in trials):
        return _NOTICED
    if any(True for _ in proofs(survey(changed))):
        return _BROKEN
    comparison = compare(program, changed)
    if not comparison.differences and not comparison.undecided:
        return _EQUAL
    where, proof = _regions(comparison), _proof(comparison, program, changed)
    return Survivor(mutant.edits[0].span.at, diff_of(mutant.edits), tuple(where), proof)


def _compiled(files: tuple[File, ...], program: Program, classifiers: Mapping[str, Classifier]) -> Program | None:
    compiled, _ = compile_policy(files, program.catalog, classifiers=classifiers)
    return compiled


# ── told ────────────────────────────────────────────────────────────────────────────────────────


def edited(edits: Sequence[Edit]) -> str:
    """The text of the file with all edits made."""
    text = edits[0].span.source.text
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = _edited(text, edit)
    return text


def diff_of(edits: Sequence[Edit]) -> str:
    """The change as a diff of the file's lines."""
    source, text = edits[0].span.source, edited(edits)
    old, new = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    lines = list(unified_diff(old, new, source.name, source.name, n=0))
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _edited(text: str, edit: Edit) -> str:
    """The text with an edit; lines on which nothing else stands go with what is taken out."""
    start, end = edit.span.start, edit.span.end
    line = text.rfind("\n", 0, start) + 1
    rest = text.find("\n", end) + 1 or len(text)
    if not edit.replacement and not text[line:start].strip() and not text[end:rest].strip():
        start, end = line, rest
    return text[:start] + edit.replacement + text[end:]


def _plainest(comparison: Comparison) -> list[Difference]:
    """The differences, those first that are told in the fewest words."""
    return sorted(comparison.differences, key=lambda each: len(each.parts[0].text(comparison.space)))


def _regions(comparison: Comparison) -> Iterator[str]:
    for difference in _plainest(comparison)[:_MOST_SHOWN]:
        text = " or ".join(part.text(comparison.space) for part in difference.parts[:_MOST_SHOWN])
        yield text if len(difference.parts) <= _MOST_SHOWN else f"{text} or …"
    yield from (f"it could not be decided what `{name}` takes" for name in comparison.undecided[:_MOST_SHOWN])


def _proof(comparison: Comparison, program: Program, changed: Program) -> Proof | None:
    """A request that is decided otherwise, if one is found."""
    proofs = (prove(each, comparison.space, program, changed) for each in _plainest(comparison)[:_MOST_SHOWN])
    return next((proof for proof in proofs if proof.witness.shown), None)


def mutation_to_text(found: Mutation) -> str:
    """Each change that no test notices, then how many there were."""
    told = "".join(f"{_survivor_to_text(one)}\n" for one in found.survived)
    tried = found.noticed + len(found.survived)
    counts = f"mutants   {found.noticed} of {tried} noticed"
    equal = f", {found.equal} more proved to decide the same" if found.equal else ""
    untried = f", {found.untried} not tried in time" if found.untried else ""
    return f"{told}{counts}{equal}{untried}\n"


def _survivor_to_text(survivor: Survivor) -> str:
    where = f"      decides otherwise where {_cut(survivor.where[0])}\n"
    return f"SURVIVED  {survivor.at}\n{survivor.diff}{where}{_proof_to_text(survivor.proof)}"


def _proof_to_text(proof: Proof | None) -> str:
    """A request that a test could state, and what becomes of it."""
    if proof is None or proof.old is None or proof.new is None:
        return ""
    old, new = (told(decision_to_json(decision, None)) for decision in (proof.old, proof.new))
    return f"      {witness_to_text(proof.witness)}\n      now      {old}\n      changed  {new}\n"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def mutation_to_json(found: Mutation) -> Mapping[str, object]:
    """The counts, and each change that no test notices."""
    return {
        "noticed": found.noticed,
        "equal": found.equal,
        "untried": found.untried,
        "survived": [_survivor_to_json(one) for one in found.survived],
    }


def _survivor_to_json(survivor: Survivor) -> Mapping[str, object]:
    proof = survivor.proof
    witness = None if proof is None else witness_to_json(proof.witness)
    return {"at": survivor.at, "diff": survivor.diff, "where": list(survivor.where), "witness": witness}
