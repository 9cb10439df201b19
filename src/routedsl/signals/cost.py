"""`cost`: what a request will probably cost on a model."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate, chat
from routedsl.engine.price import bill
from routedsl.engine.signal import About, Cost, Example, Moment, Signal
from routedsl.engine.world import ModelState

ANY_ANSWER = 500
"""Tokens of an answer that is expected where nothing tells what is typical.

`max_tokens` is a bound and no guess: agents send 32,000 with every step. Taken as the expected
length it would make the price of the answer drown that of the prompt.
"""


def read(moment: Moment) -> int:
    model = moment.about
    prompt = moment.count("tokens") if model.input_price else 0
    return bill(model, (prompt, _answer(moment) if model.output_price else 0))


def _answer(moment: Moment) -> int:
    bound, typical = moment.request.max_tokens, moment.fact(f"{moment.about.name}.typical_output")
    expected = typical if isinstance(typical, int) else ANY_ANSWER
    return expected if bound is None else min(bound, expected)


SIGNAL = Signal(
    name="cost",
    type=Type.MONEY,
    about=About.MODEL,
    cost=Cost.DEAR,
    by_rule=True,
    since="0.1",
    read=read,
    doc="What this request will probably cost on the model, at its prices: for its `tokens`, and for the answer's "
    "`typical_output`, which is taken to be 500 where it is missing; at most `max_tokens`.",
    examples=(
        Example(candidate(), 0, "no price, nothing to pay"),
        Example(candidate(output_price=10_000_000_000_000), 5_000_000_000, "half a cent for 500 tokens"),
        Example(
            candidate(asked=chat("hello world", max_tokens=1), input_price=1_000_000, output_price=1_000_000),
            10,
            "nine tokens in, one out",
        ),
        Example(
            candidate(ModelState(typical_output=50), output_price=10_000_000_000_000),
            500_000_000,
            "for the 50 tokens of most of its answers",
        ),
    ),
)
