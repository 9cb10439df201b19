"""Decisions as a table to read and to compare: a line for each request."""

from datetime import UTC, datetime

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from routedsl.engine.decision import Action, Decision
from routedsl.engine.program import Program
from routedsl.engine.report import options_to_json
from routedsl.engine.request import RequestError
from routedsl.loading.envelope import read_case, split_cases
from routedsl.tools.table import aligned

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""The time of requests whose world names none, so that every day's test sees the same."""
HEADINGS = ("request", "route", "rule", "model", "then", "options")


class TableExtension(SingleFileSnapshotExtension):
    """Keeps each snapshot as a text file of its own."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


def decision_table(program: Program, requests: bytes) -> str:
    """What the program decides on a file of requests."""
    return aligned([HEADINGS, *(row_of(number, line, program) for number, line in enumerate(split_cases(requests), 1))])


def row_of(number: int, line: bytes, program: Program) -> tuple[str, ...]:
    """The cells of one request; one without an id has its number for a name."""
    try:
        case = read_case(line, program.catalog, NOON)
    except RequestError as error:
        return (f"#{number}", "", "", f"error {error.code}", "", error.message)
    decision = program.decide(case.request, case.world, case.pinned)
    return (case.id or f"#{number}", decision.route or "", decision.rule or "", *outcome_of(decision))


def outcome_of(decision: Decision) -> tuple[str, str, str]:
    """The last three cells: who is asked first, who then, and how; or the refusal and its words."""
    if decision.action is Action.REJECT:
        return (f"reject {decision.status}", "", decision.message or "")
    first, *rest = decision.chain or ("nobody",)
    options = options_to_json(decision.options)
    return (first, ", ".join(rest), ", ".join(f"{name} {shown(value)}" for name, value in options.items()))


def shown(value: object) -> str:
    """An option's value for people; what is a float in JSON is a number of seconds."""
    match value:
        case float():
            return f"{value:g}s"
        case list():
            return f"[{', '.join(map(str, value))}]"
        case _:
            return str(value)
