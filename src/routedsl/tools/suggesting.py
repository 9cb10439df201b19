"""`test --suggest`: tests at, below and above thresholds that no test touches, with what is decided now."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from msgspec.structs import replace

from routedsl.analysis.boundaries import Point, Shore, points, shore
from routedsl.analysis.regions import Box
from routedsl.analysis.samples import value_in
from routedsl.analysis.survey import survey
from routedsl.analysis.wanted import Wanted, wanted_in
from routedsl.base.source import NOWHERE, Source
from routedsl.base.types import Type, Value
from routedsl.base.units import Quantity, render_quantity
from routedsl.engine.case import Case
from routedsl.engine.coverage import Place, place_of
from routedsl.engine.decision import Action, Decision
from routedsl.engine.explain import Considered, Explanation, Tried, explain
from routedsl.engine.facts import readings
from routedsl.engine.program import Program
from routedsl.engine.staging import staged
from routedsl.language.format import format_source
from routedsl.language.names import MAIN_ROUTE
from routedsl.language.policy import Fact, Route, Stated, Test
from routedsl.language.written import named, quoted

_MOST_BOXES = 12
"""Kinds of requests in which a point is looked for."""
_ROUNDS = 4
"""How often facts are stated that a request does not have by itself."""
_LENGTHS = {"text": "chars", "last": "last_chars", "system": "system_chars"}
"""The facts that tell how long a text is."""
_LONGEST = 300
"""Characters by which a text is made longer; a person is to read it."""
_HEAD = "# What is decided now below, at and above thresholds: keep what is meant.\n"
_MODEL = Fact("model", Type.TEXT)


def suggested(program: Program, cases: Iterable[Case]) -> str:
    """Tests as a policy writes them, for each point that no case touches; nothing where all are touched."""
    touched = {key for case in cases for key in _touched(explain(program, case.request, case.world, case.pinned))}
    missing = [point for point in points(program, survey(program)) if point.key not in touched]
    names = {test.name for test in program.policy.tests}
    laid, written, lost = shore(program, missing), list[str](), list[str]()
    for point in missing:
        if point.key in touched:
            continue
        boxes = list(islice(laid.boxes(point), _MOST_BOXES))
        found = _test_at(point, boxes, laid, program)
        if found is None and boxes:
            lost.append(f"# No short request was found that asks for {_point(point)}.\n")
        if found is None:
            continue
        test, explanation = found
        touched.update(_touched(explanation))
        written.append(_text(test, explanation, _name(point, names)))
    head = _HEAD if written else ""
    return format_source(Source("suggested", "".join([head, *written, *lost]))) if written or lost else ""


def _touched(explanation: Explanation) -> Iterator[tuple[Place, str, float]]:
    looks: list[Tried | Considered] = [*explanation.tried, *explanation.considered]
    for looked in looks:
        for seen in looked.seen:
            for text, value in seen.facts.items():
                if isinstance(value, int | float) and not isinstance(value, bool):
                    yield (place_of(seen.condition.span), text, value)


# ── a request at a point ────────────────────────────────────────────────────────────────────────


def _test_at(point: Point, boxes: Iterable[Box], laid: Shore, program: Program) -> tuple[Test, Explanation] | None:
    """A test in which the point's value is asked where it should be; of several the one that states least."""
    tests = [_stating(point, wanted_in(box, laid.survey.space), program) for box in boxes]
    for test in sorted((test for test in tests if test is not None), key=lambda test: len(test.stated)):
        explanation = _touching(point, test, program)
        if explanation is not None:
            return _least(point, test, explanation, program)
    return None


def _touching(point: Point, test: Test, program: Program) -> Explanation | None:
    """What becomes of a test's request, if it asks for the point's value where it should be."""
    case = staged(test)
    explanation = explain(program, case.request, case.world, case.pinned)
    return explanation if point.key in set(_touched(explanation)) else None


