"""`routedsl graph`: the decision tree of a policy."""

import sys
from pathlib import Path

import click

FORMATS = ("text", "mermaid", "dot", "json")


@click.command(name="graph")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option(
    "--format", "style", type=click.Choice(FORMATS), default="text", show_default=True, help="How the tree is drawn."
)
@click.option("--json", "json_", is_flag=True, help="The same as --format json.")
def command(policy: Path, style: str, *, json_: bool) -> None:
    """Draw the decision tree of POLICY: what is asked, in which order, and where each answer leads."""
    from routedsl.engine.graph import DRAWINGS, Tree, to_json
    from routedsl.tools.requests import json_line
    from routedsl.tools.terminal import load_or_exit

    program = load_or_exit(policy)
    tree = Tree(program.policy, program.plan)
    sys.stdout.write(json_line(to_json(tree)) if json_ or style == "json" else DRAWINGS[style](tree))
