"""What `decide` does with one line of requests: the decision as JSON, and in words."""

from collections.abc import Mapping

from routedsl.engine.program import Program
from routedsl.engine.report import decision_to_json
from routedsl.engine.request import RequestError
from routedsl.loading.envelope import now_utc, read_case
from routedsl.tools.requests import refusal_to_json


def decided(line: bytes, program: Program) -> Mapping[str, object]:
    """The decision on a line, or what is wrong with it."""
    try:
        case = read_case(line, program.catalog, now_utc())
    except RequestError as error:
        return refusal_to_json(line, error)
    return decision_to_json(program.decide(case.request, case.world, case.pinned), case.id)


def told(shown: Mapping[str, object]) -> str:
    """One decision for people: who, by which rule, where to. What clients wrote cannot move the cursor."""
    name = f"{shown['id']}: " if shown["id"] else ""
    return "".join(char if char.isprintable() else "�" for char in name + _outcome(shown))


def _outcome(shown: Mapping[str, object]) -> str:
    match shown:
        case {"error": {"code": code, "message": message}}:
            return f"error {code}: {message}"
        case {"action": "reject", "status": status, "message": message, "rule": rule}:
            return f"{rule or 'no rule'} -> {status} {message}"
        case {"chain": [first, *rest], "rule": rule}:
            return f"{rule} -> {first}" + (f", then {', '.join(map(str, rest))}" if rest else "")
        case _:
            return f"{shown['rule']} -> nobody: no candidate is left, the answer is 503"
