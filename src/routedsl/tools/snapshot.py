"""Decisions as a table to read and to compare: a line for each request, which depends on no other line.

A request that is decided as the kept table has it keeps its line, though the rules on its way ask other facts now:
else a rule more would change every line below it in a review, and what moved would not be found among them.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from routedsl.base.types import Type
from routedsl.engine.decision import Action, Decision
from routedsl.engine.narrate_values import value_to_text
from routedsl.engine.program import Program
from routedsl.engine.report import option_type, options_to_json
from routedsl.engine.request import RequestError
from routedsl.engine.staging import NOON
from routedsl.loading.envelope import read_case, split_cases

COLUMNS = {"request": 28, "route": 6, "rule": 10, "model": 10, "then": 16, "options": 16, "facts": 0}
"""The headings, and how wide their columns are at least. A wider cell moves its own line alone: were all lines
moved with it, a review of what one request changes would show them all.
"""


def differences(kept: str, now: str) -> str:
    """The lines of the requests that are decided otherwise, as they were kept and as they are now."""
    lines = [f"  {_line(tuple(COLUMNS))}"]
    for before, after in changes(kept, now):
        lines += [] if before is None else [f"- {before}"]
        lines += [] if after is None else [f"+ {after}"]
    return "\n".join(lines)


def changes(kept: str, now: str) -> Iterator[tuple[str | None, str | None]]:
    """The lines of each request that is decided otherwise; None where it was not there, or is no more."""
    before, after = _by_request(kept), _by_request(now)
    for request in {**before, **after}:
        pairs = zip_longest(before.get(request, ()), after.get(request, ()))
        yield from ((old, new) for old, new in pairs if old != new)


def _by_request(table: str) -> dict[str, list[str]]:
    """The lines below the heading by their first cells; names may come twice."""
    found: dict[str, list[str]] = {}
    for line in table.splitlines()[1:]:
        found.setdefault(line.split("  ", 1)[0], []).append(line)
    return found


class Row(NamedTuple):
    """What is told of a request: the cells before its facts, and those, None where one is missing."""

    cells: tuple[str, ...]
    facts: Mapping[str, str | None] = {}

    @property
    def line(self) -> str:
        """The row as a line of the table."""
        known = (f"{name} {value}" for name, value in self.facts.items() if value is not None)
        return _line((*self.cells, ", ".join(known)))

    def says(self, line: str) -> bool:
        """Whether a line tells the same decision, and no fact otherwise."""
        start = _padded((*self.cells, ""))
        if not line.ljust(len(start)).startswith(start):
            return False
        told = f", {line[len(start) :]}, "
        return all(f", {name} {value}, " in told or f", {name} " not in told for name, value in self.facts.items())


def decision_table(program: Program, requests: bytes, kept: str = "") -> str:
    """What the program decides on a file of requests; what a kept table says as well, it says in the same words."""
    lines = _by_request(kept)
    rows = (row_of(number, line, program) for number, line in enumerate(split_cases(requests), 1))
    told = (_told(row, lines.get(row.cells[0], ())) for row in rows)
    return "".join(f"{line}\n" for line in (_line(tuple(COLUMNS)), *told))


def _told(row: Row, kept: Sequence[str]) -> str:
    return next((line for line in kept if row.says(line)), row.line)


def _line(cells: tuple[str, ...]) -> str:
    return _padded(cells).rstrip()


def _padded(cells: tuple[str, ...]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, COLUMNS.values(), strict=True))


def row_of(number: int, line: bytes, program: Program) -> Row:
    """What is decided on one request; one without an id has its number for a name."""
    try:
        case = read_case(line, program.catalog, NOON)
    except RequestError as error:
        return Row((f"#{number}", "", "", f"error {error.code}", "", error.message))
    decision = program.decide(case.request, case.world, case.pinned)
    name = " ".join((case.id or f"#{number}").split())
    return Row((name, decision.route or "", decision.rule or "", *outcome_of(decision)), facts_of(decision))


def facts_of(decision: Decision) -> Mapping[str, str | None]:
    """What the rules up to the deciding one asked, in that order."""
    facts = decision.facts.items()
    return {name: None if value is None else value_to_text(decision.types[name], value) for name, value in facts}


def outcome_of(decision: Decision) -> tuple[str, str, str]:
    """Three cells: who is asked first, who then, and how; or the refusal and its words."""
    if decision.action is Action.REJECT:
        return (f"reject {decision.status}", "", decision.message or "")
    first, *rest = decision.chain or ("nobody",)
    options = options_to_json(decision.options)
    return (first, ", ".join(rest), ", ".join(f"{name} {shown(name, value)}" for name, value in options.items()))


def shown(name: str, value: object) -> str:
    """An option's value for people; what is a float in JSON is a number of seconds, or a share."""
    match value:
        case float() if option_type(name) is Type.SHARE:
            return f"{100 * value:g}%"
        case float():
            return f"{value:g}s"
        case list():
            return f"[{', '.join(map(str, value))}]"
        case _:
            return str(value)
