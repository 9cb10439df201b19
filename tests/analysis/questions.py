"""Random conditions over the ordinary signals, as people would write them, and programs that ask them."""

from random import Random

from routedsl.analysis.ground import Ground
from routedsl.analysis.regions import Box, Budget, region
from routedsl.analysis.space import Space, space_of
from routedsl.base.source import Source
from routedsl.discover import builtin
from routedsl.engine.compile import compile_policy
from routedsl.engine.program import Program
from routedsl.engine.reference import rules_with_conditions
from routedsl.language.parse import parse
from routedsl.language.policy import Condition

CATALOG = builtin()
POLICY = """
model tiny {{ input_price $2.50  output_price $10 }}
model "all" {{ output_price $3 }}
defaults {{ timezone "Asia/Kolkata" }}
route auto, "gpt-*" {{
  when {} -> tiny
  else "all"
}}
"""
FEW = ("messages", "turns", "tools", "tool_calls", "images", "audio", "files")
MANY = ("chars", "words", "tokens", "total_tokens", "last_chars", "system_chars", "max_tokens")
OPTIONAL = ('header["x-tier"]', 'metadata["team"]', "user", "session", "key")
PATTERNS = (
    *(r"matches /\bdef |\bclass |#include/", r"matches /^[a-z]+$/i", r"matches /\d{3}/", "matches /^sum/"),
    *("matches /end$/", "matches /[^a-z ]/", 'contains "error"', 'contains ["fix", "bug"]', 'contains "a"'),
    *('like "sum*"', 'like "*-mini"', 'like "a?c*"', 'like "*x*"', '== "gold"', 'in ["gold", "a b"]', '!= "hi"'),
)
OF_MODEL = (
    *('in ["gpt-4", "auto"]', '!= "auto"', '== "auto"', 'contains "4"', "matches /^gpt-[0-9]/", 'like "*-mini"'),
    *('like "g?t*"', 'like "gpt-*"'),
)
OTHERS = (
    *("stream", "json", "tiny.up", '"all".up', "time in 22:00..06:00", "time < 09:00", "time in 09:00..17:00"),
    *('weekday in ["sat", "sun"]', 'weekday == "mon"', "draw < 5%", "draw >= 50%", "tiny.latency < 800ms"),
    *("tiny.latency > 2s", '"all".errors > 5%', "tiny.inflight >= 3", "tiny.load > 80%", "tiny.queue == 0"),
    *("tiny.speed > 42.5", "tiny.success < 90%", "tiny.first_token > 1s", "tiny.cost > $0.05", '"all".cost < $0.001'),
    *("temperature > 0.7", "temperature == 0", "temperature < 0.2", "temperature is given", "max_tokens is missing"),
    *(
        'effort in ["high", "xhigh"]',
        'effort == "low"',
        "effort is missing",
        *(f"{text} is given" for text in OPTIONAL),
    ),
)


def random_condition(rng: Random, depth: int = 2) -> str:
    """A condition, `depth` connectives deep at most."""
    if depth == 0 or rng.random() < 0.25:
        predicate = random_predicate(rng)
        return predicate if rng.random() < 0.7 else f"not ({predicate})"
    joint = rng.choice((" and ", " and ", " or "))
    return f"({joint.join(random_condition(rng, depth - 1) for _ in range(rng.randrange(2, 4)))})"


def random_predicate(rng: Random) -> str:
    """One predicate; most can hold of some request together with most others."""
    match rng.randrange(8):
        case 0 | 1:
            return _counted(rng, rng.choice(FEW), ("1", "2", "3", "5"))
        case 2 | 3:
            return _counted(rng, rng.choice(MANY), ("60", "200", "500", "1k", "8k"))
        case 4 | 5:
            return f"{rng.choice((*OPTIONAL, 'text', 'last', 'system'))} {rng.choice(PATTERNS)}"
        case 6 if rng.random() < 0.3:
            return f"model {rng.choice(OF_MODEL)}"
        case _:
            return rng.choice(OTHERS)


def _counted(rng: Random, name: str, constants: tuple[str, ...]) -> str:
    form = rng.randrange(6)
    low, high = sorted(rng.sample(range(len(constants)), 2))
    if form == 0:
        return f"{name} in [{constants[low]}, {constants[high]}]"
    if form == 1:
        return f"{constants[low]} <= {name} < {constants[high]}"
    return f"{name} {rng.choice(('==', '<=', '<', '>', '>='))} {constants[high]}"


def program_of(condition: str) -> Program:
    """A program that asks the condition, and takes all others by a second rule."""
    file, diagnostics = parse(Source("p.route", POLICY.format(condition)))
    assert not diagnostics, condition
    program, findings = compile_policy([file], CATALOG)
    assert program is not None, [condition, findings]
    return program


def laid_out(program: Program) -> tuple[Condition, Space]:
    """The condition that the program asks, and the space of what it asks."""
    ground = Ground(program)
    conditions = [
        ground.condition(condition) for _, condition in rules_with_conditions(program.policy.routes["auto"].items)
    ]
    return conditions[0], space_of(conditions, CATALOG.vocabulary().signals)


def boxes_of(condition: Condition, space: Space, *, holds: bool = True) -> list[Box]:
    """The first boxes of the condition, or of its opposite."""
    return list(region(condition, space, Budget(), holds=holds))
