"""The candidates of a decided target, for people: each with its place, its numbers, and why it was left out."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from routedsl.base.types import Type, Value
from routedsl.engine.catalog import Catalog
from routedsl.engine.chain import Chained, Contest, asking, rank
from routedsl.engine.facts import Facts

SHARE = "share"
"""What the number of a candidate is called by which a split draws."""
FILTERED = "filtered out by `where`"
NOT_DRAWN = "not drawn"
NOT_RANKED = "left out by the strategy"

Numbers = Mapping[str, Value]
"""By the names of facts of models, bare."""


class Placed(Struct, frozen=True, kw_only=True):
    """A candidate, and the facts that the strategy and `where` went by.

    `place` counts from 1, None for one that the ranking does not have. `left_out` is why the chain does not have it.
    """

    model: str
    place: int | None
    numbers: Numbers
    left_out: str | None


def placed(
    contest: Contest, chained: Chained, facts: Facts, filtered: Mapping[str, Iterable[str]]
) -> tuple[Placed, ...]:
    """The candidates, those of the ranking first. `filtered` has the facts that `where` asked of each, by their texts.

    The strategy ranks once more, and what it asks is seen.
    """
    told = asking(contest, facts)
    asked: dict[str, dict[str, Value]] = {candidate.model: {} for candidate in contest.target.candidates}

    def ask(model: str, fact: str) -> Value:
        value = told(model, fact)
        asked.setdefault(model, {})[fact] = value
        return value

    rank(contest, chained.passed, facts, ask)
    for candidate, share in zip(contest.target.candidates, contest.target.shares, strict=False):
        asked[candidate.model][SHARE] = share
    for model, texts in filtered.items():
        asked[model] |= {name: facts.ask(f"{model}.{name}") for name in _about(model, texts)}
    behind = [model for model in asked if model not in chained.ranking]
    return tuple(_placed(model, contest, chained, asked[model]) for model in (*chained.ranking, *behind))


def _about(model: str, texts: Iterable[str]) -> Iterator[str]:
    """The bare names of those facts that are the model's."""
    return (text[len(model) + 1 :] for text in texts if text.startswith(f"{model}."))


def _placed(model: str, contest: Contest, chained: Chained, numbers: Numbers) -> Placed:
    ranked = model in chained.ranking
    reason = chained.unfit.get(model) if model not in chained.chain else None
    if not ranked:
        reason = FILTERED if model not in chained.passed else NOT_DRAWN if contest.target.shares else NOT_RANKED
    place = chained.ranking.index(model) + 1 if ranked else None
    return Placed(model=model, place=place, numbers=numbers, left_out=reason)


def number_types(catalog: Catalog) -> Mapping[str, Type]:
    """The types of what can be a number of a candidate."""
    return {name: signal.type for name, signal in catalog.model_facts.items()} | {SHARE: Type.SHARE}
