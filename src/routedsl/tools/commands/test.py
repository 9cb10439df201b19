"""`routedsl test`: the tests that stand in a policy."""

import sys
from pathlib import Path
from typing import Any

import click

from routedsl.tools.options import Number


@click.command(name="test")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option("-k", "named", metavar="TEXT", default="", help="Only tests with this text in their names.")
@click.argument("requests", nargs=-1, type=click.Path(path_type=Path))
@click.option("--coverage", is_flag=True, help="Tell which rules and outcomes of predicates the tests see.")
@click.option("--fail-under", type=Number(0, 100), metavar="PERCENT", help="Exit 1 below this coverage.")
@click.option("--suggest", is_flag=True, help="Write tests at thresholds that no test touches, to confirm.")
@click.option("--mutate", is_flag=True, help="Change the policy here and there, and tell what no test notices.")
@click.option("--seconds", type=Number(0), default=60.0, show_default=True, help="How long --mutate may try changes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(policy: Path, requests: tuple[Path, ...], named: str, **wanted: Any) -> None:
    """Run the tests of POLICY: the `test` blocks that stand beside its rules. It calls no model.

    Of each that fails it tells what was expected, what is instead, and what `explain` says of its request.
    For --coverage the requests in files of REQUESTS, as `decide` takes them, count beside the tests.
    --mutate changes one thing at a time, and tells the changes that decide otherwise and that no test notices.
    Exits 1 where a test fails or a change is not noticed, 2 where the policy or a request's file cannot be read.
    """
    from routedsl.tools.terminal import load_or_exit
    from routedsl.tools.testing import Wanted, tested

    report = tested(load_or_exit(policy), policy, requests, Wanted(named=named, **wanted))
    sys.stdout.write(report.text)
    sys.exit(report.code)
