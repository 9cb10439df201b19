"""A picture of simulations: who had how much to do when, by strategy."""

from pathlib import Path

import click

from routedsl.tools.simulating import Comparison

try:
    import matplotlib
    from matplotlib.figure import Figure
except ModuleNotFoundError as error:
    if error.name != "matplotlib":
        raise
    raise click.UsageError("a picture needs matplotlib: `pip install 'routedsl-gateway[plot]'`") from error

FORMS = (".png", ".svg")
MINUTE = 60


def check_plot(path: Path) -> None:
    """Raises `click.UsageError` where no picture can be written to this path, before any work is done."""
    if path.suffix not in FORMS:
        raise click.UsageError(f"`{path}` must end in `.png` or `.svg`")
    if not path.parent.is_dir():
        raise click.UsageError(f"there is no folder `{path.parent}`")


def draw(comparison: Comparison, path: Path) -> None:
    """Write the picture; raises `click.UsageError` where that cannot be."""
    figure = figure_of(comparison)
    try:
        with matplotlib.rc_context({"svg.hashsalt": "routedsl"}):  # the same picture has the same bytes
            figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    except OSError as error:
        raise click.UsageError(f"`{path}` cannot be written: {(error.strerror or '').lower()}") from error


def figure_of(comparison: Comparison) -> Figure:
    """For each strategy, the calls that each model's server had at once, and beside it how long answers took."""
    outcomes = comparison.outcomes
    figure = Figure(figsize=(10, 1.2 + 1.7 * len(outcomes)), layout="constrained")
    axes = figure.subplots(len(outcomes), 1, sharex=True, sharey=True, squeeze=False)
    for axis, (strategy, outcome) in zip(axes.flat, outcomes.items(), strict=True):
        for model, busy in outcome.busy.items():
            minutes = [moment * outcome.slice / MINUTE for moment in range(len(busy))]
            axis.plot(minutes, busy, linewidth=1, label=model)
        took = outcome.took
        times = "no answers" if took is None else f"answers in {took.median:.1f} s, 99 % in {took.p99:.1f} s"
        axis.set_title(f"{strategy}: {times}, ${outcome.cost:,.2f}", fontsize="medium", loc="left")
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1][0].set_xlabel("minutes")
    figure.supylabel("most calls at once", fontsize="medium")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower right", ncols=len(comparison.machines))
    return figure
