"""`routedsl train`: learning classifiers from labelled requests."""

import sys
from pathlib import Path

import click


@click.group(name="train", no_args_is_help=True)
def command() -> None:
    """Learn a classifier, which policies then declare."""


@command.command(name="difficulty")
@click.argument("labelled", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the classifier there.")
@click.option("--judge", type=click.Path(path_type=Path), metavar="FILE", help="Judge this classifier, learn nothing.")
@click.option("--folds", type=click.IntRange(2, 50), default=5, show_default=True, help="Folds to judge in.")
@click.option("--json", "json_", is_flag=True, help="One JSON object.")
def difficulty(labelled: Path, output: Path | None, judge: Path | None, folds: int, *, json_: bool) -> None:
    """Learn from LABELLED how able a model a request needs, and judge what was learned.

    LABELLED is JSON lines, `-` standard input: `prompt` (a text) or `messages`, `weak` and `strong`
    (true where the weak, the strong model did well; `strong` may be left out), `subject` (what keeps
    neighbours together: a topic, a user, a project). Other fields are passed over.

    It is judged by subject: each fold by what was learned from the others. Without -o nothing is written.
    With --judge a classifier is judged on subjects that it was not learned from; others are refused.

    Exits 1 where LABELLED has mistakes, or nothing better than chance was learned, 2 where it cannot run.
    """
    from routedsl.tools.requests import json_line
    from routedsl.tools.training import judged, learned, report_to_json, report_to_text, said, write

    if judge is not None and output is not None:
        raise click.UsageError("say either --output or --judge")
    result = learned(labelled, folds) if judge is None else judged(labelled, judge)
    sys.stdout.write(json_line(report_to_json(result)) if json_ else report_to_text(result))
    said(result.remarks)
    if output is not None and result.classifier is not None and not result.is_chance:
        write(output, result.classifier)
    sys.exit(1 if result.is_chance else 0)
