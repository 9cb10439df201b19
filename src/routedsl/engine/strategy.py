"""The contract of a strategy: one file in `strategies/` binds `STRATEGY = Strategy(...)`."""

from collections.abc import Callable

from msgspec import Struct

from routedsl.base.types import Value

Ask = Callable[[str, str], Value]
"""`ask(model, fact)`: a model's fact for this request, such as `ask("tiny", "latency")`."""


class Ballot(Struct, frozen=True, kw_only=True):
    """What a strategy ranks: the candidates in the order of the text, and how to ask about them.

    `shares` (parts per million, one a candidate) and `draw` (parts per million) are there for
    strategies that draw; `shares` is empty for the others. `order` is the fact that the policy says to
    go by, None where it says none.
    """

    models: tuple[str, ...]
    ask: Ask
    shares: tuple[int, ...] = ()
    draw: int = 0
    order: str | None = None


def by_number(ballot: Ballot, fact: str, *, largest_first: bool = False) -> tuple[str, ...]:
    """The ballot's models by a number that is known of each, ties in the order of the text, the unknown last."""
    sign = -1 if largest_first else 1

    def place(model: str) -> tuple[bool, float]:
        value = ballot.ask(model, fact)
        if not isinstance(value, (int, float)):
            return True, 0
        return False, sign * value

    return tuple(sorted(ballot.models, key=place))


class Strategy(Struct, frozen=True, kw_only=True):
    """A way to order candidates.

    `rank` returns some or all of the ballot's models, the first choice first, each at most once. It
    is pure: the same ballot gives the same ranking. Ties go in the order of the text. `shared`
    strategies take shares (`split of [a 90%, b 10%]`), the others a list of models. `single` ones give
    each model the part of the draws that is its share, and rank it alone; analysis relies on it.
    `ordered` ones can be told what to go by (`best of [a, b] by success`).
    """

    name: str
    rank: Callable[[Ballot], tuple[str, ...]]
    doc: str
    since: str
    shared: bool = False
    single: bool = False
    ordered: bool = False
