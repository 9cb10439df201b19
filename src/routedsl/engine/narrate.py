"""An explanation told: as text for people, as JSON for programs."""

from collections.abc import Iterator, Mapping

from routedsl.base.types import Type, Value
from routedsl.base.units import to_json
from routedsl.engine.decision import EXPLICIT, Action
from routedsl.engine.explain import Considered, Explanation, Seen, Tried
from routedsl.engine.narrate_ranking import ranking_lines, ranking_to_json
from routedsl.engine.narrate_values import cut, one_line, value_to_text, visible, yes_or_no
from routedsl.engine.report import decision_to_json, options_to_text
from routedsl.language.policy import And, Compare, Condition, HandOver, Op

Types = Mapping[str, Type]


def explanation_to_json(explanation: Explanation, id_: str | None) -> dict[str, object]:
    """The decision as `decide --json` prints it, with every rule tried and every predicate seen."""
    types = explanation.decision.types
    shown = decision_to_json(explanation.decision, id_)
    shown["asked"] = explanation.asked
    shown["tried"] = [
        {"rule": tried.rule.name, "at": tried.rule.at, **_seen_to_json(tried, types)} for tried in explanation.tried
    ]
    if explanation.considered:
        shown["considered"] = [{"model": one.model, **_seen_to_json(one, types)} for one in explanation.considered]
    shown |= ranking_to_json(explanation)
    if explanation.parts:
        shown["parts"] = {text: dict(parts) for text, parts in explanation.parts.items()}
    return shown


def _seen_to_json(looked: Tried | Considered, types: Types) -> dict[str, object]:
    predicates = [
        {
            "text": one_line(seen.condition.span.text),
            "facts": {text: to_json(types[text], value) for text, value in seen.facts.items()},
            "result": seen.result,
        }
        for seen in looked.seen
    ]
    return {"result": looked.result, "predicates": predicates}


def explanation_to_text(explanation: Explanation) -> str:
    """The explanation for people: a line for each rule and its predicates below it, then the outcome."""
    return "".join(f"{line}\n" for line in _lines(explanation))


def _lines(explanation: Explanation) -> Iterator[str]:
    asked = "no model" if explanation.asked is None else f"the model `{cut(explanation.asked)}`"
    yield f"asked for  {asked}"
    types = explanation.decision.types
    for tried in explanation.tried:
        yield ""
        yield from _looked_lines(f"rule {tried.rule.name}  ({tried.rule.at})", tried, types)
        if tried.result and isinstance(tried.rule.target, HandOver):
            yield f"     it hands over to the route {tried.rule.target.route}"
    if explanation.considered:
        yield ""
    for considered in explanation.considered:
        yield from _looked_lines(f"candidate {considered.model}", considered, types)
    for text, parts in explanation.parts.items():
        yield ""
        yield f"{text}  {', '.join(f'{name} {number:+.3g}' for name, number in parts.items())}"
    yield ""
    yield from _outcome_lines(explanation)


def _looked_lines(name: str, looked: Tried | Considered, types: Types) -> Iterator[str]:
    yield f"{yes_or_no(looked.result):3}  {name}"
    texts = [one_line(seen.condition.span.text) for seen in looked.seen]
    width = max(map(len, texts), default=0)
    for text, seen in zip(texts, looked.seen, strict=True):
        yield f"       {yes_or_no(seen.result):3}  {text:{width}}   {_values(seen, types)}"


def _values(seen: Seen, types: Types) -> str:
    values = ", ".join(f"{text} is {value_to_text(types[text], value)}" for text, value in seen.facts.items())
    off = "" if seen.result else next(_distances(seen.condition, seen.facts), "")
    return f"{values}, {off}" if off else values


def _distances(condition: Condition, facts: Mapping[str, Value]) -> Iterator[str]:
    """How far a number is from what would have held: `751 over`, `$0.5 short`."""
    match condition:
        case And(items=items):
            for item in items:
                yield from _distances(item, facts)
        case Compare(fact=fact, op=op, value=int() | float() as limit) if fact.type is not Type.TIME:
            value = facts.get(fact.text)
            if op is not Op.EQ and isinstance(value, int | float):
                # Of whole things the next one is the limit: 200 is one over `< 200`.
                step = 1 if fact.type is Type.COUNT and op in (Op.LT, Op.GT) else 0
                yield from _distance(value - limit, step, op in (Op.LT, Op.LE), fact.type)
        case _:
            return


def _distance(beyond: float, step: int, upper: bool, type_: Type) -> Iterator[str]:  # noqa: FBT001 - which bound it is
    off = beyond + step if upper else step - beyond
    if off > 0:
        yield f"{value_to_text(type_, off)} {'over' if upper else 'short'}"


def _outcome_lines(explanation: Explanation) -> Iterator[str]:
    decision, chained = explanation.decision, explanation.chained
    if decision.action is Action.REJECT:
        yield f"rejected   {decision.status} {decision.code}: {visible(decision.message or '')}"
        return
    if decision.rule == EXPLICIT:
        yield "explicit   the client's own choice is kept: no rule, no fallback"
    if chained is not None:
        yield from ranking_lines(explanation, chained)
    yield f"chain      {', then '.join(decision.chain) or 'nobody: the answer is 503'}"
    options = options_to_text(decision.options)
    if options:
        yield f"options    {options}"
