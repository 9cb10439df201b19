"""`routedsl decide`: decisions without calling a model."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import click

from routedsl.engine.program import Program
from routedsl.engine.report import decision_to_json
from routedsl.engine.request import RequestError
from routedsl.loading.envelope import now_utc, read_case
from routedsl.tools.requests import json_line, refusal_to_json, requests_in
from routedsl.tools.terminal import load_or_exit


@click.command(name="decide")
@click.argument("policy", type=click.Path(path_type=Path))
@click.argument("requests", type=click.File("rb"), default="-")
@click.option("--json", "json_", is_flag=True, help="One JSON object a line, in order.")
def command(policy: Path, requests: BinaryIO, *, json_: bool) -> None:
    """Decide REQUESTS by POLICY without calling a model.

    REQUESTS is a file of JSON or JSON lines, or `-`: chat-completion bodies, or envelopes around them
    with headers, world and pinned facts. Exits 1 where a line could not be read; the rest go on.
    """
    program = load_or_exit(policy)
    failed = False
    for line in requests_in(requests):
        shown = _decided(line, program)
        failed = failed or "error" in shown
        sys.stdout.write(json_line(shown) if json_ else f"{_told(shown)}\n")
    sys.exit(1 if failed else 0)


def _decided(line: bytes, program: Program) -> Mapping[str, object]:
    try:
        case = read_case(line, program.catalog, now_utc())
    except RequestError as error:
        return refusal_to_json(line, error)
    return decision_to_json(program.decide(case.request, case.world, case.pinned), case.id)


def _told(shown: Mapping[str, object]) -> str:
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
