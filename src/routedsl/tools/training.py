"""What `routedsl train` does: labelled requests read, learned from, judged, and told."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Never

import click
from msgspec import Struct
from msgspec.structs import asdict

from routedsl.discover import builtin
from routedsl.engine.classifier import Classifier
from routedsl.engine.classifier_file import ClassifierError, classifier_from_json, classifier_to_json
from routedsl.records.record import decode
from routedsl.records.search import Wanted, lines, reading
from routedsl.records.tables import StoreError
from routedsl.tools.files import replace_file
from routedsl.tools.table import aligned

try:
    from routedsl.tools.labelling import read_recorded
    from routedsl.train.judging import CHANCE, LeakError, judge_apart, judge_by_folds
    from routedsl.train.labelled import LabelError, Labelled, oddities, read_labelled
    from routedsl.train.learning import SCALE_FOLDS, Progress, learn, material_of
    from routedsl.train.report import PRICES, Band, Figures, Point, Report, report_on
except ModuleNotFoundError as error:
    if error.name != "numpy":
        raise
    raise click.UsageError("learning needs numpy: `pip install 'routedsl-gateway[train]'`") from error

_HUNDRED = 100


class Result(Struct, frozen=True):
    """What came of it; `classifier` is what was learned, None where one was only judged."""

    report: Report
    classifier: Classifier | None
    remarks: tuple[str, ...]

    @property
    def is_chance(self) -> bool:
        """Whether it is no better than a mix by chance."""
        return self.report.mean.get("apgr", self.report.mean.get("auc", 0.0)) <= CHANCE


def learned(path: Path, count: int) -> Result:
    """What is learned from a file, judged in folds by subject."""
    return _learned(_read(path), count)


def learned_from_records(path: Path, weak: Sequence[str], count: int) -> Result:
    """What is learned from the traffic of a gateway, judged in folds by who asked, else by when."""
    try:
        with reading(path) as connection:
            found = read_recorded(map(decode, lines(connection, Wanted())), str(path), weak)
    except StoreError as error:
        raise click.UsageError(str(error)) from error
    except LabelError as error:
        _fail(error.problems)
    except ValueError as error:
        raise click.UsageError(f"`{path}` has a record that cannot be read: {error}") from error
    return _learned(found.requests, count, named=False, remarks=found.remarks)


def _learned(found: list[Labelled], count: int, *, named: bool = True, remarks: Sequence[str] = ()) -> Result:
    material = material_of(found)
    folds = min(count, len(set(material.subjects)))
    try:
        with _progress((folds + 1) * (SCALE_FOLDS + 1)) as progress:
            report = report_on(judge_by_folds(found, material, folds, progress))
            classifier = learn(material, progress, named=named)
    except LabelError as error:
        _fail(error.problems)
    return Result(report, classifier, (*remarks, *oddities(found), *_verdict(report)))


def judged(path: Path, weights: Path) -> Result:
    """What a classifier is worth on the requests of a file, which it was not learned from."""
    try:
        classifier = classifier_from_json(weights.read_bytes())
    except OSError as error:
        raise click.UsageError(f"`{weights}` cannot be read: {_cause(error)}") from error
    except ClassifierError as error:
        raise click.UsageError(f"`{weights}` cannot be used: {error}") from error
    found = _read(path)
    try:
        report = report_on([judge_apart(found, classifier)])
    except LeakError as error:
        _fail([str(error)])
    return Result(report, None, (*oddities(found), *_verdict(report)))


def _read(path: Path) -> list[Labelled]:
    try:
        with click.open_file(str(path), "rb") as stream:
            return read_labelled(stream, str(path), builtin().protocols["chat"])
    except OSError as error:
        raise click.UsageError(f"`{path}` cannot be read: {_cause(error)}") from error
    except LabelError as error:
        _fail(error.problems)


def _cause(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _fail(problems: Sequence[str]) -> Never:
    said(problems)
    sys.exit(1)


def said(sentences: Iterable[str]) -> None:
    """Tell on standard error, a line each."""
    for sentence in sentences:
        click.echo(sentence, err=True)


def write(path: Path, classifier: Classifier) -> None:
    """Write a classifier's file, whole or not at all."""
    try:
        replace_file(path, classifier_to_json(classifier).decode())
    except OSError as error:
        raise click.UsageError(f"`{path}` cannot be written: {_cause(error)}") from error


