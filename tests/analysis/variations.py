"""Random policies as people write them, versions of them that differ in one thing, and requests to decide by both.

A policy is kept in its parts, so that one of them can be taken out, put in another's place or made anew.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from routedsl.base.source import Source
from routedsl.discover import builtin
from routedsl.engine.compile import compile_policy
from routedsl.engine.program import Program
from routedsl.engine.request import Message, Request
from routedsl.engine.world import ModelState, World
from routedsl.language.parse import parse

MODELS = ("tiny", "medium", "large")
PREDICATES = (
    *("chars < 10", "chars >= 11", "5 <= chars < 20", "messages <= 2", "turns > 1", "turns == 2", "words > 2"),
    *("tools > 0", "tools == 0", "stream", "json", "images > 0", "total_tokens > 30", "tokens <= 12"),
    *('header["x-tier"] == "gold"', 'header["x-tier"] in ["gold", "silver"]', 'header["x-tier"] like "g*"'),
    *('header["x-tier"] is missing', 'header["x-tier"] != "silver"', 'text contains "code"', "text matches /co+/"),
    *('last contains "please"', "max_tokens > 20", "max_tokens is given", 'model like "gpt-*"', 'model == "gpt-4"'),
    *("tiny.up", "large.latency < 1s", "medium.load >= 50%", "time in 09:00..17:00", 'weekday in ["sat", "sun"]'),
    *("temperature > 0.5", "tiny.cost < $0.0001", "tiny.quality > 40", "draw < 10%", 'user == "ann"'),
)
WHERES = (
    "up",
    "latency < 1s",
    "load < 50%",
    "quality > 40",
    "context >= total_tokens",
    "tools == 0",
    'tags contains "eu"',
)
NAMED = {"auto": 'auto, "gpt-*"', "other": "other"}
CONTEXTS = ("", "context 40", "context 60")
ABILITIES = ("", "supports []", "supports [tools]", "supports [tools, images, json]")
OPTIONS = (
    "",
    "",
    "",
    "fallback [large]",
    "fallback [medium, tiny]",
    "timeout 5s",
    "sticky 10m",
    "explore 50%",
    "retry 0",
)


@dataclass(slots=True)
class Line:
    """A rule, or where there are `inner` ones a block."""

    condition: str
    target: str = ""
    options: str = ""
    inner: list["Line"] = field(default_factory=list)

    def text(self) -> str:
        if self.inner:
            return f"when {self.condition} {{ {' '.join(line.text() for line in self.inner)} }}"
        return f"when {self.condition} -> {self.target}" + (f" {{ {self.options} }}" if self.options else "")


@dataclass(slots=True)
class Variation:
    """A policy in its parts."""

    declared: dict[str, str]
    defaults: str
    routes: dict[str, list[Line]]
    ends: dict[str, str]

    def text(self) -> str:
        models = [f"model {name} {{ {settings} }}" for name, settings in self.declared.items()]
        routes = [self.route(name) for name in self.routes]
        return "\n".join([*models, f"defaults {{ {self.defaults} }}", *routes]) + "\n"

    def route(self, name: str) -> str:
        lines = [*(line.text() for line in self.routes[name]), f"else {self.ends[name]}"]
        return "\n  ".join([f"route {NAMED[name]} {{", *lines]) + "\n}"


def random_variation(rng: Random) -> Variation:
    return Variation(
        declared={name: _model(rng) for name in MODELS},
        defaults=rng.choice(("timeout 9s", "timeout 9s explicit auto")),
        routes={"auto": _lines(rng, depth=0), "other": _lines(rng, depth=1)},
        ends={"auto": rng.choice((_target(rng), "route other")), "other": _target(rng)},
    )


def _model(rng: Random) -> str:
    price = rng.choice(("", "input_price $1 output_price $2"))
    return " ".join((f"quality {rng.choice((30, 60))}", rng.choice(CONTEXTS), rng.choice(ABILITIES), price))


def _lines(rng: Random, depth: int) -> list[Line]:
    return [_line(rng, depth) for _ in range(rng.randrange(1, 4))]


def _line(rng: Random, depth: int) -> Line:
    if depth == 0 and rng.random() < 0.25:
        return Line(_condition(rng, 1), inner=_lines(rng, 1))
    target = "route other" if depth == 0 and rng.random() < 0.15 else _target(rng)
    options = "" if target.startswith(("route", "reject")) else rng.choice(OPTIONS)
    return Line(_condition(rng, rng.randrange(3)), target, options)


def _condition(rng: Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.3:
        return rng.choice(("", "", "not ")) + rng.choice(PREDICATES)
    parts = [f"({_condition(rng, depth - 1)})" for _ in range(rng.randrange(2, 4))]
    return rng.choice((" and ", " or ")).join(parts)


def _target(rng: Random) -> str:
    some = rng.sample(MODELS, rng.randrange(1, 4))
    match rng.randrange(6):
        case 0:
            return 'reject 403 "no"'
        case 1:
            return "split of [tiny 40%, large 60%]"
        case 2:
            return f"{rng.choice(('first', 'fastest', 'cheapest', 'best', 'least_busy'))} of [{', '.join(some)}]"
        case 3:
            by = rng.choice(("first of [{}]", "best of [{}]", "best of [{}] by success"))
            return f"{by.format(', '.join(some))} where {rng.choice(WHERES)}"
        case _:
            return some[0]


# ── versions ────────────────────────────────────────────────────────────────────────────────────


def changed(variation: Variation, rng: Random) -> Variation:
    """The same policy with one thing made anew, taken out or put elsewhere; by chance it may mean the same."""
    other = deepcopy(variation)
    lines = rng.choice([*other.routes.values(), *(line.inner for line in other.routes["auto"] if line.inner)])
    at = rng.randrange(len(lines))
    match rng.randrange(8):
        case 0:
            other.declared[rng.choice(MODELS)] = _model(rng)
        case 1:
            other.ends[rng.choice(("auto", "other"))] = _target(rng)
        case 2:
            lines.insert(at, _line(rng, 1))
        case 3 if len(lines) > 1:
            del lines[at]
        case 4:
            lines.append(lines.pop(at))
        case 5:
            lines[at].condition = _condition(rng, 1)
        case 6:
            lines[at].condition = f"not (not ({lines[at].condition}))"
        case _ if not lines[at].inner and not lines[at].target.startswith("route"):
            lines[at].target, lines[at].options = _target(rng), ""
    return other


def program_of(text: str) -> Program:
    """The program of a policy's text; what is wrong with it fails the test."""
    file, found = parse(Source("p.route", text))
    program, checked = compile_policy([file], builtin())
    assert program is not None, [*found, *checked, text]
    return program


