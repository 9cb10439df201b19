"""Shows a difference: a request that two programs decide differently, decided by the reference evaluator."""

from msgspec import Struct
from msgspec.structs import replace

from routedsl.analysis.changes import is_told_apart
from routedsl.analysis.diff import Difference
from routedsl.analysis.space import Space
from routedsl.analysis.witness import Trial, witness
from routedsl.analysis.worlds import Variant, told_with, variants
from routedsl.base.diagnostic import Witness
from routedsl.engine.address import ToRoute
from routedsl.engine.decision import Decision
from routedsl.engine.explain import explain
from routedsl.engine.program import Program

MOST_WORLDS = 400
"""Worlds in which requests are decided before a difference is only possible."""


class Proof(Struct, frozen=True):
    """A difference's witness, and where it is shown, both decisions on it."""

    witness: Witness
    old: Decision | None = None
    new: Decision | None = None


def prove(difference: Difference, space: Space, old: Program, new: Program) -> Proof:
    """Look for a request of the difference that is decided differently."""
    search = _Search(difference, old, new)
    to = ToRoute(difference.asked[0])
    tried: list[Witness] = []
    for piece in difference.pieces:
        # A fact that the old program does not know is left to chance.
        asked = {at: cells for at, cells in piece.items() if not is_told_apart(space.dimensions[at].fact)}
        found = witness(asked, space, old, to, search.decided_differently)
        if found.envelope is not None and search.variant is not None:
            return Proof(replace(found, envelope=told_with(found.envelope, search.variant)), *search.decisions)
        tried.append(found)
    return Proof(tried[0])


def differ(old: Decision, new: Decision) -> bool:
    """Whether clients, or who pays for them, can tell two decisions apart; rules' names and places they cannot."""
    return _decided(old) != _decided(new)


def _decided(decision: Decision) -> tuple[object, ...]:
    options = replace(decision.options, fallback=())
    refusal = (decision.status, decision.message)
    return (decision.action, decision.route, decision.chain, refusal if decision.status else options)


class _Search(Struct):
    difference: Difference
    old: Program
    new: Program
    left: int = MOST_WORLDS
    variant: Variant | None = None
    decisions: tuple[Decision, ...] = ()

    def decided_differently(self, trial: Trial) -> bool:
        """Whether both decide a request by the rules that are claimed and not alike, in this world or another."""
        rules = (*self.difference.old, *self.difference.new)
        hours = self.old.policy.timezone != self.new.policy.timezone
        for variant in variants(trial.world, rules, hours=hours):
            self.left -= 1
            if self.left < 0:
                return False
            if self._differs(replace(trial, world=variant.world)):
                self.variant = variant
                return True
        return False

    def _differs(self, trial: Trial) -> bool:
        fast = [program.decide(trial.request, trial.world, trial.pinned) for program in (self.old, self.new)]
        if not differ(*fast) or not self._claimed(*fast):
            return False
        slow = [explain(program, trial.request, trial.world, trial.pinned) for program in (self.old, self.new)]
        self.decisions = tuple(explanation.decision for explanation in slow)
        return differ(*self.decisions)

    def _claimed(self, old: Decision, new: Decision) -> bool:
        return old.rule in {rule.name for rule in self.difference.old} and new.rule in {
            rule.name for rule in self.difference.new
        }
