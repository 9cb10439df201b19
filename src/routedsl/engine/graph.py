"""The decision tree of a policy, drawn: as an indented text, as Mermaid, as DOT, as JSON."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType

from msgspec import Struct

from routedsl.engine.plan import Branch, Leaf, Plan, Step
from routedsl.engine.report import options_to_json
from routedsl.engine.targets import one_line, rule_to_text, target_to_text
from routedsl.language.policy import Condition, Policy, Ranked, Reject, Rule
from routedsl.language.written import named, quoted

_LONGEST = 100
"""Conditions and targets are cut to so many characters where they are drawn; JSON has them whole."""
ELSE = "else"


class Tree(Struct, frozen=True):
    """What is drawn: a policy and its plan."""

    policy: Policy
    plan: Plan

    def heading(self, route: str) -> str:
        """A route by all the names that it answers to."""
        found = self.policy.routes[route]
        names = dict.fromkeys((*map(named, found.names), *map(quoted, found.patterns)))
        return f"route {', '.join(names)}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _asked(condition: Condition) -> str:
    return _cut(one_line(condition.span.text))


def _decided(rule: Rule) -> str:
    return f"{_cut(rule_to_text(rule))}  ({rule.name})"


# ── text ────────────────────────────────────────────────────────────────────────────────────────


def to_text(tree: Tree) -> str:
    """The tree for a terminal: below a condition what is tried where it holds; what follows is tried where not."""
    routes = (_route_lines(tree, name, steps) for name, steps in tree.plan.routes.items())
    return "\n".join("".join(f"{line}\n" for line in lines) for lines in routes)


def _route_lines(tree: Tree, name: str, steps: Sequence[Step]) -> Iterator[str]:
    yield tree.heading(name)
    yield from _step_lines(tree, steps, "")


def _step_lines(tree: Tree, steps: Sequence[Step], margin: str) -> Iterator[str]:
    for step in steps:
        last = step is steps[-1]
        turn, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        match step:
            case Leaf(rule=rule):
                yield f"{margin}{turn}{ELSE} -> {_decided(tree.policy.rules[rule])}"
            case Branch(condition=condition, steps=(Leaf(rule=rule),)):
                yield f"{margin}{turn}{_asked(condition)} -> {_decided(tree.policy.rules[rule])}"
            case Branch(condition=condition, steps=inner):
                yield f"{margin}{turn}{_asked(condition)}"
                yield from _step_lines(tree, inner, margin + below)


# ── JSON ────────────────────────────────────────────────────────────────────────────────────────


def to_json(tree: Tree) -> dict[str, object]:
    """The tree as JSON: each route's steps in order, a step with `when` having steps of its own."""
    routes = [
        {
            "route": name,
            "names": list(tree.policy.routes[name].names),
            "patterns": list(tree.policy.routes[name].patterns),
            "steps": _steps_to_json(tree, steps),
        }
        for name, steps in tree.plan.routes.items()
    ]
    return {"policy": tree.policy.digest, "routes": routes}


def _steps_to_json(tree: Tree, steps: Sequence[Step]) -> list[dict[str, object]]:
    return [_step_to_json(tree, step) for step in steps]


def _step_to_json(tree: Tree, step: Step) -> dict[str, object]:
    if isinstance(step, Branch):
        return {"when": one_line(step.condition.span.text), "steps": _steps_to_json(tree, step.steps)}
    rule = tree.policy.rules[step.rule]
    return {"rule": rule.name, "at": rule.at, "target": target_to_text(rule.target), **_aim_to_json(rule, step)}


def _aim_to_json(rule: Rule, leaf: Leaf) -> dict[str, object]:
    match rule.target:
        case Ranked(candidates=candidates):
            models = [candidate.model for candidate in candidates]
            fallback = list(rule.options.fallback)
            return {"models": models, "fallback": fallback, "options": options_to_json(rule.options)}
        case Reject(status=status, message=message):
            return {"status": status, "message": message}
        case _:
            return {"route": leaf.route}


# ── a flow of nodes and arrows ──────────────────────────────────────────────────────────────────


class Node(Struct, frozen=True):
    """A route's start, a question, or a rule that decides; `lines` are what stands on it."""

    id: str
    kind: str
    lines: tuple[str, ...]


class Arrow(Struct, frozen=True):
    """Where the way goes on, and at which answer; `""` where there is only one way."""

    start: str
    end: str
    answer: str = ""


