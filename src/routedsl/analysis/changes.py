"""Where two programs differ in what rules only name: when candidates are there, what models take, what facts mean."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from routedsl.analysis.aims import FALSE, TRUE, Aim
from routedsl.analysis.implicit import unable
from routedsl.base.source import NOWHERE
from routedsl.engine.program import Program
from routedsl.language.policy import And, Condition, Constant, Fact, Not, Or, undeclared

_CLOCK = frozenset({"time", "weekday"})
"""Facts that are read in the policy's time zone."""

_PRICED = frozenset({"cost", "typical_output"})
"""The facts of a model that are read by its declared prices, and by how long its answers are declared to be."""
_NEW = "new "


def is_told_apart(fact: Fact) -> bool:
    """Whether a fact is one of the new program alone, since the old one means another thing by its name."""
    return fact.model.startswith(_NEW) if fact.model is not None else fact.signal in _CLOCK and fact.key is not None


class Changes(Struct):
    """What is between an old program and a new one."""

    old: Program
    new: Program
    limits: dict[str, Condition] = {}

    def between(self, one: Aim, other: Aim) -> Condition:
        """When two aims decide differently; for different shapes that is taken to be always."""
        if one.shape != other.shape:
            return TRUE
        wheres = zip(one.wheres, other.wheres, strict=True)
        parts = [unlike(first, second) for first, second in wheres if first != second]
        if len(one.models) > 1:  # one that is alone is tried in any case
            parts += [limit for model in one.models if (limit := self.limit(model)) != FALSE]
        return Or(tuple(parts), span=NOWHERE) if parts else FALSE

    def limit(self, model: str) -> Condition:
        """The requests that a model can take by one program's declaration and not by the other's."""
        if model not in self.limits:
            before, after = (unable(model, None, program, NOWHERE) for program in (self.old, self.new))
            self.limits[model] = FALSE if before == after else unlike(_any(before), _any(after))
        return self.limits[model]

    def told_apart(self, condition: Condition) -> Condition:
        """A condition of the new program, with a name of its own for each fact that means another thing there."""
        match condition:
            case And(items=items) | Or(items=items):
                return replace(condition, items=tuple(map(self.told_apart, items)))
            case Not(item=item):
                return replace(condition, item=self.told_apart(item))
            case Constant():
                return condition
            case _:
                return replace(condition, fact=self._fact(condition.fact))

    def _fact(self, fact: Fact) -> Fact:
        if fact.model is not None:
            priced = fact.signal in _PRICED and self._price(self.old, fact.model) != self._price(self.new, fact.model)
            return replace(fact, model=f"{_NEW}{fact.model}") if priced else fact
        moved = fact.signal in _CLOCK and self.old.policy.timezone != self.new.policy.timezone
        return replace(fact, key=self.new.policy.timezone) if moved else fact

    def _price(self, program: Program, name: str) -> tuple[int, int, int | None]:
        model = program.policy.models.get(name) or undeclared(name)
        return model.input_price, model.output_price, model.typical_output


def unlike(one: Condition, other: Condition) -> Condition:
    """Either and not both."""
    ways = (And((one, Not(other, span=NOWHERE)), span=NOWHERE), And((other, Not(one, span=NOWHERE)), span=NOWHERE))
    return Or(ways, span=NOWHERE)


def _any(needs: Mapping[str, Condition]) -> Condition:
    return Or(tuple(needs.values()), span=NOWHERE) if needs else FALSE
