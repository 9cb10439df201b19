"""Traffic: the requests of a simulation in the order in which they come, recorded ones or made up."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from math import log
from random import Random

from msgspec import Struct

from routedsl.base.types import Value
from routedsl.base.units import DURATIONS, WHOLE
from routedsl.engine.request import Message, Request
from routedsl.engine.world import World

SECOND = DURATIONS["s"]
START = datetime(2026, 1, 5, tzinfo=UTC)
"""When traffic begins that is made up: a Monday, at midnight."""
MOST_TOKENS = 100_000
CHARS_A_TOKEN = 4
_SPREAD = 0.8
"""Of the lengths of prompts and answers, by their logarithm: nine in ten are within a factor of four of the median."""
_MEAN_TURNS = 3.0
_MIDDLE, _HARDEST, _DEVIATION = 50.0, 100.0, 20.0


class Asked(Struct, frozen=True, kw_only=True):
    """One request of the traffic.

    It comes `at` so many microseconds from the start. `pinned` are its facts, `world` what is true of the
    moment beside the models, whose states the simulation knows. Its prompt and the answer that it
    is to get have so many tokens. `session` names its conversation.
    """

    at: int
    request: Request
    world: World
    pinned: Mapping[str, Value]
    prompt: int
    answer: int
    session: str | None = None


class Synthetic(Struct, frozen=True, kw_only=True):
    """Traffic that is made up: so many requests, `rate` a second, the same ones for each `seed`.

    They come by chance, each independent of the others (Poisson). Prompts and answers have medians of so many
    tokens. `model` is what clients ask for.
    """

    requests: int
    rate: float
    seed: int = 1
    prompt: int = 400
    answer: int = 200
    model: str | None = None

    @property
    def length(self) -> int:
        """About how many microseconds they take to come."""
        return int(self.requests / self.rate * SECOND)

    def arrivals(self) -> Iterator[Asked]:
        """The requests."""
        chance, at = Random(self.seed), 0.0  # noqa: S311 - it makes up traffic, and keeps no secret
        for number in range(self.requests):
            at += chance.expovariate(self.rate) * SECOND
            yield self._asked(int(at), number, chance)

    def _asked(self, at: int, number: int, chance: Random) -> Asked:
        prompt, answer = _length(self.prompt, chance), _length(self.answer, chance)
        turns = 1 + int(chance.expovariate(1 / (_MEAN_TURNS - 1)))
        difficulty = min(max(chance.gauss(_MIDDLE, _DEVIATION), 0.0), _HARDEST)
        return Asked(
            at=at,
            request=Request(endpoint="chat", model=self.model, messages=_NO_TEXT, id=str(number), stream=True),
            world=World(now=datetime.fromtimestamp(START.timestamp() + at / SECOND, UTC), draw=chance.randrange(WHOLE)),
            pinned=_facts(prompt, turns, difficulty),
            prompt=prompt,
            answer=answer,
        )


_NO_TEXT = (Message(role="user"),)


def _length(median: int, chance: Random) -> int:
    return min(max(1, round(chance.lognormvariate(log(median), _SPREAD))), MOST_TOKENS)


def _facts(tokens: int, turns: int, difficulty: float) -> Mapping[str, Value]:
    chars = tokens * CHARS_A_TOKEN
    return {
        "tokens": tokens,
        "total_tokens": tokens,
        "chars": chars,
        "last_chars": chars // turns,
        "messages": 2 * turns - 1,
        "turns": turns,
        "difficulty": difficulty,
    }
