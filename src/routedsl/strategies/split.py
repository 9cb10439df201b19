"""`split of [a 90%, b 10%]`: the one that is drawn."""

from bisect import bisect_right
from itertools import accumulate

from routedsl.engine.strategy import Ballot, Strategy


def rank(ballot: Ballot) -> tuple[str, ...]:
    bounds = tuple(accumulate(ballot.shares))
    draw = min(ballot.draw, bounds[-1] - 1)  # a draw of the whole belongs to the last share
    return (ballot.models[bisect_right(bounds, draw)],)


STRATEGY = Strategy(
    name="split",
    rank=rank,
    doc="The one model whose share the draw falls in; `by` a signal, its values are drawn instead of sessions.",
    since="0.1",
    shared=True,
    single=True,
)
