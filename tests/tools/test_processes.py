"""Simulations in processes of their own come to what they come to here."""

from pathlib import Path

from routedsl.simulation.machines import TYPICAL
from routedsl.simulation.traffic import Synthetic
from routedsl.tools.processes import FEW, each
from routedsl.tools.simulating import Task, run


def test_processes_of_their_own_change_nothing(tmp_path: Path) -> None:
    policy = tmp_path / "policy.route"
    policy.write_text("else fastest of [tiny, large]\n")
    machines, source = {"tiny": TYPICAL, "large": TYPICAL}, Synthetic(requests=50, rate=1)
    tasks = [
        Task(policy=policy, strategy=strategy, machines=machines, source=source, records=None)
        for strategy in (None, "least_busy")
    ]
    here = each(run, tasks, source.requests)
    assert each(run, tasks, FEW + 1) == here
    assert [outcome.requests for outcome in here] == [50, 50]
