"""What strategies come to on one fast server and three slow ones, one of them down for a minute; and how long it takes.

It writes bench/results/simulate.json and docs/simulation.svg. The strategy `latency alone` is none that there is: it
shows what `fastest` would do if it went by the latencies of the past and not by the calls that are out.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from platform import python_version

from msgspec.structs import replace

from routedsl.discover import builtin
from routedsl.engine.catalog import Catalog
from routedsl.engine.program import program_of
from routedsl.engine.strategy import Strategy, by_number
from routedsl.loading.policy import require_policy
from routedsl.simulation.machines import Machine, machines_from_toml
from routedsl.simulation.run import simulate
from routedsl.simulation.tally import Outcome
from routedsl.simulation.traffic import Synthetic
from routedsl.simulation.variants import with_strategy
from routedsl.tools.plotting import draw
from routedsl.tools.simulated import comparison_to_json
from routedsl.tools.simulating import Comparison

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "02-own-servers"
RESULTS = ROOT / "bench" / "results" / "simulate.json"
PICTURE = ROOT / "docs" / "simulation.svg"
STRATEGIES = ("first", "cheapest", "latency alone", "fastest", "least_busy")
TRAFFIC = Synthetic(requests=5_000, rate=3)
TIMED = int(os.environ.get("TIMED", "100000"))
"""So many requests are run to see how long that takes."""


def alone() -> Catalog:
    """The catalog, and beside what there is the strategy by latencies alone."""
    catalog = builtin()
    strategy = Strategy(name="latency alone", rank=lambda ballot: by_number(ballot, "latency"), doc="", since="")
    return replace(catalog, strategies={**catalog.strategies, strategy.name: strategy})


def outcome(strategy: str, machines: Mapping[str, Machine], traffic: Synthetic, *, slots: bool) -> Outcome:
    """The example by a strategy; with `slots` its upstreams declare what the machines have."""
    catalog = alone()
    policy = with_strategy(require_policy(EXAMPLE, catalog).policy, strategy)
    if slots:
        models = {name: replace(model, slots=machines[name].slots) for name, model in policy.models.items()}
        known = {str(model.upstream): model.slots for model in models.values()}
        upstreams = {name: replace(upstream, slots=known[name]) for name, upstream in policy.upstreams.items()}
        policy = replace(policy, models=models, upstreams=upstreams)
    return simulate(program_of(policy, catalog), machines, traffic.arrivals(), traffic.length)


def compared(machines: Mapping[str, Machine], *, slots: bool) -> Comparison:
    """All strategies on the same traffic."""
    outcomes = {strategy: outcome(strategy, machines, TRAFFIC, slots=slots) for strategy in STRATEGIES}
    return Comparison(machines=machines, known="as described", source=TRAFFIC, outcomes=outcomes)


def timed(machines: Mapping[str, Machine]) -> dict[str, object]:
    """How long many requests take, in one process."""
    load, start, used = os.getloadavg()[0], time.perf_counter(), time.process_time()
    outcome("least_busy", machines, Synthetic(requests=TIMED, rate=3), slots=False)
    return {
        "requests": TIMED,
        "seconds": round(time.perf_counter() - start, 1),
        "processor": round(time.process_time() - used, 1),
        "load": round(load, 1),
        "cores": os.cpu_count(),
    }


def main() -> None:
    """Run, print, write; exits 1 where `fastest` or `least_busy` leave a client without an answer."""
    catalog = builtin()
    models = tuple(require_policy(EXAMPLE, catalog).policy.models)
    machines = machines_from_toml((EXAMPLE / "hardware.toml").read_text("utf-8"), models)
    unknown, declared = compared(machines, slots=False), compared(machines, slots=True)
    draw(unknown, PICTURE)
    results = {
        "python": python_version(),
        "unknown": comparison_to_json(unknown),
        "declared": comparison_to_json(declared),
        "timed": timed(machines),
    }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results["timed"], indent=2))
    print("docs/simulation.md quotes this: scripts/reference.py puts it there")
    good = [unknown.outcomes[strategy] for strategy in ("fastest", "least_busy")]
    sys.exit(1 if any(one.ends["unavailable"] for one in good) else 0)


if __name__ == "__main__":
    main()
