"""`routedsl models`: the models of a policy, and what they cost."""

import sys
from pathlib import Path

import click


@click.command(name="models")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option("--json", "json_", is_flag=True, help="One JSON object a line, for each model.")
def command(policy: Path, *, json_: bool) -> None:
    """Show the models that POLICY declares, their prices, and where each price comes from.

    Prices that are not written are looked up, where the extra `prices` is installed; decisions go by them.
    """
    from routedsl.tools.modelling import advice, shown, told
    from routedsl.tools.requests import json_line
    from routedsl.tools.terminal import load_or_exit

    program = load_or_exit(policy)
    models = shown(program.policy, policy)
    if not models:
        sys.stderr.write("the policy declares no model: each name in it stands for itself\n")
        return
    sys.stdout.write("".join(map(json_line, models)) if json_ else told(models))
    sys.stderr.write(advice(program.policy, models))
