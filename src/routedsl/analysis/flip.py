"""The nearest flip: the smallest change of one fact by which another rule would have decided."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from math import inf, nextafter

from msgspec import Struct

from routedsl.analysis.points import cell_of
from routedsl.analysis.predicates import Pattern
from routedsl.analysis.regions import Box, tied
from routedsl.analysis.samples import value_in
from routedsl.analysis.space import BOTH, YES, Dimension, Space, Span
from routedsl.analysis.wanted import wanted_in
from routedsl.base.types import Type, Value
from routedsl.engine.address import ToRoute
from routedsl.engine.facts import Facts, Read
from routedsl.engine.program import Program
from routedsl.engine.reference import select
from routedsl.language.policy import Fact, Rule

MOST_TRIES = 200
"""Values of one fact that are tried, the nearest first."""
_DAY = 24 * 60


class Change(Struct, frozen=True):
    """Another value, and how far off it is: 0 is no change, 1 a whole one.

    `beyond` is the bound that the value is the first past, where no value is the nearest. `example` says
    that the value stands for any that the policy does not name. `pattern` is set where the value is but a text that
    differs from the present one in this alone: the pattern is `found` in it, or is not.
    """

    distance: float
    value: Value
    beyond: float | None = None
    example: bool = False
    pattern: Pattern | None = None
    found: bool = False


class Flip(Struct, frozen=True):
    """One fact with another value, and the rule that decides then.

    `change` is the value as it was tried.
    """

    fact: Fact
    now: Value
    change: Change
    rule: Rule


def nearest_flip(program: Program, route: str, space: Space, facts: Facts, asked: Sequence[str]) -> Flip | None:
    """The smallest relative change of one of the asked facts that changes the rule, all other facts as they are.

    Each is decided by the reference evaluator. None where no fact alone changes the rule.
    """
    decided = select(program.policy, route, facts.ask)
    best: Flip | None = None
    for name in asked:
        dimension = space.dimensions[space.index[name]] if name in space.index else None
        if dimension is None:
            continue
        for one in islice(_tries(dimension, space, facts.ask), MOST_TRIES):
            if best is not None and one.distance >= best.change.distance:
                break
            rule = _decided_with(name, one.value, program, route, facts.ask)
            if rule is not None and rule != decided and _possible(name, one.value, program, route, space, facts.ask):
                best = Flip(dimension.fact, facts.ask(name), one, rule)
                break
    return best


def _decided_with(name: str, value: Value, program: Program, route: str, read: Read) -> Rule | None:
    return select(program.policy, route, lambda text: value if text == name else read(text))


def _possible(name: str, value: Value, program: Program, route: str, space: Space, read: Read) -> bool:
    """Whether a request could have this value beside its other facts, and would come into the same route."""
    if name == "model":
        return isinstance(value, str) and program.addresses.find(value) == ToRoute(route)

    def known(at: int) -> Value:
        text = space.dimensions[at].fact.text
        return value if text == name else read(text)

    laws = [law for law in space.laws if name in (space.dimensions[at].fact.text for at in (law.lesser, law.greater))]
    pairs = [(known(law.lesser), known(law.greater)) for law in laws]
    return all(isinstance(less, int) and isinstance(more, int) and less <= more for less, more in pairs)


# ── values to try ───────────────────────────────────────────────────────────────────────────────


def _tries(dimension: Dimension, space: Space, read: Read) -> Iterator[Change]:
    """Values of other cells than the present one's, the nearest first."""
    now = read(dimension.fact.text)
    if dimension.spans:
        yield from _numbers(dimension, now)
    elif dimension.other is not None:
        yield from _texts(dimension, space, read)
    else:
        yield from (Change(1, value) for value in dimension.values if value != now)


def _numbers(dimension: Dimension, now: Value) -> Iterator[Change]:
    if not isinstance(now, int | float):
        yield from (Change(1, span.sample()) for span in dimension.spans)
        return
    far = _distance_by(dimension.fact.type)
    nearest = [_nearest(span, now, far) for span in dimension.spans if not _inside(span, now)]
    yield from sorted(nearest, key=lambda one: one.distance)
    if None in dimension.values:
        yield Change(1, None)


def _inside(span: Span, value: float) -> bool:
    return span.low < value < span.high if span.open else span.low <= value <= span.high


def _nearest(span: Span, now: float, far: Callable[[float, float], float]) -> Change:
    """The value of a span that is nearest to the present one; of an open span there is none, but almost."""
    end, towards = (span.low, inf) if span.low >= now else (span.high, -inf)
    if span.open:
        return Change(far(end, now), nextafter(end, towards), beyond=end)
    return Change(far(end, now), int(end) if float(end).is_integer() else end)


def _distance_by(type_: Type) -> Callable[[float, float], float]:
    if type_ is Type.TIME:
        return lambda value, now: abs(value - now) / _DAY
    return lambda value, now: abs(value - now) / max(abs(value), abs(now), 1e-9)


def _texts(dimension: Dimension, space: Space, read: Read) -> Iterator[Change]:
    """Each named text, any other, none, and for each pattern a text that differs in that alone."""
    at = space.index[dimension.fact.text]
    patterns = [pattern for pattern, _, _ in space.texts.get(at, ())]
    now = {place: cell_of(space.dimensions[place], read(dimension.fact.text)) for place in (at, *patterns)}
    for cell in sorted(range(len(dimension.values)), key=lambda cell: cell == dimension.other):
        if not now[at] >> cell & 1:
            # A named text decides its patterns; what has no name may keep them.
            box = {**now, at: 1 << cell} if cell == dimension.other else {at: 1 << cell}
            yield from _made(box, space, dimension, None)
    if dimension.other is not None and now[at] == 1 << dimension.other:
        for place in patterns:
            yield from _made({**now, place: BOTH & ~now[place]}, space, dimension, place)


def _made(box: Box, space: Space, dimension: Dimension, place: int | None) -> Iterator[Change]:
    """A text as a box demands it, where one can be made."""
    settled = tied(box, space)
    if settled is None:
        return
    name = dimension.fact.text
    wanted = wanted_in({at: cells for at, cells in settled.items() if space.dimensions[at].fact.text == name}, space)
    value = value_in(wanted[name]) if name in wanted else None
    if name in wanted and wanted[name].allows(value):
        pattern = None if place is None else space.dimensions[place].pattern
        example = value is not None and value not in dimension.values
        yield Change(1, value, example=example, pattern=pattern, found=place is not None and box[place] == YES)
