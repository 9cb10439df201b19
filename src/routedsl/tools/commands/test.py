"""`routedsl test`: the tests that stand in a policy."""

import sys
from pathlib import Path

import click


@click.command(name="test")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option("-k", "named", metavar="TEXT", default="", help="Only tests with this text in their names.")
@click.option("--json", "json_", is_flag=True, help="One JSON object.")
def command(policy: Path, named: str, *, json_: bool) -> None:
    """Run the tests of POLICY: the `test` blocks that stand beside its rules. It calls no model.

    Of each that fails it tells what was expected, what is instead, and what `explain` says of its request.
    Exits 1 where a test fails, 2 where the policy does not load or a request's file cannot be read.
    """
    from routedsl.tools.requests import json_line
    from routedsl.tools.terminal import load_or_exit, or_exit
    from routedsl.tools.verdicts import (
        failure_to_text,
        summary,
        teller,
        trials_of,
        verdicts_of,
        verdicts_to_json,
    )

    program = load_or_exit(policy)
    trials = or_exit(lambda: trials_of(program, policy, named))
    if named and not trials:
        raise click.UsageError(f"no test has `{named}` in its name")
    verdicts = verdicts_of(program, trials)
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if json_:
        sys.stdout.write(json_line(verdicts_to_json(verdicts)))
    else:
        tell = teller(program) if failed else str
        sys.stdout.writelines(f"{failure_to_text(verdict, tell)}\n" for verdict in failed)
        sys.stdout.write(summary(policy, verdicts))
    sys.exit(1 if failed else 0)
