"""`routedsl train`: learning classifiers from labelled requests."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from routedsl.tools.training import Result


@click.group(name="train", no_args_is_help=True)
def command() -> None:
    """Learn a classifier, which policies then declare."""


@command.command(name="difficulty")
@click.argument("labelled", type=click.Path(path_type=Path), required=False)
@click.option("--from", "records", type=click.Path(path_type=Path), metavar="RECORDS", help="Learn from records.")
@click.option("--weak", multiple=True, metavar="MODEL", help="The weak model of the records.  [default: the cheapest]")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the classifier there.")
@click.option("--judge", type=click.Path(path_type=Path), metavar="FILE", help="Judge this classifier, learn nothing.")
@click.option("--folds", type=click.IntRange(2, 50), default=5, show_default=True, help="Folds to judge in.")
@click.option("--json", "json_", is_flag=True, help="One JSON object.")
def difficulty(
    labelled: Path | None, records: Path | None, output: Path | None, judge: Path | None, **how: Any
) -> None:
    """Learn from LABELLED how able a model a request needs, and judge what was learned.

    LABELLED is JSON lines, `-` standard input: `prompt` (a text) or `messages`, `weak` and `strong`
    (true where the weak, the strong model did well; `strong` may be left out), `subject` (what keeps
    neighbours together: a topic, a user, a project). Other fields are passed over.

    It is judged by subject: each fold by what was learned from the others. Without -o nothing is written.
    With --judge a classifier is judged on subjects that it was not learned from; others are refused.

    RECORDS are what `serve --state` keeps, with the setting `record_features`: the folder or its file.
    The labels are the scores of the weak model's answers, folds are by who asked, else by when.

    Exits 1 where LABELLED has mistakes, or nothing better than chance was learned, 2 where it cannot run.
    """
    from routedsl.tools.requests import json_line
    from routedsl.tools.training import report_to_json, report_to_text, said, write

    _check(labelled, records, output, judge, weak=bool(how["weak"]))
    result = _result(labelled, records, judge, how)
    sys.stdout.write(json_line(report_to_json(result)) if how["json_"] else report_to_text(result))
    said(result.remarks)
    if output is not None and result.classifier is not None and not result.is_chance:
        write(output, result.classifier)
    sys.exit(1 if result.is_chance else 0)


def _check(labelled: Path | None, records: Path | None, output: Path | None, judge: Path | None, *, weak: bool) -> None:
    """Raise `UsageError` where what is said does not go together."""
    if (labelled is None) is (records is None):
        raise click.UsageError("say either LABELLED or --from RECORDS")
    if judge is not None and output is not None:
        raise click.UsageError("say either --output or --judge")
    if judge is not None and records is not None:
        raise click.UsageError("a classifier is judged on LABELLED requests")
    if weak and records is None:
        raise click.UsageError("--weak says whose answers count in the records of --from")


def _result(labelled: Path | None, records: Path | None, judge: Path | None, how: Mapping[str, Any]) -> "Result":
    from routedsl.tools.training import judged, learned, learned_from_records

    if records is not None:
        return learned_from_records(records, how["weak"], how["folds"])
    if labelled is None:
        raise click.UsageError("say what to learn from")
    return learned(labelled, how["folds"]) if judge is None else judged(labelled, judge)
