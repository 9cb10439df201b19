"""What tokens cost on a model."""

from routedsl.engine.outcome import Usage
from routedsl.language.policy import Model

PER = 1_000_000
"""Prices are for so many tokens."""


def bill(model: Model | None, tokens: Usage) -> int:
    """Pico-dollars for so many tokens of prompt and of answer; nothing for a model that nobody declares."""
    if model is None:
        return 0
    return (model.input_price * tokens[0] + model.output_price * tokens[1]) // PER