@contextmanager
def _progress(steps: int) -> Iterator[Progress]:
    with click.progressbar(length=steps, label="learning", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield lambda: bar.update(1)


def _verdict(report: Report) -> Iterator[str]:
    ours, thumb = report.mean.get("apgr"), report.mean.get("thumb_apgr")
    if ours is None:
        yield "there is no `strong`, or no gap between the models: no curve of cost and quality can be drawn"
    elif ours <= CHANCE:
        yield f"its APGR is {ours:.3f}, no better than a mix by chance: nothing was written"
    elif thumb is not None and ours <= thumb:
        yield f"its APGR is {ours:.3f}, and the rule of thumb has {thumb:.3f} without any learning"


# ── told ────────────────────────────────────────────────────────────────────────────────────────


def report_to_json(result: Result) -> dict[str, object]:
    """The report as one object; the digest is that of what was learned."""
    report = result.report
    return {
        "requests": report.requests,
        "subjects": report.subjects,
        "digest": None if result.classifier is None else result.classifier.digest,
        "calibration": [asdict(band) for band in report.bands],
        "curve": [asdict(point) for point in report.points],
        "folds": [asdict(fold) for fold in report.folds],
        "mean": report.mean,
        "spread": report.spread,
        "remarks": list(result.remarks),
    }


def report_to_text(result: Result) -> str:
    """The report for people: three tables."""
    report = result.report
    head = (
        f"{report.requests:,} requests of {report.subjects} subjects, judged by what was learned from other subjects\n"
    )
    tables = [_calibration(report.bands), *([_curve(report.points)] if report.points else []), _folds(report)]
    return "\n".join([head, *tables])


def _calibration(bands: Sequence[Band]) -> str:
    rows = [
        [
            f"{band.low} to {band.high}",
            f"{band.requests:,}",
            _percent(band.foretold),
            _percent(band.weak_fails),
            _percent(band.strong_fails),
        ]
        for band in bands
    ]
    return aligned([["difficulty", "requests", "weak fails, foretold", "weak fails", "strong fails"], *rows])


def _curve(points: Sequence[Point]) -> str:
    headings = ["weak model's quality", "to the strong one", "cost", "right", "at random", "gap recovered"]
    rows = [
        [
            str(point.quality),
            _percent(point.strong),
            f"{point.cost:.1f}",
            f"{_HUNDRED * point.right:.1f} %",
            f"{_HUNDRED * point.random:.1f} %",
            _percent(point.recovered),
        ]
        for point in points
    ]
    weak, strong = PRICES
    return (
        aligned([headings, *rows]) + f"cost: of a call, at {weak} for the weak model and {strong} for the strong one\n"
    )


def _folds(report: Report) -> str:
    headings = [
        "fold",
        "requests",
        "subjects",
        "abstained",
        "AUC",
        "APGR",
        "CPT(50 %)",
        "rule of thumb: AUC",
        "APGR",
        "CPT(50 %)",
    ]
    rows = [[str(number), *_figures(fold)] for number, fold in enumerate(report.folds, 1)]
    names = ("abstained", "auc", "apgr", "cpt", "thumb_auc", "thumb_apgr", "thumb_cpt")
    means = [f"{report.mean[name]:.3f} ± {report.spread[name]:.3f}" if name in report.mean else "—" for name in names]
    return aligned([headings, *rows, ["mean", "", "", *means]])


def _figures(fold: Figures) -> list[str]:
    shares = (fold.abstained, fold.auc, fold.apgr, fold.cpt, fold.thumb_auc, fold.thumb_apgr, fold.thumb_cpt)
    return [f"{fold.requests:,}", str(fold.subjects), *("—" if share is None else f"{share:.3f}" for share in shares)]


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{_HUNDRED * share:.0f} %"
