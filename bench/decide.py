"""What a decision costs, beside the same rule written by hand: `make bench-decide`.

The rule is the one-line policy of the README. Its generated function goes from facts that are read to
the rule's number; the function by hand does so over a dict. They run in turns in one process, a pair
of timings at a time, and what counts is the median of the pairs' ratios. Reading the facts and
building the decision are timed apart. Exits 1 where the ratio is larger than it may be.
"""

import gc
import json
import sys
from collections.abc import Callable, Mapping
from functools import cache
from itertools import repeat
from pathlib import Path
from platform import python_version
from statistics import median, quantiles
from time import process_time_ns

from routedsl.base.source import Source
from routedsl.base.types import Value
from routedsl.discover import builtin
from routedsl.engine.case import Case
from routedsl.engine.compile import compile_policy
from routedsl.engine.facts import Facts
from routedsl.engine.program import Program
from routedsl.language.parse import parse
from routedsl.loading.envelope import now_utc, read_case

POLICY = "when messages<=2 and chars<200 -> tiny else medium fallback [large, medium, tiny] timeout 10s"
SHORT = b'{"model": "auto", "messages": [{"role": "user", "content": "Good morning!"}]}'
LONG = b'{"model": "auto", "messages": [{"role": "user", "content": "' + b"Good morning! " * 20 + b'"}]}'
MOST = 1.5
"""The largest ratio that is good enough."""
PAIRS = 1_500
CALLS = 1_000
RESULTS = Path(__file__).parent / "results" / "decide.json"

Candidates = Mapping[str, tuple[Callable[..., object], tuple[object, ...]]]
"""What is timed, by name: a function and its arguments."""
Timings = Mapping[str, list[float]]


def by_hand(facts: dict[str, int]) -> int:
    """The rule as somebody would write it who has no use for a policy."""
    if facts["messages"] <= 2 and facts["chars"] < 200:
        return 0
    return 1


def time_calls(function: Callable[..., object], arguments: tuple[object, ...], calls: int) -> float:
    """Nanoseconds of processor time for one call, without the loop around it."""
    times = repeat(None, calls)
    start = process_time_ns()
    for _ in times:
        function(*arguments)
    return (process_time_ns() - start) / calls - loop_time()


@cache
def loop_time() -> float:
    """Nanoseconds for one turn of an empty loop: the least of many, for nothing makes it faster than it is."""

    def once() -> float:
        times = repeat(None, CALLS)
        start = process_time_ns()
        for _ in times:
            pass
        return (process_time_ns() - start) / CALLS

    return min(once() for _ in range(PAIRS))


def in_turns(candidates: Candidates, rounds: int, calls: int) -> Timings:
    """The timings of each candidate, taken in turns, every second round backwards."""
    timings: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(rounds):
        for name in sorted(candidates, reverse=bool(number % 2)):
            timings[name].append(time_calls(*candidates[name], calls))
    return timings


def ratios(timings: Timings) -> dict[str, float]:
    """How many times as long the policy takes, pair by pair."""
    pairs = [ours / theirs for ours, theirs in zip(timings["policy"], timings["by hand"], strict=True)]
    return {
        "min": round(min(pairs), 2),
        "median": round(median(pairs), 2),
        "p90": round(quantiles(pairs, n=10)[-1], 2),
    }


def selection(program: Program, case: Case, number: int) -> dict[str, object]:
    """From facts that are read to the rule's number, by the policy and by hand."""
    facts = read_facts(program, case)
    given: dict[str, Value] = dict(facts.values)
    select = program.selectors["auto"]
    if select(facts.values, facts.read) != number or by_hand(given) != number:  # type: ignore[arg-type]  # both are counts
        raise AssertionError("both must decide alike")
    candidates: Candidates = {"policy": (select, (facts.values, facts.read)), "by hand": (by_hand, (given,))}
    timings = in_turns(candidates, PAIRS, CALLS)
    return {"ratio": ratios(timings), "ns": {name: round(median(taken)) for name, taken in timings.items()}}


def read_facts(program: Program, case: Case) -> Facts:
    """The facts of a request, all that the policy names read."""
    facts = program.facts(case.request, case.world)
    for text in facts.values:
        facts.read(text)
    return facts


def whole(program: Program, case: Case) -> dict[str, float]:
    """Microseconds of what stands around: reading the facts, chain and decision, and all of it together."""
    facts = read_facts(program, case)
    rule = program.policy.rules[0]

    def conclude() -> None:
        program.conclude(rule, facts, program.chain(rule, facts, case.request, case.world))

    candidates: Candidates = {
        "read the facts": (lambda: read_facts(program, case), ()),
        "build the decision": (conclude, ()),
        "decide": (lambda: program.decide(case.request, case.world), ()),
    }
    timings = in_turns(candidates, PAIRS // 10, CALLS // 10)
    return {name: round(median(timings[name]) / 1000, 1) for name in candidates}


def main() -> None:
    """Measure, print, and write the results."""
    file, _ = parse(Source("one.route", POLICY))
    program, _ = compile_policy([file], builtin())
    if program is None:
        raise AssertionError("the policy loads")
    short, long = (read_case(body, builtin(), now_utc()) for body in (SHORT, LONG))
    gc.disable()
    results: dict[str, object] = {
        "python": python_version(),
        "policy": POLICY,
        "first rule": (first := selection(program, short, 0)),
        "else": (last := selection(program, long, 1)),
        "microseconds": whole(program, short),
    }
    print(json.dumps(results, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print("README.md quotes this: scripts/reference.py puts it there")
    worst = max(each["ratio"]["median"] for each in (first, last))  # type: ignore[index]  # as `selection` makes it
    print(f"{worst} times the rule by hand, {MOST} at most")
    sys.exit(1 if worst > MOST else 0)


if __name__ == "__main__":
    main()
