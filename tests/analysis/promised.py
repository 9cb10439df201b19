"""Random policies with asserts, random requests and worlds, and what a chain costs by a reckoning of its own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from routedsl.base.source import Source
from routedsl.base.types import Value
from routedsl.discover import builtin
from routedsl.engine.compile import compile_policy
from routedsl.engine.decision import Decision
from routedsl.engine.program import Program
from routedsl.engine.request import Message, Request
from routedsl.engine.world import ModelState, World
from routedsl.language.parse import parse
from routedsl.language.policy import (
    Assert,
    AttemptsLimit,
    CostLimit,
    Model,
    Never,
    NeverWhere,
    Only,
    OnlyWhere,
    Options,
    WaitLimit,
)

CATALOG = builtin()
SECOND = 1_000_000
SLOT = SECOND
"""How long a call may wait for one of the slots that `cloud` declares."""
MODELS = """
upstream house { url "http://127.0.0.1:1/v1" }
upstream cloud { url "http://127.0.0.1:2/v1"  connect 1s  slots 9 }
model tiny { upstream house  context 8k  quality 20  supports []  tags [eu] }
model medium { upstream house  context 32k  quality 50  supports [tools]  tags [eu]  input_price $1 }
model large { upstream cloud  context 128k  quality 90  tags [paid]  input_price $2  output_price $10 }
model open { upstream cloud  tags [eu, paid]  output_price $1 }
"""
NAMES = ("tiny", "medium", "large", "open")
CONDITIONS = (
    *("chars < 100", "tokens <= 8k", "tokens > 20k", "tools > 0", "json", "max_tokens < 500", "stream"),
    *('header["x-tier"] == "gold"', 'header["x-tier"] in ["gold", "iron"]', 'model like "gpt-*"', 'model == "auto"'),
    *('model in ["large", "tiny"]', "tiny.up", "large.latency < 1s", "draw < 30%", "max_tokens is missing"),
)
WHERES = (
    *("up", "quality >= 50", "context >= total_tokens", 'tags contains "eu"', "latency < 1s", "errors < 5%"),
    *("latency < 1s or latency is missing", "context >= tokens and up", 'not upstream == "cloud"', "quality > 99"),
)
DECLARED: Mapping[str, Callable[[Model], bool]] = {
    'tags contains "eu"': lambda model: "eu" in model.tags,
    'upstream == "house"': lambda model: model.upstream == "house",
    "quality < 60": lambda model: model.quality is not None and model.quality < 60,
    "context is missing or not quality >= 50": lambda model: model.context is None or not (model.quality or 0) >= 50,
}
OPTIONS = (
    "timeout 5s",
    "deadline 20s",
    "retry 0",
    "retry 2",
    "first_token 8s",
    "max_output 1k",
    "sticky 10m",
    "explore 50%",
    "buffer whole",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request in a state of the world, with the facts that are given for it."""

    request: Request
    world: World
    pinned: dict[str, Value]


# ── policies ────────────────────────────────────────────────────────────────────────────────────


def random_text(rng: Random) -> str:
    """A policy of two routes with a few asserts."""
    defaults = rng.choice(("", "defaults { explicit auto }", "defaults { retry 0  deadline 30s  max_output 2k }"))
    pattern = rng.choice(("", ', "gpt-*"', ', "gpt-4*", "*-mini"'))
    other = rng.choice(("", ', "g*"'))
    routes = (
        f"route auto{pattern} {{\n{_body(rng, handed=True)}}}\nroute other{other} {{\n{_body(rng, handed=False)}}}\n"
    )
    return MODELS + defaults + "\n" + routes + "".join(f"{_assert(rng)}\n" for _ in range(4))


def _body(rng: Random, *, handed: bool) -> str:
    rules = [f"when {_condition(rng)} -> {_target(rng, handed=handed)}\n" for _ in range(rng.randrange(4))]
    options = [rng.choice(("", f"fallback {_list(rng)}\n")), *(f"{o}\n" for o in _options(rng))]
    return "".join([*rules, f"else {_target(rng, handed=False)}\n", *options])


def _options(rng: Random) -> Iterator[str]:
    taken: set[str] = set()
    for option in rng.sample(OPTIONS, rng.randrange(3)):
        if option.split()[0] not in taken:
            taken.add(option.split()[0])
            yield option


def _condition(rng: Random) -> str:
    parts = [rng.choice(("", "not ")) + rng.choice(CONDITIONS) for _ in range(rng.randrange(1, 3))]
    return rng.choice((" and ", " or ")).join(f"({part})" for part in parts)


def _list(rng: Random) -> str:
    return f"[{', '.join(rng.sample(NAMES, rng.randrange(1, 4)))}]"


def _target(rng: Random, *, handed: bool) -> str:
    fallback = rng.choice(("", "", f" {{ fallback {_list(rng)} }}", " { fallback [] }"))
    match rng.randrange(8 if handed else 7):
        case 0:
            return 'reject 400 "no"'
        case 1:
            first, second, third = rng.sample(NAMES, 3)
            by = rng.choice(("", " by user"))
            return f"split of [{first} 20%, {second} 0%, {third}]{by}{fallback}"
        case 2 | 3 | 4:
            source = rng.choice(("all", _list(rng)))
            strategy = rng.choice(("first", "fastest", "cheapest", "best", "least_busy"))
            return f"{strategy} of {source} where {rng.choice(WHERES)}{fallback}"
        case 7:
            return "route other"
        case _:
            return f"{rng.choice(NAMES)}{fallback}"


