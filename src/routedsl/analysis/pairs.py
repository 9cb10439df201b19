"""Which rules of two lists a request can be taken by, one in each, as far as their conditions alone tell."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from msgspec import Struct

from routedsl.language.policy import Condition


class Pairs(Struct, frozen=True):
    """For each old place the new places that it must be laid beside.

    `partners` are places of equal conditions in the same order on both sides. A request that partners
    take on both sides is taken by the two partners of one pair: were they of two, the earlier pair would
    have taken it on the other side too. So a partner need only be laid beside its own, and beside
    `alone`, the new places that have none.
    """

    partners: Mapping[int, int]
    alone: Sequence[int]
    every: Sequence[int]

    def of(self, place: int) -> Sequence[int]:
        """The new places for an old one."""
        return (self.partners[place], *self.alone) if place in self.partners else self.every


def pairs(old: Sequence[Condition], new: Sequence[Condition]) -> Pairs:
    """Find partners: as many as stand in the same order."""
    numbers: dict[Condition, int] = {}
    before, after = ([numbers.setdefault(one, len(numbers)) for one in conditions] for conditions in (old, new))
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    partners = {block.a + step: block.b + step for block in blocks for step in range(block.size)}
    taken = set(partners.values())
    return Pairs(partners, [place for place in range(len(new)) if place not in taken], range(len(new)))
