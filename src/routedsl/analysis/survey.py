"""A program laid out for questions: its request space, and each route's rules with their whole conditions."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from routedsl.analysis.ground import Ground
from routedsl.analysis.implicit import implied
from routedsl.analysis.reach import Rules, rules_of
from routedsl.analysis.regions import Box, Budget, Undecided, meet
from routedsl.analysis.space import Space, space_of
from routedsl.engine.program import Program
from routedsl.engine.reference import rules_with_conditions
from routedsl.language.policy import Block, Condition, Route, Rule


class RouteSurvey(Struct, frozen=True):
    """A route's rules in the order of the text; `reach` answers for the same places."""

    route: Route
    rules: tuple[Rule, ...]
    reach: Rules

    def place(self, rule: Rule) -> int:
        """Where a rule stands in its route."""
        return rule.number - self.rules[0].number

    def reaching(
        self, place: int, boxes: Iterable[Box], budget: Budget, worth: Callable[[Box], bool] = lambda _: True
    ) -> Iterator[Box]:
        """What of some boxes reaches the rule at a place; what is not worth it is not worked out.

        Raises `Undecided`, also where a rule's region is not known.
        """
        own = self.reach.regions[place]
        if own is None or self.reach.unsure_from < place:
            raise Undecided
        earlier = (1 << self.reach.starts[place]) - 1
        for box in boxes:
            budget.spend(len(own))
            for mine in own:
                both = meet(box, mine, self.reach.space)
                if both is not None and worth(both):
                    yield from filter(worth, self.reach.left_over(both, earlier, budget))


class Survey(Struct, frozen=True):
    """A program, the space that all its conditions share, and its routes."""

    program: Program
    ground: Ground
    space: Space
    routes: Mapping[str, RouteSurvey]


def survey(program: Program, more: Sequence[Condition] = ()) -> Survey:
    """Lay a program out: the regions of all its rules are made here, once.

    The space tells apart what `more` conditions ask as well.
    """
    ground = Ground(program)
    routes = program.policy.routes.values()
    conditions = {route.name: _conditions(route, ground) for route in routes}
    named = [condition for rules in conditions.values() for _, condition in rules]
    space = space_of([*named, *implied(program, ground), *more], program.catalog.vocabulary().signals)
    surveys = {route.name: _route_survey(route, conditions[route.name], space) for route in routes}
    return Survey(program, ground, space, surveys)


def _conditions(route: Route, ground: Ground) -> list[tuple[Rule, Condition]]:
    return [(rule, ground.condition(condition)) for rule, condition in rules_with_conditions(route.items)]


def _route_survey(route: Route, rules: list[tuple[Rule, Condition]], space: Space) -> RouteSurvey:
    reach = rules_of([condition for _, condition in rules], space)
    return RouteSurvey(route, tuple(rule for rule, _ in rules), reach)


def first_rule(block: Block) -> Rule | None:
    """The first rule inside a block."""
    for item in block.items:
        found = first_rule(item) if isinstance(item, Block) else item
        if found is not None:
            return found
    return None
