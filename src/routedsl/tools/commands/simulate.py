"""`routedsl simulate`: traffic against described machines, before anything is live."""

import sys
from pathlib import Path
from typing import Any

import click

from routedsl.tools.options import Number


@click.command(name="simulate")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option(
    "--traffic", type=click.Path(path_type=Path), metavar="FILE", help="Requests that `serve --state` recorded."
)
@click.option("--synthetic", is_flag=True, help="Requests that are made up.")
@click.option("--hardware", type=click.Path(path_type=Path), metavar="FILE", help="What models run on, in TOML.")
@click.option("--strategies", metavar="NAMES", help="Rank by each of these too: `fastest,least_busy`.")
@click.option("--requests", type=click.IntRange(1, 10**8), help="So many are made up.  [default: 10000]")
@click.option("--rate", type=Number(0.001, 10**6), help="So many a second.  [default: 1]")
@click.option("--prompt", type=click.IntRange(1, 10**5), help="Tokens of the middle prompt.  [default: 400]")
@click.option("--answer", type=click.IntRange(1, 10**5), help="Tokens of the middle answer.  [default: 200]")
@click.option("--model", help="What clients ask for.  [default: auto]")
@click.option("--seed", type=int, help="Other requests for each.  [default: 1]")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help="Draw a picture: `.png` or `.svg`.")
@click.option("--json", "json_", is_flag=True, help="One JSON object.")
def command(policy: Path, plot: Path | None, *, json_: bool, **options: Any) -> None:
    """Run traffic through POLICY in virtual time, and tell what it comes to. No model is called.

    Each request is decided as `serve` would decide it, in the world as it is then: breakers, latencies, load,
    retries and fallbacks are the gateway's own. The machines are those of --hardware: for each model a table of
    its `speed`, `first_token`, `prompt_speed`, `slots`, and when it is `down` or `silent`. Without it they are as
    records tell, or typical ones.

    With --strategies the same traffic is run again, with each rule that ranks models ranking by that strategy.
    """
    from routedsl.tools.requests import json_line
    from routedsl.tools.simulated import comparison_to_json, comparison_to_text
    from routedsl.tools.simulating import compared, wanted_of
    from routedsl.tools.terminal import load_or_exit

    if plot is not None:
        from routedsl.tools.plotting import check_plot

        check_plot(plot)
    comparison = compared(load_or_exit(policy), wanted_of(policy, options))
    if plot is not None:
        from routedsl.tools.plotting import draw

        draw(comparison, plot)
    sys.stdout.write(json_line(comparison_to_json(comparison)) if json_ else comparison_to_text(comparison))
