"""A checked policy as text, a line for each thing it says: what golden cases compare."""

import json
from collections.abc import Iterator, Sequence

from msgspec.structs import asdict, fields

from routedsl.base.types import Type
from routedsl.base.units import DOLLAR, Quantity, render_quantity
from routedsl.language import policy
from routedsl.language.policy import Condition, Fact, Options, Policy, Rule, Target


def dump(checked: Policy) -> str:
    """All of a policy but its digest and its spans."""
    return "".join(f"{line}\n" for line in _lines(checked))


def _lines(checked: Policy) -> Iterator[str]:
    for upstream in checked.upstreams.values():
        yield f"upstream {upstream.name}: {_fields(upstream)}"
    for model in checked.models.values():
        yield f"model {model.name}: {_fields(model)}"
    for classifier in checked.classifiers.values():
        yield f"classifier {classifier.name}: {_fields(classifier)}"
    if checked.defaults != Options():
        yield f"defaults: {_options(checked.defaults)}"
    for promised in checked.asserts:
        yield f"assert {condition(promised.condition)} -> {_promise(promised.promise)}"
    for test in checked.tests:
        yield f"test {test.name}: {', '.join(_test(test))}"
    if (checked.explicit, checked.timezone) != (None, "UTC"):
        yield f"explicit {checked.explicit}, timezone {checked.timezone}"
    for route in checked.routes.values():
        yield f"route {', '.join([*route.names, *route.patterns])}"
        yield from _items(route.items, "  ")


def _test(test: policy.Test) -> Iterator[str]:
    if test.request is not None:
        yield f"request {test.request.value}"
    if test.sticky is not None:
        yield f"sticky {test.sticky} for {test.sticky_age}"
    yield from (f"{stated.fact.text} {stated.value!r}" for stated in test.stated)
    for expected in test.expected:
        message = "" if expected.message is None else f" {expected.message!r}"
        yield f"expect {expected.what} {expected.value!r}{message}"


def _fields(thing: policy.Upstream | policy.Model | policy.Classifier) -> str:
    left_out = ("name", "span")
    values = {name: value for name, value in asdict(thing).items() if name not in left_out}
    defaults = {f.name: f.default for f in fields(thing)}
    return ", ".join(f"{name} {_value(name, value)}" for name, value in values.items() if value != defaults[name])


def _value(name: str, value: object) -> str:
    if name.endswith("_price") and isinstance(value, int):
        return f"${value / DOLLAR:g}"
    return _shown(value) if not isinstance(value, str) else value


def _items(items: Sequence[Rule | policy.Block], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, policy.Block):
            yield f"{indent}{condition(item.condition)}"
            yield from _items(item.items, indent + "  ")
        else:
            options = f" {{ {_options(item.options)} }}" if item.options != Options() else ""
            yield f"{indent}{item.name}: {condition(item.condition)} -> {_target(item.target)}{options}"


def _target(target: Target) -> str:
    match target:
        case policy.Ranked(strategy=strategy, shares=shares, by=by, order=order):
            parts = [c.model if c.where is None else f"{c.model} where {condition(c.where)}" for c in target.candidates]
            if shares:
                parts = [f"{part} {_number(Type.SHARE, n)}" for part, n in zip(parts, shares, strict=True)]
            return f"{strategy} of [{', '.join(parts)}]" + (f" by {by.text if by else order}" if by or order else "")
        case policy.HandOver(route=route):
            return f"route {route}"
        case policy.Reject(status=status, message=message):
            return f"reject {status} {json.dumps(message, ensure_ascii=False)}"


def _promise(promise: policy.Promise) -> str:
    match promise:
        case policy.Only(models=models):
            return f"only {_shown(models)}"
        case policy.Never(models=models):
            return f"never {_shown(models)}"
        case policy.OnlyWhere(condition=where):
            return f"only where {condition(where)}"
        case policy.NeverWhere(condition=where):
            return f"never where {condition(where)}"
        case policy.AttemptsLimit(most=most):
            return f"attempts <= {most}"
        case policy.WaitLimit(most=most):
            return f"wait <= {_number(Type.DURATION, most)}"
        case policy.CostLimit(most=most):
            return f"cost <= {_number(Type.MONEY, most)}"


def _options(options: Options) -> str:
    unwritten = Options()
    return ", ".join(
        f"{name} {_shown(value)}" for name, value in asdict(options).items() if value != getattr(unwritten, name)
    )


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, int) and value >= 1000 and value % 1000 == 0:
        return f"{value:_}"
    return str(value)


# ── conditions ──────────────────────────────────────────────────────────────────────────────────


def condition(node: Condition) -> str:
    """A normalized condition, all its parentheses written."""
    match node:
        case policy.Constant(value=value):
            return "always" if value else "never"
        case policy.And(items=items):
            return f"({' and '.join(map(condition, items))})"
        case policy.Or(items=items):
            return f"({' or '.join(map(condition, items))})"
        case policy.Not(item=item):
            return f"not {condition(item)}"
        case _:
            return _predicate(node)


def _predicate(node: policy.Predicate) -> str:
    fact = node.fact
    match node:
        case policy.Compare(op=op, value=value):
            return f"{fact.text} {op} {_constant(fact, value)}"
        case policy.CompareFacts(op=op, other=other):
            return f"{fact.text} {op} {other.text}"
        case policy.InSet(values=values):
            return f"{fact.text} in [{', '.join(_constant(fact, value) for value in values)}]"
        case policy.Contains(texts=texts):
            return f"{fact.text} contains {json.dumps(texts, ensure_ascii=False)}"
        case policy.Matches(pattern=pattern, ignore_case=ignore_case):
            return f"{fact.text} matches /{pattern}/{'i' if ignore_case else ''}"
        case policy.Like(pattern=pattern):
            return f"{fact.text} like {json.dumps(pattern, ensure_ascii=False)}"
        case policy.Given():
            return f"{fact.text} is given"
        case policy.Holds():
            return fact.text


def _constant(fact: Fact, value: float | str) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else _number(fact.type, value)


def _number(type_: Type, value: float) -> str:
    return render_quantity(Quantity(type_, value))