ROUTE, QUESTION, RULE = "route", "question", "rule"


def flow(tree: Tree) -> Iterator[Node | Arrow]:
    """The tree as a flow: each question leads on by yes and by no, a rule that hands over to a route's start.

    Nodes are numbered in the order of the text, so that the same policy is always drawn alike.
    """
    for number, (name, steps) in enumerate(tree.plan.routes.items()):
        start = f"r{number}"
        yield Node(start, ROUTE, (tree.heading(name),))
        if steps:
            yield Arrow(start, f"{start}n0")
        yield from _flow(tree, steps, start, 0, None)


def _flow(tree: Tree, steps: Sequence[Step], route: str, first: int, after: int | None) -> Iterator[Node | Arrow]:
    """The nodes of some steps, numbered from `first`; `after` is the one behind them, None where there is none."""
    starts = list(accumulate(map(_size, steps), initial=first))
    for index, step in enumerate(steps):
        here, following = starts[index], starts[index + 1] if index + 1 < len(steps) else after
        if isinstance(step, Branch):
            yield Node(f"{route}n{here}", QUESTION, (_asked(step.condition),))
            inner = here + 1 if step.steps else following
            yield from _arrows(f"{route}n{here}", {"yes": inner, "no": following}, route)
            yield from _flow(tree, step.steps, route, here + 1, following)
        else:
            yield from _rule_flow(tree, step, f"{route}n{here}")


def _arrows(start: str, ways: Mapping[str, int | None], route: str) -> Iterator[Arrow]:
    """An arrow for each answer; none where no request can give it."""
    return (Arrow(start, f"{route}n{end}", answer) for answer, end in ways.items() if end is not None)


def _rule_flow(tree: Tree, leaf: Leaf, id_: str) -> Iterator[Node | Arrow]:
    rule = tree.policy.rules[leaf.rule]
    yield Node(id_, RULE, (rule.name, _cut(rule_to_text(rule))))
    if leaf.route is not None:
        yield Arrow(id_, f"r{list(tree.plan.routes).index(leaf.route)}")


def _size(step: Step) -> int:
    return 1 + sum(map(_size, step.steps)) if isinstance(step, Branch) else 1


# ── Mermaid ─────────────────────────────────────────────────────────────────────────────────────

_MERMAID_SHAPES = {ROUTE: ("([", "])"), QUESTION: ("{{", "}}"), RULE: ("[", "]")}
_MERMAID_HARMFUL = frozenset('#"&<>;\\`*')
"""Characters that mean something to Mermaid even in quotes, or to its Markdown; they are written as entities."""


def to_mermaid(tree: Tree) -> str:
    """A Mermaid flowchart."""
    return "flowchart TD\n" + "".join(f"  {_mermaid(part)}\n" for part in flow(tree))


def _mermaid(part: Node | Arrow) -> str:
    if isinstance(part, Arrow):
        return f"{part.start} -->{f'|{part.answer}|' if part.answer else ''} {part.end}"
    opened, closed = _MERMAID_SHAPES[part.kind]
    return f'{part.id}{opened}"{"<br>".join(map(_mermaid_text, part.lines))}"{closed}'


def _mermaid_text(text: str) -> str:
    return "".join(f"#{ord(char)};" if char in _MERMAID_HARMFUL else char for char in text)


# ── DOT ─────────────────────────────────────────────────────────────────────────────────────────

_DOT_SHAPES = {ROUTE: "oval", QUESTION: "hexagon", RULE: "box"}


def to_dot(tree: Tree) -> str:
    """A graph for Graphviz."""
    return "digraph policy {\n" + "".join(f"  {_dot(part)};\n" for part in flow(tree)) + "}\n"


def _dot(part: Node | Arrow) -> str:
    if isinstance(part, Arrow):
        return f"{part.start} -> {part.end}" + (f' [label="{part.answer}"]' if part.answer else "")
    label = "\\n".join(map(_dot_text, part.lines))
    return f'{part.id} [shape={_DOT_SHAPES[part.kind]}, label="{label}"]'


def _dot_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


DRAWINGS: Mapping[str, Callable[[Tree], str]] = MappingProxyType(
    {"text": to_text, "mermaid": to_mermaid, "dot": to_dot}
)
"""The drawings by the name of their format; `to_json` makes the one for programs."""
