"""What two programs decide differently: which requests, and what either does with them.

Every rule that a request can reach is laid beside every rule that it can reach in the other program, where
their regions meet. A region holds all the requests that it is about and may hold more: no difference is left out.
"""

from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest

from msgspec import Struct
from msgspec.structs import replace

from routedsl.analysis.aims import FALSE, Aim, aim_of
from routedsl.analysis.changes import Changes
from routedsl.analysis.ground import Ground
from routedsl.analysis.implicit import MODEL, address
from routedsl.analysis.index import bits, set_of
from routedsl.analysis.pairs import pairs
from routedsl.analysis.parts import Part, carved, joined
from routedsl.analysis.predicates import each_once
from routedsl.analysis.reach import rules_of
from routedsl.analysis.regions import Box, Budget, Regions, Undecided, meet
from routedsl.analysis.space import Space, space_of
from routedsl.base.source import NOWHERE
from routedsl.engine.program import Program
from routedsl.engine.reference import rules_with_conditions
from routedsl.language.policy import And, Condition, HandOver, Rule

MOST_PAIRS = 500_000
"""Pairs of boxes that are laid beside each other for two routes before the answer is `undecided`."""
_PIECES, _TRIED = 4, 8
"""Pieces of one box, and of a whole difference, in which a witness is looked for."""


class Difference(Struct, frozen=True):
    """Requests that are decided differently in one way.

    They come into the route `asked`, the old program's and the new one's, and lie in one of `parts`. `old`
    and `new` are the rules that decide them. `pieces` are some boxes of them, to look for a witness in.
    """

    asked: tuple[str, str]
    parts: tuple[Part, ...]
    old: tuple[Rule, ...]
    new: tuple[Rule, ...]
    pieces: tuple[Box, ...]


class Comparison(Struct, frozen=True):
    """All differences of two programs; `undecided` says of which rules and routes there may be more."""

    space: Space
    differences: tuple[Difference, ...]
    undecided: tuple[str, ...]


def compare(old: Program, new: Program) -> Comparison:
    """Lay two programs beside each other."""
    changes = Changes(old, new)
    before, after = _lines(old, Changes(old, old)), _lines(new, changes)
    ways = {
        (one, other): And((address(route, old), address(to, new)), span=NOWHERE)
        for one, route in old.policy.routes.items()
        for other, to in new.policy.routes.items()
    }
    told = [condition for lines in (*before.values(), *after.values()) for line in lines for condition in line.told]
    limits = [changes.limit(model) for model in {**old.policy.models, **new.policy.models}]
    space = space_of([*told, *limits, *ways.values()], old.catalog.vocabulary().signals)
    by_name = any(predicate.fact == MODEL for predicate in each_once(told))
    regions, differences, undecided = Regions(space), list[Difference](), list[str]()
    for asked, way in ways.items():
        entries = regions.of(way, Budget())
        search = _Search(changes, regions, before[asked[0]], after[asked[1]], space)
        # Where no rule asks for the name, all names that come here are alike.
        differences += _grouped(asked, search.found(entries if by_name else entries[:1]), space, by_name=by_name)
        undecided += search.undecided
    return Comparison(space, tuple(differences), tuple(dict.fromkeys(undecided)))


# ── rules as requests of a route get to them ────────────────────────────────────────────────────


class _Line(Struct, frozen=True):
    """A rule with all that stands before it, in every route on the way, and what it decides."""

    rule: Rule
    condition: Condition
    aim: Aim

    @property
    def told(self) -> tuple[Condition, ...]:
        return (self.condition, *self.aim.wheres)


def _lines(program: Program, changes: Changes) -> dict[str, tuple[_Line, ...]]:
    ground = Ground(program)

    def line(rule: Rule, condition: Condition) -> _Line:
        aim = aim_of(rule, program, ground)
        wheres = tuple(map(changes.told_apart, aim.wheres))
        return _Line(rule, changes.told_apart(ground.condition(condition)), replace(aim, wheres=wheres))

    return {route: tuple(line(*each) for each in _flat(program, route)) for route in program.policy.routes}


def _flat(program: Program, route: str, above: tuple[Condition, ...] = ()) -> Iterator[tuple[Rule, Condition]]:
    """The rules that decide, routes that are handed over to put in their places."""
    for rule, condition in rules_with_conditions(program.policy.routes[route].items):
        whole = (*above, condition)
        if isinstance(rule.target, HandOver):
            yield from _flat(program, rule.target.route, whole)
        else:
            yield rule, And(whole, span=rule.span)


# ── rules laid beside each other ────────────────────────────────────────────────────────────────


class _Found(Struct, frozen=True):
    """Requests that one line takes before and another line after, which decides differently."""

    old: _Line
    new: _Line
    part: Part
    pieces: tuple[Box, ...]


