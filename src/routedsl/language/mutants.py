"""Small changes of a policy's text, each such as a slip would make it: what tests should notice.

A comparison takes its end in or leaves it out, or is turned round; a threshold moves by one of its last digit;
another predicate is negated; `and` and `or` change places; a rule is dropped, or changes places with the next;
a target is another model, a list lacks its first, the first two of a split or a fallback change places. Each is made
in the syntax, and told as edits of the text.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import fields, replace

from routedsl.base.diagnostic import Edit
from routedsl.base.source import Node
from routedsl.language import syntax as s
from routedsl.language import written

_SLIPS: Mapping[s.Op, tuple[s.Op, ...]] = {
    s.Op.LT: (s.Op.LE, s.Op.GE),
    s.Op.LE: (s.Op.LT, s.Op.GT),
    s.Op.GT: (s.Op.GE, s.Op.LE),
    s.Op.GE: (s.Op.GT, s.Op.LT),
    s.Op.EQ: (s.Op.NE,),
    s.Op.NE: (s.Op.EQ,),
}
_ENDS = {s.Op.LT: s.Op.LE, s.Op.LE: s.Op.LT, s.Op.GT: s.Op.GE, s.Op.GE: s.Op.GT}
_SAME = {s.Op.LT: 1, s.Op.LE: -1, s.Op.GT: -1, s.Op.GE: 1}
_NUMBER = re.compile(r"(\$?)([0-9][0-9_]*)((?:\.[0-9]+)?)(.*)", re.DOTALL)
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_DAY = 24 * 60


class Mutant(Struct, frozen=True):
    """A policy with one change: its files, without their tests, and the edits of the text that make it."""

    files: tuple[s.File, ...]
    edits: tuple[Edit, ...]


Swap = tuple[Node, Node | None]
"""A node and what stands in its place, None where nothing does."""


def mutants(files: Sequence[s.File]) -> Iterator[Mutant]:
    """Every policy that differs by one change, in the order of the text."""
    bare = tuple(_without_tests(file) for file in files)
    models = tuple(dict.fromkeys(name for file in bare for name in _models(file)))
    for file in bare:
        for statement in file.statements:
            for swaps in _changes(statement, models):
                yield _mutant(bare, swaps)
        for swaps in _of_body(file.statements):
            yield _mutant(bare, swaps)


def _without_tests(file: s.File) -> s.File:
    """A file with what takes part in decisions alone: a promise that breaks would hide what tests should notice."""
    kept = (each for each in file.statements if not isinstance(each, s.Test | s.Assert))
    return replace(file, statements=tuple(kept))


def _models(file: s.File) -> Iterator[str]:
    """The models that targets name, be they declared or not."""
    for node in _within(file.statements):
        if isinstance(node, s.ToName):
            yield node.name.text


def _within(tree: object) -> Iterator[Node]:
    """All nodes of a tree, the outer ones first."""
    if isinstance(tree, tuple):
        for item in tree:
            yield from _within(item)
    elif isinstance(tree, Node):
        yield tree
        yield from _within(tuple(getattr(tree, field.name) for field in fields(tree) if field.name != "span"))


# ── putting changes in ──────────────────────────────────────────────────────────────────────────


def _mutant(files: tuple[s.File, ...], swaps: Sequence[Swap]) -> Mutant:
    put = {id(node): other for node, other in swaps}
    changed = tuple(replace(file, statements=_put(file.statements, put)) for file in files)
    return Mutant(changed, tuple(_edit(node, other) for node, other in swaps))


def _put(tree: object, put: Mapping[int, Node | None]) -> object:
    """The tree with nodes put in the places of others."""
    if isinstance(tree, tuple):
        return tuple(_put(item, put) for item in tree if put.get(id(item), item) is not None)
    if not isinstance(tree, Node):
        return tree
    if id(tree) in put:
        return put[id(tree)]
    parts = {field.name: getattr(tree, field.name) for field in fields(tree) if field.name != "span"}
    changed = {name: _put(part, put) for name, part in parts.items()}
    return replace(tree, **changed) if any(changed[name] is not parts[name] for name in parts) else tree


def _edit(node: Node, other: Node | None) -> Edit:
    return Edit(node.span, "" if other is None else _text(other, node))


def _text(node: Node, before: Node) -> str:
    """What is written in another's place, in parentheses where those of the place belong to it."""
    match node:
        case s.ToName():
            return written.target(node)
        case s.Name():
            return written.name(node)
        case s.Items():
            return written.models(node)
        case s.Rule() | s.Block():
            return node.span.text
        case _:
            condition = written.condition(node)  # type: ignore[arg-type]  # nothing else is put anywhere
            apart = before.span.text.startswith("(") or isinstance(before, s.Not)
            return f"({condition})" if apart and isinstance(node, s.And | s.Or) else condition


