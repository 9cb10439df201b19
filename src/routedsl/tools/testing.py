"""The verb `test`: runs what is wanted of a policy's tests, and tells it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from msgspec import Struct

from routedsl.engine.case import Case
from routedsl.engine.program import Program
from routedsl.engine.request import RequestError
from routedsl.engine.staging import NOON
from routedsl.loading.envelope import read_case, split_cases
from routedsl.tools.requests import json_line
from routedsl.tools.terminal import or_exit
from routedsl.tools.verdicts import (
    Tried,
    failure_to_text,
    summary,
    teller,
    trials_of,
    verdicts_of,
    verdicts_to_json,
)


class Wanted(Struct, frozen=True, kw_only=True):
    """What a person asks of the tests."""

    named: str = ""
    coverage: bool = False
    fail_under: float | None = None
    mutate: bool = False
    suggest: bool = False
    seconds: float = 60.0
    as_json: bool = False


class Report(Struct, frozen=True):
    """What is told, and the exit code."""

    text: str
    code: int


def tested(program: Program, policy: Path, requests: Sequence[Path], wanted: Wanted) -> Report:
    """Run the tests; what the command line cannot mean is a usage error."""
    trials = or_exit(lambda: trials_of(program, policy, wanted.named))
    if wanted.named and not trials:
        raise click.UsageError(f"no test has `{wanted.named}` in its name")
    if requests and not wanted.coverage:
        raise click.UsageError("REQUESTS count for --coverage")
    if wanted.suggest and (wanted.mutate or wanted.coverage or wanted.fail_under is not None):
        raise click.UsageError("--suggest writes tests and nothing else: ask for the rest in a run of its own")
    if wanted.suggest:
        return _suggestions(program, policy, trials, as_json=wanted.as_json)
    verdicts = verdicts_of(program, trials)
    failed = [verdict for verdict in verdicts if not verdict.passed]
    told = verdicts_to_json(verdicts)
    tell = teller(program) if failed and not wanted.as_json else str
    text = "".join(f"{failure_to_text(verdict, tell)}\n" for verdict in failed if not wanted.as_json)
    text += summary(policy, verdicts)
    code = 1 if failed else 0
    if wanted.coverage or wanted.fail_under is not None:
        from routedsl.tools.covering import coverage_to_json, coverage_to_text, covered, percent_to_text

        found = covered(program, _cases(trials, program, requests))
        told["coverage"] = coverage_to_json(found)
        text += coverage_to_text(found)
        if wanted.fail_under is not None and found.percent < wanted.fail_under:
            text += f"{percent_to_text(found.percent)} is under {wanted.fail_under:g}%\n"
            code = 1
    if wanted.mutate and not failed:
        from routedsl.tools.mutating import mutated, mutation_to_json, mutation_to_text

        mutation = mutated(program, policy, trials, wanted.seconds)
        told["mutation"] = mutation_to_json(mutation)
        text += mutation_to_text(mutation)
        code = code if mutation.good else 1
    return Report(json_line(told) if wanted.as_json else text, code)


def _suggestions(program: Program, policy: Path, trials: Sequence[Tried], *, as_json: bool) -> Report:
    """Tests that are not there yet: nothing else is told, so that they can be put into a file."""
    from routedsl.tools.suggesting import suggested

    text = suggested(program, [trial.case for trial in trials])
    if as_json:
        return Report(json_line({"suggested": text}), 0)
    return Report(text or f"# {policy}: the tests touch every threshold\n", 0)


def _cases(trials: Sequence[Tried], program: Program, requests: Sequence[Path]) -> Iterator[Case]:
    """The requests of the tests, and those of files."""
    yield from (trial.case for trial in trials)
    for path in requests:
        yield from _read(path, program)


def _read(path: Path, program: Program) -> Iterator[Case]:
    try:
        lines = list(split_cases(path.read_bytes()))
    except OSError as error:
        raise click.UsageError(f"`{path}` cannot be read: {(error.strerror or '').lower()}") from error
    for number, line in enumerate(lines, 1):
        try:
            yield read_case(line, program.catalog, NOON)
        except RequestError as error:
            raise click.UsageError(f"{path}:{number}: {error.message}") from error