class _Search:
    """Looks for differences of one route and another."""

    def __init__(
        self, changes: Changes, regions: Regions, old: Sequence[_Line], new: Sequence[_Line], space: Space
    ) -> None:
        """Make the regions of all lines, the old ones first."""
        self._changes = changes
        self._regions = regions
        self._lines = (*old, *new)
        self._border = len(old)
        self._space = space
        self._pairs = pairs([line.condition for line in old], [line.condition for line in new])
        self._rules = rules_of([line.condition for line in self._lines], space)
        self._unlike: dict[tuple[Aim, Aim], Condition] = {}
        self._budget = Budget(MOST_PAIRS)
        self.undecided: list[str] = []

    def found(self, entries: Sequence[Box]) -> Iterator[_Found]:
        """Every difference, in the order of the old lines, of requests that come in by one of the entries."""
        if not entries:
            return
        others = {place: boxes for place in range(self._border) if (boxes := self._others(place))}
        if others:
            known = zip(self._lines, self._rules.regions, strict=True)
            self.undecided += [line.rule.name for line, region in known if region is None]
        for place, boxes in others.items():
            try:
                yield from self._from(place, entries, boxes)
            except Undecided:
                self.undecided.append(self._lines[place].rule.name)

    def _from(self, place: int, entries: Sequence[Box], others: int) -> Iterator[_Found]:
        for box in self._rules.regions[place] or ():
            for entry in entries:
                here = meet(box, entry, self._space)
                if here is not None:
                    yield from self._beside(place, here, others)

    def _others(self, place: int) -> int:
        """The boxes of all new lines that may take a request from an old one, and decide something else."""
        aim, starts = self._lines[place].aim, (*self._rules.starts, len(self._rules.boxes))
        places = [self._border + other for other in self._pairs.of(place)]
        unlike = [other for other in places if self._between(aim, self._lines[other].aim) != FALSE]
        return set_of([number for other in unlike for number in range(starts[other], starts[other + 1])])

    def _between(self, one: Aim, other: Aim) -> Condition:
        if (one, other) not in self._unlike:
            self._unlike[one, other] = self._changes.between(one, other)
        return self._unlike[one, other]

    def _beside(self, place: int, here: Box, others: int) -> Iterator[_Found]:
        for number in bits(self._rules.index.meeting(here, others)):
            self._budget.spend()
            both = meet(here, self._rules.boxes[number], self._space)
            if both is not None:
                yield from self._apart(place, self._rules.owners[number], both)

    def _apart(self, place: int, other: int, both: Box) -> Iterator[_Found]:
        """What of a box is left by all lines before the two, where they decide differently."""
        one, two = self._lines[place], self._lines[other]
        earlier = self._before(0, place) | self._before(self._border, other)
        for way in self._regions.of(self._between(one.aim, two.aim), Budget()):
            box = meet(both, way, self._space)
            pieces = () if box is None else self._pieces(box, earlier)
            if box is not None and pieces:
                before = bits(self._rules.index.meeting(box, earlier))
                part = carved(box, [self._rules.boxes[number] for number in before], self._space)
                yield _Found(one, two, part, pieces)

    def _pieces(self, box: Box, earlier: int) -> tuple[Box, ...]:
        """The first pieces that are left of a box; more than one, since some may hold no request that can be made."""
        pieces: list[Box] = []
        try:
            pieces.extend(islice(self._rules.left_over(box, earlier, Budget()), _PIECES))
        except Undecided:
            if not pieces:
                raise
        return tuple(pieces)

    def _before(self, first: int, place: int) -> int:
        """The boxes of the lines from one place up to another."""
        starts = self._rules.starts
        return (1 << starts[place]) - (1 << starts[first])


# ── told together ───────────────────────────────────────────────────────────────────────────────


def _grouped(asked: tuple[str, str], found: Iterator[_Found], space: Space, *, by_name: bool) -> Iterator[Difference]:
    """One difference for each two aims."""
    groups: dict[tuple[Aim, Aim], list[_Found]] = {}
    for each in found:
        groups.setdefault((each.old.aim, each.new.aim), []).append(each)
    for group in groups.values():
        parts = [each.part if by_name else _nameless(each.part, space) for each in group]
        old = {each.old.rule.number: each.old.rule for each in group}
        new = {each.new.rule.number: each.new.rule for each in group}
        turns = zip_longest(*(each.pieces for each in group))
        pieces = [piece for turn in turns for piece in turn if piece is not None]
        yield Difference(asked, joined(parts, space), tuple(old.values()), tuple(new.values()), tuple(pieces[:_TRIED]))


def _nameless(part: Part, space: Space) -> Part:
    """A part that says nothing of the model that is asked for, which all requests there have in common."""
    boxes = [
        {at: cells for at, cells in box.items() if space.dimensions[at].fact != MODEL}
        for box in (part.box, *part.without)
    ]
    return Part(boxes[0], tuple(boxes[1:]))
