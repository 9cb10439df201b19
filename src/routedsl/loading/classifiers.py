"""Reads the files of the classifiers that a policy declares, each beside the policy file that names it or below."""

from collections.abc import Iterator
from pathlib import Path

from routedsl.base.diagnostic import Diagnostic
from routedsl.base.suggest import did_you_mean
from routedsl.engine.classifier import Classifier
from routedsl.engine.classifier_file import ClassifierError, classifier_from_json
from routedsl.language.findings import quoted
from routedsl.language.syntax import Declaration, Text
from routedsl.loading.files import LARGEST_FILE, Reading, lies_below

MOST_CLASSIFIERS = 16
_TRAIN = "`routedsl train difficulty LABELLED.jsonl -o FILE` makes one"


def read_classifiers(reading: Reading) -> dict[str, Classifier]:
    """The classifiers of a policy's files by the names of their declarations.

    What is wrong with a file is told at its name in the policy, in the reading's diagnostics.
    """
    declared = list(_declared(reading))
    for name, file in declared[MOST_CLASSIFIERS:]:
        message = f"{quoted(name)} is one classifier more than {MOST_CLASSIFIERS}"
        reading.diagnostics.append(Diagnostic(code="R0108", message=message, span=file.span))
    read = {name: _read(file, reading) for name, file in declared[:MOST_CLASSIFIERS]}
    reading.diagnostics += (found for found in read.values() if isinstance(found, Diagnostic))
    return {name: found for name, found in read.items() if isinstance(found, Classifier)}


def _declared(reading: Reading) -> Iterator[tuple[str, Text]]:
    """Names and files, of declarations that name a file; the checker tells the others."""
    for statement in (each for file in reading.files for each in file.statements):
        if isinstance(statement, Declaration) and statement.keyword == "classifier":
            values = (setting.value for setting in statement.settings if setting.name.text == "file")
            file = next(values, None)
            if isinstance(file, Text) and file.value:
                yield statement.name.text, file


def _read(file: Text, reading: Reading) -> Classifier | Diagnostic:
    policy_file = Path(file.span.source.name)
    path = policy_file.parent / file.value
    if "\0" in file.value or Path(file.value).is_absolute() or not lies_below(path, policy_file, reading):
        message, help_ = f"{quoted(file.value)} lies outside", "it lies beside the policy file that names it, or below"
        return Diagnostic(code="R0602", message=message, span=file.span, help=help_)
    reading.paths.append(path)
    try:
        return classifier_from_json(_data(path))
    except OSError as error:
        message = f"{quoted(file.value)} cannot be read: {(error.strerror or type(error).__name__).lower()}"
        return Diagnostic(code="R0601", message=message, span=file.span, help=_similar(path) or _TRAIN)
    except ClassifierError as error:
        return Diagnostic(
            code="R0605", message=f"{quoted(file.value)} cannot be used: {error}", span=file.span, help=_TRAIN
        )


def _data(path: Path) -> bytes:
    """All bytes of a file; raises OSError, and `ClassifierError` where they are too many."""
    if not path.is_file():
        raise FileNotFoundError(None, "no such file" if not path.exists() else "it is no file")
    with path.open("rb") as stream:
        data = stream.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise ClassifierError(f"it is larger than {LARGEST_FILE // 1024} KiB")
    return data


def _similar(path: Path) -> str | None:
    try:
        return did_you_mean(path.name, sorted(other.name for other in path.parent.glob("*.json")))
    except OSError:
        return None
