"""Whether a decision is as a test expects, and what it is instead."""

from msgspec import Struct

from routedsl.base.types import Value
from routedsl.base.units import Quantity, render_quantity
from routedsl.engine.case import Case
from routedsl.engine.decision import Action, Decision
from routedsl.engine.facts import Facts
from routedsl.engine.program import Program
from routedsl.engine.report import option_type
from routedsl.language.policy import Expected, Test


class Miss(Struct, frozen=True):
    """Something that was expected and is not so: what was, and what is instead, as a policy writes it."""

    expected: Expected
    wanted: str
    got: str


class Verdict(Struct, frozen=True, kw_only=True):
    """What became of one test. `open` are the facts that the rules asked and the test leaves open."""

    test: Test
    case: Case
    decision: Decision
    misses: tuple[Miss, ...]
    open: dict[str, Value]

    @property
    def passed(self) -> bool:
        """Whether all is as expected."""
        return not self.misses


def judge(test: Test, case: Case, program: Program) -> Verdict:
    """Decide the request of a test, and hold the decision against what is expected."""
    facts = program.facts(case.request, case.world, case.pinned)
    decision = program.decide_on(facts, case.request, case.world)
    return Verdict(
        test=test,
        case=case,
        decision=decision,
        misses=tuple(miss for expected in test.expected if (miss := _miss(expected, decision)) is not None),
        open=_open(facts, case),
    )


def _open(facts: Facts, case: Case) -> dict[str, Value]:
    return {text: value for text, value in facts.asked.items() if text not in case.pinned}


def _miss(expected: Expected, decision: Decision) -> Miss | None:
    got = _got(expected.what, decision)
    if got == expected.value and (expected.message is None or expected.message == decision.message):
        return None
    wanted = _shown(expected.what, expected.value)
    if expected.message is None or got != expected.value:
        return Miss(expected, wanted, _instead(expected.what, got, decision))
    return Miss(expected, f'{wanted} "{expected.message}"', f'{wanted} "{decision.message}"')


def _got(what: str, decision: Decision) -> object:
    match what:
        case "model":
            return decision.model if decision.action is Action.FORWARD else None
        case "rule":
            return decision.rule
        case "route":
            return decision.route
        case "chain":
            return decision.chain if decision.action is Action.FORWARD else None
        case "reject":
            return decision.status
        case option:
            return getattr(decision.options, option)


def _instead(what: str, got: object, decision: Decision) -> str:
    """What there is in the place of what is expected."""
    if what in ("model", "chain", "reject") and (what == "reject" or got is None):
        return outcome(decision)
    return _shown(what, got) if got is not None else f"no {what}"


def outcome(decision: Decision) -> str:
    """Where a request goes, as a test would expect it: `tiny`, `reject 403 "…"`, or nobody."""
    if decision.action is Action.REJECT:
        return f'reject {decision.status} "{decision.message}"'
    return decision.model or "nobody: no candidate is left"


def _shown(what: str, value: object) -> str:
    match value:
        case tuple():
            shown = f"[{', '.join(map(str, value))}]"
        case int() if (type_ := option_type(what)) is not None:
            shown = render_quantity(Quantity(type_, value))
        case _:
            shown = str(value)
    return shown if what == "model" else f"{what} {shown}"