# ── requests ────────────────────────────────────────────────────────────────────────────────────

NAMES = (None, "auto", "auto", "gpt-4", "gpt-5", "tiny", "large", "other", "nobody")
WORDS = (
    "",
    "hi",
    "hi you",
    "code",
    "cooode!",
    "please do",
    "nine char",
    "ten chars.",
    "eleven char",
    "x" * 19,
    "y" * 20,
)


def random_request(rng: Random) -> Request:
    messages = [
        Message(
            role=rng.choice(("user", "user", "system", "assistant")),
            text=rng.choice(WORDS),
            images=int(rng.random() < 0.2),
        )
        for _ in range(rng.randrange(1, 4))
    ]
    return Request(
        endpoint="chat",
        model=rng.choice(NAMES),
        messages=messages,
        id=str(rng.random()),
        headers={"x-tier": tier} if (tier := rng.choice((None, "gold", "silver", "green", ""))) is not None else {},
        tools=("{}",) * rng.randrange(2),
        json=rng.random() < 0.3,
        stream=rng.random() < 0.5,
        max_tokens=rng.choice((None, 1, 20, 21, 30, 60)),
        temperature=rng.choice((None, 0.5, 0.7)),
        user=rng.choice((None, "ann", "bob")),
    )


def random_world(rng: Random) -> World:
    return World(
        now=datetime(2026, 1, 5, tzinfo=UTC) + timedelta(minutes=rng.randrange(7 * 24 * 60)),
        draw=rng.choice((None, 0, 99_999, 100_000, 399_999, 400_000)),
        models={name: _state(rng) for name in MODELS if rng.random() < 0.7},
        sticky=rng.choice((None, "tiny", "large")),
    )


def _state(rng: Random) -> ModelState:
    return ModelState(
        up=rng.random() < 0.8, latency=rng.choice((None, 999_999, 1_000_000)), load=rng.choice((0, 499_999, 500_000))
    )
