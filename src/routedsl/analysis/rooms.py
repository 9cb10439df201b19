"""How many tokens a prompt may have, for each bound of the answer that a client may set: sums and prices resolved."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from math import inf

from msgspec import Struct

from routedsl.analysis.conversation import Demands, spans_of
from routedsl.analysis.samples import value_in
from routedsl.analysis.space import Span
from routedsl.analysis.wanted import Spans, holds, least, shared, shifted
from routedsl.engine.facts import Facts
from routedsl.engine.program import Program
from routedsl.engine.request import Request
from routedsl.engine.world import World

LONG = 2_000
"""`total_tokens` from which on room for a long answer is a shorter witness than a long prompt."""
SHORT = 50
"""Tokens that a prompt may well have."""
_LENGTH = "typical_output"
_TOKENS = range(10**7)
_BOUNDS = range(10**4)
_NEVER = World(now=datetime(1970, 1, 1, tzinfo=UTC))


class Room(Struct, frozen=True):
    """A bound of the answer, None for none, and the tokens that the prompt may have with it."""

    bound: int | None
    tokens: Spans


def rooms(demands: Demands, program: Program) -> Iterator[Room]:
    """The rooms that there are to try, likely ones first."""
    for bound in dict.fromkeys(_bounds(demands, program)):
        tokens = shared(spans_of("tokens", demands), shifted(spans_of("total_tokens", demands), bound or 0))
        for name in _costs(demands):
            tokens = shared(tokens, _priced(spans_of(name, demands), _price(name, demands, program, bound=bound)))
        if tokens and ("max_tokens" not in demands or demands["max_tokens"].allows(bound)):
            yield Room(bound, tokens)


def _bounds(demands: Demands, program: Program) -> Iterator[int | None]:
    free = "max_tokens" not in demands or demands["max_tokens"].missing
    plain = None if free else least(spans_of("max_tokens", demands), 0)
    totals = spans_of("total_tokens", demands)
    if not holds(totals, LONG) and totals[0].low > LONG:
        yield from _filling(totals, demands)
    yield plain
    yield from _filling(totals, demands)
    for name in _costs(demands):
        for span in spans_of(name, demands):
            yield bisect_left(_BOUNDS, span.low, key=_price(name, demands, program, tokens=SHORT))


def _filling(totals: Spans, demands: Demands) -> Iterator[int | None]:
    """Bounds that bring a prompt to the sums demanded: any where there is room enough, else a short one."""
    prompt = least(spans_of("tokens", demands), SHORT) or 0
    for span in totals:
        left = 0 if span.high - span.low > LONG else prompt
        yield least(spans_of("max_tokens", demands), max(0, span.low - left))


# ── prices ──────────────────────────────────────────────────────────────────────────────────────


def _costs(demands: Demands) -> list[str]:
    return [name for name, wanted in demands.items() if wanted.fact.model is not None and wanted.fact.signal == "cost"]


def _price(
    name: str, demands: Demands, program: Program, *, bound: int | None = None, tokens: int | None = None
) -> Callable[[int], float]:
    """A model's price by the tokens of the prompt; by the bound of the answer, where the tokens are given."""
    model = demands[name].fact.model
    lengths = (wanted for wanted in demands.values() if (wanted.fact.model, wanted.fact.signal) == (model, _LENGTH))
    pinned = {wanted.fact.text: value_in(wanted) for wanted in lengths}

    def price(number: int) -> float:
        most, prompt = (bound, number) if tokens is None else (number, tokens)
        request = Request(endpoint="chat", model=None, messages=(), max_tokens=most)
        value = Facts(program.readings, request, _NEVER, {**pinned, "tokens": prompt}).ask(name)
        return value if isinstance(value, int | float) else 0

    return price


def _priced(spans: Spans, price: Callable[[int], float]) -> Spans:
    """The tokens whose price lies in the spans: the more, the dearer."""
    tokens = []
    for span in spans:
        low, high = bisect_left(_TOKENS, span.low, key=price), bisect_right(_TOKENS, span.high, key=price)
        if low < high:
            tokens.append(Span(low, inf if high == len(_TOKENS) else high - 1))
    return tuple(tokens)
