"""Strategies on one fast server and three slow ones, of which one is down for a minute: nobody is overrun."""

from pathlib import Path

import pytest

from routedsl.discover import builtin
from routedsl.engine.program import program_of
from routedsl.loading.policy import require_policy
from routedsl.simulation.machines import machines_from_toml
from routedsl.simulation.run import simulate
from routedsl.simulation.tally import Outcome
from routedsl.simulation.traffic import Synthetic
from routedsl.simulation.variants import with_strategy

EXAMPLE = Path(__file__).parents[2] / "examples" / "02-own-servers"
SLOTS = {"fast": 8, "slow1": 4, "slow2": 4, "slow3": 4}


def outcome_by(strategy: str) -> Outcome:
    """Three requests a second for a quarter of an hour: the fast server alone could just about do them."""
    catalog = builtin()
    policy = with_strategy(require_policy(EXAMPLE, catalog).policy, strategy)
    machines = machines_from_toml((EXAMPLE / "hardware.toml").read_text(), tuple(policy.models))
    traffic = Synthetic(requests=2_700, rate=3)
    return simulate(program_of(policy, catalog), machines, traffic.arrivals(), traffic.length)


@pytest.mark.parametrize("strategy", ["fastest", "least_busy"])
def test_nobody_is_overrun(strategy: str) -> None:
    outcome = outcome_by(strategy)
    assert all(served.peak <= 3 * SLOTS[model] for model, served in outcome.models.items()), outcome.models
    assert all(served.share > 0.03 for served in outcome.models.values()), outcome.models
    assert outcome.ends["answered"] + outcome.ends["broken"] == outcome.requests
    assert outcome.models["slow3"].failed < 40, "while it is down only probes are refused"


def test_the_first_alone_lets_many_wait() -> None:
    outcome, fastest = outcome_by("first"), outcome_by("fastest")
    assert outcome.models["fast"].peak > 3 * SLOTS["fast"]
    assert outcome.took is not None
    assert fastest.took is not None
    assert fastest.took.median < outcome.took.median