# ── the changes ─────────────────────────────────────────────────────────────────────────────────


def _changes(tree: Node, models: Sequence[str]) -> Iterator[tuple[Swap, ...]]:
    """Every change within a statement, but for those of its neighbours."""
    if isinstance(tree, s.Import | s.Declaration | s.Defaults):
        return
    negated: set[int] = set()
    for node in _within(tree):
        if isinstance(node, s.Route | s.Block):
            yield from _of_body(node.body)
        yield from _of_list(node)
        if isinstance(node, s.Not):
            negated.add(id(node.item))
            yield ((node, node.item),)
        elif id(node) not in negated or isinstance(node, s.Compare | s.Between | s.And | s.Or):
            yield from (((node, other),) for other in (*_other_targets(node, models), *_other_conditions(node)))


def _of_list(node: Node) -> Iterator[tuple[Swap, ...]]:
    """A list of candidates without its first, and the first two of a split or a fallback in each other's places."""
    match node:
        case s.ToStrategy(source=s.Items(items=items) as source) if len(items) > 1:
            yield ((source, replace(source, items=items[1:])),)
        case s.ToSplit(shares=[one, other, *_]):
            yield ((one.name, other.name), (other.name, one.name))
        case s.Setting(name=s.Name(text="fallback"), value=s.Items(items=[first, second, *_])):
            yield ((first, second), (second, first))
        case _:
            return


def _other_conditions(node: Node) -> Iterator[s.Condition]:
    match node:
        case s.And(items=items):
            yield s.Or(items, span=node.span)
        case s.Or(items=items):
            yield s.And(items, span=node.span)
        case s.Compare(op=op):
            yield from (replace(node, op=slip) for slip in _SLIPS[op])
            yield from _moved(node, "operand")
        case s.Between(low_op=low, high_op=high):
            yield replace(node, low_op=_ENDS[low])
            yield replace(node, high_op=_ENDS[high])
            yield from (*_moved(node, "low"), *_moved(node, "high"))
        case s.InRange(negated=negated):
            yield replace(node, negated=not negated)
            yield from (*_moved(node, "low"), *_moved(node, "high"))
        case s.Within(negated=negated):
            yield replace(node, negated=not negated)
        case s.Given(missing=missing):
            yield replace(node, missing=not missing)
        case s.Contains() | s.Matches() | s.Like() | s.Holds():
            yield s.Not(node, span=node.span)
        case _:
            return


def _other_targets(node: Node, models: Sequence[str]) -> Iterator[Node]:
    """The next of the names that targets have, so that each takes its turn."""
    match node:
        case s.ToName(name=name) if name.text in models and len(models) > 1:
            yield _to(node, models[(models.index(name.text) + 1) % len(models)])
        case s.ToReject():
            yield from (_to(node, model) for model in models[:1])
        case _:
            return


def _of_body(body: Sequence[Node]) -> Iterator[tuple[Swap, ...]]:
    """A rule dropped, and neighbours that change places; an `else` stays, for somebody must take the rest."""
    rules = [item for item in body if isinstance(item, s.Block) or (isinstance(item, s.Rule) and item.condition)]
    yield from (((rule, None),) for rule in rules if len(body) > 1)
    yield from (((one, other), (other, one)) for one, other in pairwise(rules))


def _to(node: Node, name: str) -> s.ToName:
    return s.ToName(s.Name(name, span=node.span), span=node.span)


def _moved(node: s.Compare | s.Between | s.InRange, part: str) -> Iterator[s.Condition]:
    literal = getattr(node, part)
    if isinstance(literal, s.Literal):
        for step in (-1, 1):
            text = None if _is_end(node, literal, step) else _stepped(literal.text, step)
            if text is not None:
                yield replace(node, **{part: s.Literal(text, span=literal.span)})


def _is_end(node: s.Condition, literal: s.Literal, step: int) -> bool:
    """Whether a step says no more than to take the end in, or leave it out: `< 201` is `<= 200`."""
    return isinstance(node, s.Compare) and literal.text.isdecimal() and _SAME.get(node.op) == step


def _stepped(text: str, step: int) -> str | None:
    """A literal moved by one of its last digit; None where there is none below."""
    clock = _TIME.fullmatch(text)
    if clock is not None:
        minute = (int(clock[1]) * 60 + int(clock[2]) + step) % _DAY
        return f"{minute // 60:02}:{minute % 60:02}"
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    sign, whole, decimals, unit = match.groups()
    places = max(len(decimals) - 1, 0)
    value = int(whole.replace("_", "") + decimals[1:]) + step
    if value < 0:
        return None
    digits = str(value).rjust(places + 1, "0")
    return f"{sign}{digits[: len(digits) - places]}{f'.{digits[-places:]}' if places else ''}{unit}"
