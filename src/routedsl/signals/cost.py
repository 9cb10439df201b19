"""`cost`: what a request will probably cost on a model."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate, chat
from routedsl.engine.price import bill
from routedsl.engine.signal import About, Cost, Example, Moment, Signal

TYPICAL_ANSWER = 500
"""Tokens of an answer that is expected where the client asks for no less.

Clients give `max_tokens` as a bound and not as a guess: agents send 32,000 with every step. Taken as
the expected length it would make the price of the answer drown that of the prompt.
"""


def read(moment: Moment) -> int:
    model = moment.about
    prompt = moment.count("tokens") if model.input_price else 0
    return bill(model, (prompt, _answer(moment.request.max_tokens)))


def _answer(bound: int | None) -> int:
    return TYPICAL_ANSWER if bound is None else min(bound, TYPICAL_ANSWER)


SIGNAL = Signal(
    name="cost",
    type=Type.MONEY,
    about=About.MODEL,
    cost=Cost.DEAR,
    since="0.1",
    read=read,
    doc="What this request will probably cost on the model: its `tokens`, and 500 tokens of answer, "
    "or `max_tokens` where that is less, at the declared prices.",
    examples=(
        Example(candidate(), 0, "no price, nothing to pay"),
        Example(candidate(output_price=10_000_000_000_000), 5_000_000_000, "half a cent for 500 tokens"),
        Example(
            candidate(asked=chat("hello world", max_tokens=1), input_price=1_000_000, output_price=1_000_000),
            10,
            "nine tokens in, one out",
        ),
    ),
)
