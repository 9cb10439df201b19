"""Decisions as a table to read and to compare: a line for each request, which depends on no other line."""

from collections.abc import Iterator
from itertools import zip_longest

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


def decision_table(program: Program, requests: bytes) -> str:
    """What the program decides on a file of requests."""
    rows = (row_of(number, line, program) for number, line in enumerate(split_cases(requests), 1))
    return "".join(f"{line}\n" for line in (_line(tuple(COLUMNS)), *map(_line, rows)))


def _line(cells: tuple[str, ...]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, COLUMNS.values(), strict=True)).rstrip()


def row_of(number: int, line: bytes, program: Program) -> tuple[str, ...]:
    """The cells of one request; one without an id has its number for a name."""
    try:
        case = read_case(line, program.catalog, NOON)
    except RequestError as error:
        return (f"#{number}", "", "", f"error {error.code}", "", error.message, "")
    decision = program.decide(case.request, case.world, case.pinned)
    return (
        " ".join((case.id or f"#{number}").split()),
        decision.route or "",
        decision.rule or "",
        *outcome_of(decision),
        facts_of(decision),
    )


def facts_of(decision: Decision) -> str:
    """What the rules up to the deciding one asked, in that order; what is missing is left out."""
    facts = decision.facts.items()
    known = (f"{name} {value_to_text(decision.types[name], value)}" for name, value in facts if value is not None)
    return ", ".join(known)


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
