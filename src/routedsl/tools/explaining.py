"""An explanation as text for people and as JSON."""

from collections.abc import Iterator, Mapping

from routedsl.base.types import Type, Value
from routedsl.base.units import Quantity, render_quantity, to_json
from routedsl.engine.decision import EXPLICIT, Action
from routedsl.engine.explain import Explanation, Seen, Tried
from routedsl.engine.report import decision_to_json, options_to_json

_LONGEST = 60
"""Texts longer than this are cut where a value is shown."""


def explanation_to_json(explanation: Explanation, id_: str | None) -> dict[str, object]:
    """The decision as `decide --json` prints it, with every rule tried and every predicate seen."""
    types = explanation.decision.types
    shown = decision_to_json(explanation.decision, id_)
    shown["asked"] = explanation.asked
    shown["tried"] = [
        {
            "rule": tried.rule.name,
            "at": tried.rule.at,
            "result": tried.result,
            "predicates": [
                {
                    "text": seen.text,
                    "facts": {text: to_json(types[text], value) for text, value in seen.facts.items()},
                    "result": seen.result,
                }
                for seen in tried.seen
            ],
        }
        for tried in explanation.tried
    ]
    if explanation.chained is not None:
        shown["ranking"] = list(explanation.chained.ranking)
        shown["left_out"] = dict(explanation.chained.left_out)
    return shown


def explanation_to_text(explanation: Explanation) -> str:
    """The explanation for people, a line a rule, its predicates below it, then the outcome."""
    return "".join(f"{line}\n" for line in _lines(explanation))


def _lines(explanation: Explanation) -> Iterator[str]:
    asked = "no model" if explanation.asked is None else f"the model `{explanation.asked}`"
    yield f"asked for  {asked}"
    for tried in explanation.tried:
        yield from _rule_lines(tried, explanation.decision.types)
    yield from _outcome(explanation)


def _rule_lines(tried: Tried, types: Mapping[str, Type]) -> Iterator[str]:
    yield ""
    yield f"{'yes' if tried.result else 'no ':3}  rule {tried.rule.name}  ({tried.rule.at})"
    width = max((len(_one_line(seen.text)) for seen in tried.seen), default=0)
    for seen in tried.seen:
        yield f"       {'yes' if seen.result else 'no ':3}  {_one_line(seen.text):{width}}   {_values(seen, types)}"


def _values(seen: Seen, types: Mapping[str, Type]) -> str:
    return ", ".join(f"{text} is {show(types[text], value)}" for text, value in seen.facts.items())


def show(type_: Type, value: Value) -> str:
    """A fact's value as a person writes it: `950`, `800ms`, `"gold"`, `missing`."""
    match value:
        case None:
            return "missing"
        case bool():
            return "yes" if value else "no"
        case str():
            return f'"{_cut(value)}"'
        case tuple():
            return "[" + ", ".join(f'"{_cut(item)}"' for item in value) + "]"
        case int() if type_ is Type.COUNT:
            return str(value)
        case int() | float():
            return render_quantity(Quantity(type_, value))


def _cut(text: str) -> str:
    line = _one_line(text)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _outcome(explanation: Explanation) -> Iterator[str]:
    decision, chained = explanation.decision, explanation.chained
    yield ""
    if decision.action is Action.REJECT:
        yield f"rejected   {decision.status} {decision.code}: {decision.message}"
        return
    if decision.rule == EXPLICIT:
        yield "explicit   the client's own choice is kept: no rule, no fallback"
    if chained is not None:
        yield f"ranking    {', '.join(chained.ranking) or 'nobody: every candidate was filtered out'}"
        for model, reason in chained.left_out.items():
            yield f"left out   {model}: {reason}"
    yield f"chain      {', then '.join(decision.chain) or 'nobody: the answer is 503'}"
    options = options_to_json(decision.options)
    if options:
        yield f"options    {', '.join(f'{name} {value}' for name, value in options.items())}"
