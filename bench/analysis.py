"""What it costs to prove which rules are reached: `python bench/analysis.py`.

Random policies in which tenants are told apart, tiers are listed, two numbers lie in ranges, models fit globs,
and a third of the rules has an `or`. In a crowded policy only half of the rules name a tenant, so that most
are dead and nearly all meet; in a plain one each names its tenant. Timed are the space, the regions, and what
reaches every rule. Exits 1 where a policy takes longer than it may.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from platform import python_version
from random import Random
from time import process_time

from routedsl.analysis.reach import rules_of
from routedsl.analysis.space import space_of
from routedsl.base.source import Source, Span
from routedsl.base.types import Type
from routedsl.discover import builtin
from routedsl.language.policy import And, Compare, Condition, Constant, Fact, InSet, Like, Op, Or

SPAN = Span(Source("bench.route", ""), 0, 0)
TENANT = Fact("header", Type.TEXT, "x-tenant", optional=True)
TIER = Fact("header", Type.TEXT, "x-tier", optional=True)
MODEL = Fact("model", Type.TEXT)
TIERS = ("free", "gold", "silver", "iron")
GLOBS = ("gpt-*", "gpt-4*", "claude-*", "llama*", "*-mini")
MOST_SECONDS = {1_000: 1.0, 10_000: 10.0}
KINDS = {"plain": 1.0, "crowded": 0.5}
"""How many of the rules name a tenant."""
RESULTS = Path(__file__).parent / "results" / "analysis.json"


def count(name: str) -> Fact:
    """A fact that is a count."""
    return Fact(name, Type.COUNT)


def condition(rng: Random, rules: int, named: float) -> Condition:
    """One rule's condition."""
    items: list[Condition] = []
    if rng.random() < named:
        items.append(Compare(TENANT, Op.EQ, f"tenant-{rng.randrange(rules // 10)}", span=SPAN))
    if rng.random() < 0.4:
        items.append(InSet(TIER, tuple(rng.sample(TIERS, 2)), span=SPAN))
    if rng.random() < 0.4:
        items.append(Like(MODEL, rng.choice(GLOBS), span=SPAN))
    for name in ("chars", "tokens"):
        if rng.random() < 0.6:
            low = rng.randrange(10, 100) * 10 ** rng.randrange(4)
            items.append(Compare(count(name), Op.GE, low, span=SPAN))
            items.append(Compare(count(name), Op.LT, low * rng.randrange(2, 20), span=SPAN))
    if rng.random() < 1 / 3:
        few = Compare(count("messages"), Op.LT, rng.randrange(3, 50), span=SPAN)
        items.append(Or((Compare(count("tools"), Op.GT, rng.randrange(5), span=SPAN), few), span=SPAN))
    return And(tuple(items), span=SPAN) if items else Compare(count("words"), Op.EQ, rng.randrange(10**6), span=SPAN)


def policy(rules: int, named: float, seed: int = 0) -> Sequence[Condition]:
    """The rules of a policy, the last one for everybody."""
    rng = Random(seed)  # noqa: S311 - the same policies in every run
    return [*(condition(rng, rules, named) for _ in range(rules - 1)), Constant(True, span=SPAN)]


def measure(rules: int, named: float) -> dict[str, object]:
    """Seconds of each step, and what came out."""
    conditions = policy(rules, named)
    start = process_time()
    laid_out = rules_of(conditions, space_of(conditions, builtin().vocabulary().signals))
    built = process_time()
    found = Counter(type(laid_out.reach(place)).__name__.lower() for place in range(rules))
    done = process_time()
    return {
        "boxes": len(laid_out.boxes),
        "found": dict(sorted(found.items())),
        "seconds": {"regions": round(built - start, 2), "reach": round(done - built, 2)},
        "total": round(done - start, 2),
    }


def main() -> None:
    """Measure, print, and write the results."""
    builtin()
    measured = {f"{rules} {kind}": measure(rules, named) for rules in MOST_SECONDS for kind, named in KINDS.items()}
    results = {"python": python_version(), "policies": measured}
    print(json.dumps(results, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    late = [name for name, found in measured.items() if float(str(found["total"])) > MOST_SECONDS[int(name.split()[0])]]
    print(f"too slow: {', '.join(late)}" if late else "all within what they may take")
    sys.exit(1 if late else 0)


if __name__ == "__main__":
    main()
