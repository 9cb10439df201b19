"""A ranking told: who went before whom by which numbers, who was left out, and why."""

from collections.abc import Iterator

from routedsl.base.types import Type, Value
from routedsl.base.units import DURATIONS, to_json
from routedsl.engine.candidates import Placed
from routedsl.engine.chain import Chained
from routedsl.engine.explain import Explanation
from routedsl.engine.narrate_values import value_to_text


def ranking_to_json(explanation: Explanation) -> dict[str, object]:
    """What `explain --json` has of a ranking; nothing where no rule forwards."""
    chained = explanation.chained
    if chained is None:
        return {}
    shown: dict[str, object] = {
        "ranking": list(chained.ranking),
        "unfit": dict(chained.unfit),
        "candidates": [_placed_to_json(one, explanation) for one in explanation.placed],
        "ahead": chained.ahead,
    }
    if explanation.draw is not None:
        shown["draw"] = to_json(Type.SHARE, explanation.draw)
    if explanation.explore is not None:
        shown["explore"] = to_json(Type.SHARE, explanation.explore)
    if explanation.age is not None:
        shown["sticky_age"] = to_json(Type.DURATION, explanation.age)
    return shown


def _placed_to_json(placed: Placed, explanation: Explanation) -> dict[str, object]:
    types = explanation.number_types
    numbers = {name: to_json(types[name], value) for name, value in placed.numbers.items() if name in types}
    return {"model": placed.model, "place": placed.place, "numbers": numbers, "left_out": placed.left_out}


def ranking_lines(explanation: Explanation, chained: Chained) -> Iterator[str]:
    """The ranking for people, a line below it for each candidate that was chosen by numbers, then who was left out."""
    yield f"ranking    {', '.join(chained.ranking) or 'nobody: every candidate was filtered out'}{_why(explanation)}"
    told = [(one, _numbers(one, explanation)) for one in explanation.placed]
    width = max((len(one.model) for one, numbers in told if numbers and one.place), default=0)
    for one, numbers in told:
        if one.place and numbers:
            yield f"           {one.model:{width}}   {numbers}"
    for one, numbers in told:
        if not one.place:
            yield f"left out   {one.model}: {', '.join(filter(None, (one.left_out, numbers)))}"
    for model, reason in chained.unfit.items():
        if model in chained.chain:
            yield f"kept       {model}: {reason}, and nobody else is left"
        else:
            yield f"left out   {model}: {reason}"


def _numbers(placed: Placed, explanation: Explanation) -> str:
    types = explanation.number_types
    told = ((name, types[name], value) for name, value in placed.numbers.items() if name in types)
    return ", ".join(f"{name} {value_to_text(type_, _rounded(type_, value))}" for name, type_, value in told)


def _rounded(type_: Type, value: Value) -> Value:
    """What is measured to the microsecond, to the millisecond, which is as much as anybody reads."""
    milli = DURATIONS["ms"]
    return (
        round(value / milli) * milli if type_ is Type.DURATION and isinstance(value, int) and value > milli else value
    )


def _why(explanation: Explanation) -> str:
    """What was drawn, and why another goes first than the strategy would have."""
    chained = explanation.chained
    first = chained.ranking[0] if chained is not None and chained.ranking else ""
    if explanation.age is not None:
        ago = value_to_text(Type.DURATION, explanation.age // DURATIONS["s"] * DURATIONS["s"])
        return f"  (sticky: {first} answered this conversation {ago} ago)"
    if explanation.explore is not None:
        share = value_to_text(Type.SHARE, explanation.decision.options.explore)
        drawn = value_to_text(Type.SHARE, explanation.explore)
        so = f"{first} goes first" if chained is not None and chained.ahead == "explore" else "not this time"
        return f"  (explore {share}: {so}, the draw is {drawn})"
    return "" if explanation.draw is None else f"  (the draw is {value_to_text(Type.SHARE, explanation.draw)})"