def _least(point: Point, test: Test, explanation: Explanation, program: Program) -> tuple[Test, Explanation]:
    """The test without what it need not state: a box tells of one way past the rules above, where any will do."""
    for stated in test.stated[1:]:
        fewer = replace(test, stated=tuple(each for each in test.stated if each is not stated))
        found = _touching(point, fewer, program)
        if found is not None:
            test, explanation = fewer, found
    return test, explanation


def _stating(point: Point, demands: Mapping[str, Wanted], program: Program) -> Test | None:
    """A test that states the value, and what else is demanded and not so by itself."""
    route = program.policy.routes[point.question.rule.route]
    stated = {point.fact.text: Stated(point.fact, point.value, span=NOWHERE), **_addressed(route)}
    for _ in range(_ROUNDS):
        test = Test("", tuple(stated.values()), (), span=NOWHERE)
        case = staged(test)
        wrong = {text: wanted for text, wanted in demands.items() if not wanted.allows(_read(wanted, case, program))}
        if not wrong:
            return test
        for text, wanted in wrong.items():
            value = _sized(text, wanted, stated)
            if text in stated or not wanted.allows(value):
                return None
            stated[text] = Stated(wanted.fact, value, span=NOWHERE)
    return None


def _sized(name: str, wanted: Wanted, stated: Mapping[str, Stated]) -> Value:
    """A value as demanded; a text is as long as is stated of it, or else what is no value of it."""
    value, length = value_in(wanted), stated.get(_LENGTHS.get(name, ""))
    if not isinstance(value, str) or length is None or not isinstance(length.value, int):
        return value
    missing = length.value - len(value)
    return f"{value} {'a' * (missing - 1)}" if 1 < missing <= _LONGEST else value if missing == 0 else None


def _read(wanted: Wanted, case: Case, program: Program) -> Value:
    policy, fact = program.policy, wanted.fact
    more = readings(program.catalog, policy.models, policy.timezone, {fact.text: fact})
    known = replace(program.readings, named={**program.readings.named, **more.named})
    return replace(program, readings=known).facts(case.request, case.world, case.pinned).ask(fact.text)


def _addressed(route: Route) -> dict[str, Stated]:
    """What a request asks for to come into a route."""
    if route.name == MAIN_ROUTE:
        return {}
    name = route.names[0] if route.names else route.patterns[0].replace("*", "").replace("?", "x")
    return {"model": Stated(_MODEL, name, span=NOWHERE)}


# ── told ────────────────────────────────────────────────────────────────────────────────────────


def _point(point: Point) -> str:
    """The rule that asks, the fact and its value."""
    return f"{point.question.rule.name}: {point.fact.text} {_value(point.fact.type, point.value)}"


def _name(point: Point, names: set[str]) -> str:
    """A name that no other test has."""
    base = _point(point).replace('"', "")
    name = next(each for each in (base, *(f"{base} ({n})" for n in range(2, 10_000))) if each not in names)
    names.add(name)
    return name


def _text(test: Test, explanation: Explanation, name: str) -> str:
    stated = [f"{_fact(each.fact)} {_value(each.fact.type, each.value)}" for each in test.stated]
    return f"test {quoted(name)} {{ {'  '.join([*stated, *_expected(explanation.decision)])} }}\n"


def _fact(fact: Fact) -> str:
    if fact.model is not None:
        return f"{named(fact.model)}.{fact.signal}"
    return fact.signal if fact.key is None else f"{fact.signal}[{quoted(fact.key)}]"


def _value(type_: Type, value: Value) -> str:
    match value:
        case None:
            return "missing"
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
        case int() | float():
            return render_quantity(Quantity(type_, value))
        case _:
            return "missing"


def _expected(decision: Decision) -> Iterator[str]:
    """What is decided now."""
    if decision.action is Action.REJECT:
        yield f"expect reject {decision.status}"
    elif decision.model is None:
        yield "expect chain []"
    else:
        yield f"expect {named(decision.model)}"
    if decision.rule is not None and ":" not in decision.rule:
        yield f"expect rule {named(decision.rule)}"