def _assert(rng: Random) -> str:
    condition = rng.choice(("always", _condition(rng), _condition(rng)))
    match rng.randrange(7):
        case 0:
            promise = f"only {_list(rng)}"
        case 1:
            promise = f"never {_list(rng)}"
        case 2:
            promise = f"{rng.choice(('only', 'never'))} where {rng.choice(tuple(DECLARED))}"
        case 3 | 4:
            promise = f"attempts <= {rng.randrange(1, 9)}"
        case 5:
            promise = f"wait <= {rng.choice((20, 30, 45, 66, 120, 200, 600))}s"
        case _:
            promise = f"cost <= ${rng.choice(('0', '0.01', '0.1', '0.5', '2', '8'))}"
    return f"assert {condition} -> {promise}"


def compiled(text: str, name: str = "policy.route") -> Program:
    """The program of a policy that has no errors, asserts not proved."""
    file, found = parse(Source(name, text))
    assert file is not None, found
    program, diagnostics = compile_policy([file], CATALOG)
    assert program is not None, (text, diagnostics)
    return program


# ── requests ────────────────────────────────────────────────────────────────────────────────────


def random_asked(rng: Random) -> Asked:
    """A request near what the policies ask about, by a name that is known or not."""
    tokens = rng.choice((10, 8_000, 8_001, 20_001, 32_000, 130_000))
    request = Request(
        endpoint="chat",
        model=rng.choice((None, "auto", "dynamic", "other", "gpt-4", "gpt-4-mini", "a-mini", "nobody", *NAMES)),
        messages=(Message(role="user", text="hi", images=rng.choice((0, 0, 1))),),
        id=str(rng.random()),
        headers={} if rng.random() < 0.4 else {"x-tier": rng.choice(("gold", "iron", "tin"))},
        tools=("{}",) * rng.choice((0, 0, 1)),
        json=rng.random() < 0.3,
        stream=rng.random() < 0.5,
        max_tokens=rng.choice((None, 1, 499, 500, 4_000)),
        user=rng.choice((None, "ann", "bob")),
    )
    world = World(
        now=datetime(2030, 1, 1, tzinfo=UTC),
        draw=rng.choice((None, 0, 199_999, 200_000, 299_999, 300_000, 999_999)),
        models={name: _state(rng) for name in NAMES},
        sticky=rng.choice((None, *NAMES)),
    )
    return Asked(request, world, {"tokens": tokens, "chars": rng.choice((2, 99, 100))})


def _state(rng: Random) -> ModelState:
    latency = rng.choice((None, 900_000, SECOND))
    return ModelState(up=rng.random() < 0.6, latency=latency, errors=rng.choice((0, 50_000)))


# ── what a decision amounts to ──────────────────────────────────────────────────────────────────


def keeps(promised: Assert, text: str, decision: Decision, asked: Asked, models: dict[str, Model]) -> bool:
    """Whether what was decided is as promised; `text` is the assert as written."""
    chain = [models[name] for name in decision.chain]
    names = {model.name for model in chain}
    tries = 1 + decision.options.retry
    match promised.promise:
        case Only(models=only):
            return names <= set(only)
        case Never(models=never):
            return names.isdisjoint(never)
        case OnlyWhere():
            return all(DECLARED[text.partition(" where ")[2]](model) for model in chain)
        case NeverWhere():
            return not any(DECLARED[text.partition(" where ")[2]](model) for model in chain)
        case AttemptsLimit(most=most):
            return tries * len(chain) <= most
        case WaitLimit(most=most):
            return _wait(chain, decision.options, stream=asked.request.stream) <= most
        case CostLimit(most=most):
            return tries * sum(_cost(model, decision.options, asked) for model in chain) <= most


def _wait(chain: Sequence[Model], options: Options, *, stream: bool) -> float:
    deadline = options.deadline or (600 if stream else 120) * SECOND
    if stream and options.buffer:
        return deadline
    timeout = options.timeout or (15 if stream else 60) * SECOND
    if stream:
        timeout = max(timeout, options.first_token or min(10 * SECOND, timeout))
    connects = [(SECOND + SLOT) if model.upstream == "cloud" else 3 * SECOND for model in chain]
    return min(deadline, sum((1 + options.retry) * (connect + timeout) for connect in connects))


def _cost(model: Model, options: Options, asked: Asked) -> float:
    context = float("inf") if model.context is None else model.context
    bounds = [bound for bound in (asked.request.max_tokens, options.max_output) if bound is not None]
    prompt, answer = min(float(str(asked.pinned["tokens"])), context), min([*bounds, context])
    parts = ((model.input_price, prompt), (model.output_price, answer))
    return sum(price * tokens / 1_000_000 for price, tokens in parts if price)
