"""What `test` does: a policy's tests run, and what became of them told to people and to programs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import indent

from msgspec import Struct

from routedsl.base.diagnostic import PolicyError
from routedsl.base.units import to_json as value_to_json
from routedsl.engine.case import Case
from routedsl.engine.explain import explain
from routedsl.engine.narrate import explanation_to_text
from routedsl.engine.narrate_values import value_to_text
from routedsl.engine.program import Program
from routedsl.engine.report import decision_to_json
from routedsl.engine.verdict import Verdict, judge
from routedsl.language.policy import Test
from routedsl.loading.tested import cases_of

_DEPTH = " " * 6
Told = Mapping[str, object]


class Tried(Struct, frozen=True):
    """A test, and the request that it tells of."""

    test: Test
    case: Case


def trials_of(program: Program, policy: Path, named: str = "") -> tuple[Tried, ...]:
    """The tests of a policy with a text in their names; raises `PolicyError` where a file of one cannot be read."""
    tests = [test for test in program.policy.tests if named.lower() in test.name.lower()]
    cases, found = cases_of(tests, policy, program.catalog)
    if found:
        raise PolicyError(found)
    return tuple(Tried(test, cases[test.name]) for test in tests)


def verdicts_of(program: Program, trials: Sequence[Tried]) -> tuple[Verdict, ...]:
    """What becomes of each test."""
    return tuple(judge(trial.test, trial.case, program) for trial in trials)


# ── told to people ──────────────────────────────────────────────────────────────────────────────


def teller(program: Program) -> Callable[[Verdict], str]:
    """Tells why a test failed: what was expected, what is instead, and what `explain` says of its request."""
    from routedsl.analysis.hindsight import hindsight, hindsight_to_text
    from routedsl.analysis.survey import survey

    surveyed = survey(program)

    def told(verdict: Verdict) -> str:
        case = verdict.case
        explanation = explain(program, case.request, case.world, case.pinned)
        back = hindsight(surveyed, explanation, case.request, case.world, case.pinned)
        account = explanation_to_text(explanation) + hindsight_to_text(back) + _left_open(verdict)
        return "\n".join([*_misses(verdict), "", account])

    return told


def failure_to_text(verdict: Verdict, tell: Callable[[Verdict], str]) -> str:
    """A failed test with its name and place."""
    name = f"FAIL  {verdict.test.name}  ({verdict.test.span.at})\n"
    return name + indent(tell(verdict), _DEPTH, lambda line: bool(line.strip()))


def _misses(verdict: Verdict) -> Iterator[str]:
    for miss in verdict.misses:
        yield f"expected {miss.wanted}, and it is {miss.got}"


def _left_open(verdict: Verdict) -> str:
    """What the rules asked and the test does not state."""
    if not verdict.open:
        return ""
    types = verdict.decision.types
    values = [f"{text} is {value_to_text(types[text], value)}" for text, value in verdict.open.items()]
    return f"not stated    {', '.join(values)}\n"


def summary(policy: Path, verdicts: Sequence[Verdict]) -> str:
    """One line: how many tests there are, and how many failed."""
    if not verdicts:
        return f'{policy}: there is no test: write one beside the rules, `test "short" {{ chars 20  expect tiny }}`\n'
    failed = sum(not verdict.passed for verdict in verdicts)
    tests = f"{len(verdicts)} test{'' if len(verdicts) == 1 else 's'}"
    return (
        f"{policy}: {tests}: {len(verdicts) - failed} passed, {failed} failed\n"
        if failed
        else (f"{policy}: {tests} passed\n")
    )


# ── told to programs ────────────────────────────────────────────────────────────────────────────


def verdicts_to_json(verdicts: Sequence[Verdict]) -> dict[str, object]:
    """All tests, each with its decision as `decide --json` prints it."""
    failed = sum(not verdict.passed for verdict in verdicts)
    return {
        "passed": len(verdicts) - failed,
        "failed": failed,
        "tests": [_verdict_to_json(verdict) for verdict in verdicts],
    }


def _verdict_to_json(verdict: Verdict) -> Told:
    types = verdict.decision.types
    return {
        "name": verdict.test.name,
        "at": verdict.test.span.at,
        "passed": verdict.passed,
        "misses": [{"at": miss.expected.span.at, "expected": miss.wanted, "got": miss.got} for miss in verdict.misses],
        "not_stated": {text: value_to_json(types[text], value) for text, value in verdict.open.items()},
        "decision": decision_to_json(verdict.decision, verdict.test.name),
    }
