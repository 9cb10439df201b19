"""The most that a chain can take: calls, time, money."""

from collections.abc import Sequence
from math import inf

from msgspec import Struct

from routedsl.analysis.regions import Box
from routedsl.analysis.space import Space
from routedsl.base.source import NOWHERE
from routedsl.engine.terms import Terms, patient, terms_of
from routedsl.engine.waiting import LONGEST_WAIT
from routedsl.language.policy import Model, Options, Policy, Upstream, undeclared

PER = 1_000_000
"""Prices are for so many tokens."""
_UNWRITTEN = Upstream("", "", span=NOWHERE)


def most_calls(chain: Sequence[str], options: Options) -> int:
    """Each model is called once, and again as often as `retry` says."""
    return len(chain) * (1 + options.retry)


def most_wait(chain: Sequence[str], options: Options, policy: Policy) -> int:
    """Microseconds until an answer begins, or the chain has none: streamed or not, whichever is longer."""
    return max(_most_wait(chain, options, policy, stream=stream) for stream in (False, True))


def _most_wait(chain: Sequence[str], options: Options, policy: Policy, *, stream: bool) -> int:
    terms = terms_of(options, stream=stream)
    if stream and options.buffer == "whole":
        return terms.deadline  # nothing else bounds how slowly a stream comes that is held back to its end
    silences = sum(_most_silence(name, terms, policy, stream=stream) for name in chain)
    return min(terms.deadline, (1 + options.retry) * silences)


def silence(chain: Sequence[str], options: Options, policy: Policy, *, stream: bool) -> int:
    """Microseconds in which each model in turn says nothing: dialled, and then waited for."""
    wait = _wait(terms_of(options, stream=stream), stream=stream)
    return sum(_upstream(name, policy).connect + wait for name in chain)


def _most_silence(model: str, terms: Terms, policy: Policy, *, stream: bool) -> int:
    """The silence of one model: it may wait for a slot, and be loaded first by a server of a kind that tells."""
    upstream = _upstream(model, policy)
    tells = upstream.kind != _UNWRITTEN.kind
    turn = 0 if upstream.slots is None else LONGEST_WAIT
    return turn + upstream.connect + _wait(patient(terms) if tells else terms, stream=stream)


def _wait(terms: Terms, *, stream: bool) -> int:
    return max(terms.timeout, terms.first_token) if stream else terms.timeout


def _upstream(model: str, policy: Policy) -> Upstream:
    declared = policy.models.get(model)
    return _UNWRITTEN if declared is None else policy.upstreams.get(declared.upstream or "", _UNWRITTEN)


# ── money ───────────────────────────────────────────────────────────────────────────────────────


class Unbounded(Struct, frozen=True):
    """A model that has a price, and nothing that bounds the tokens it is for."""

    model: str
    what: str


class Volume(Struct, frozen=True):
    """The most tokens of a region's prompts, and of the answers that are asked for; infinite where nothing says."""

    prompt: float
    answer: float


def most_cost(chain: Sequence[str], options: Options, policy: Policy, volume: Volume) -> int | Unbounded:
    """Pico-dollars for all calls, each billed whole."""
    total = 0
    for name in chain:
        cost = _cost(policy.models.get(name) or undeclared(name), volume)
        if isinstance(cost, Unbounded):
            return cost
        total += cost
    return -(-total * (1 + options.retry) // PER)


def _cost(model: Model, volume: Volume) -> int | Unbounded:
    """Of one call, in millionths of pico-dollars."""
    context = inf if model.context is None else model.context
    total = 0
    for price, tokens, what in (
        (model.input_price, volume.prompt, "prompt"),
        (model.output_price, volume.answer, "answer"),
    ):
        most = min(tokens, context)
        if price and most == inf:
            return Unbounded(model.name, what)
        total += price * int(most) if price else 0
    return total


def volume_of(box: Box, space: Space, cap: int | None) -> Volume:
    """How many tokens the requests of a box may have; `cap` is `max_output`."""
    total = _most("total_tokens", box, space)
    asked = min(_most("max_tokens", box, space), total) if _given("max_tokens", box, space) else inf
    return Volume(min(_most("tokens", box, space), total), asked if cap is None else min(asked, cap))


def _most(name: str, box: Box, space: Space) -> float:
    at = space.index.get(name)
    if at is None or at not in box:
        return inf
    spans = space.dimensions[at].spans
    ordered = box[at] & ((1 << len(spans)) - 1)
    return spans[ordered.bit_length() - 1].high if ordered else inf


def _given(name: str, box: Box, space: Space) -> bool:
    """Whether all requests of a box have a fact that can be missing."""
    at = space.index.get(name)
    return at is not None and at in box and not box[at] >> len(space.dimensions[at].spans)
