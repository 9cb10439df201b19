"""`routedsl decide`: decisions without calling a model."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import click

from routedsl.discover import discover
from routedsl.engine.program import Program
from routedsl.engine.report import decision_to_json
from routedsl.engine.request import RequestError
from routedsl.loading.envelope import now_utc, read_case, split_cases
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
    for line in split_cases(requests.read()):
        shown, error = _decided(line, program)
        failed = failed or error
        sys.stdout.write((json.dumps(shown, ensure_ascii=False) if json_ else _line(shown)) + "\n")
    sys.exit(1 if failed else 0)


def _decided(line: bytes, program: Program) -> tuple[Mapping[str, object], bool]:
    try:
        case = read_case(line, discover(), now_utc())
    except RequestError as error:
        return {"id": _id(line), "error": {"code": error.code, "message": error.message}}, True
    return decision_to_json(program.decide(case.request, case.world, case.pinned), case.id), False


def _id(line: bytes) -> str | None:
    """The id of a line that is wrong elsewhere, so that its answer can be told from the others."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    id_ = fields.get("id") if isinstance(fields, dict) else None
    return id_ if isinstance(id_, str) else None


def _line(shown: Mapping[str, object]) -> str:
    """One decision for people: who, by which rule, where to."""
    name = f"{shown['id']}: " if shown["id"] else ""
    match shown:
        case {"error": {"code": code, "message": message}}:
            return f"{name}error {code}: {message}"
        case {"action": "reject", "status": status, "message": message, "rule": rule}:
            return f"{name}{rule or 'nobody'} -> {status} {message}"
        case {"chain": [first, *rest], "rule": rule}:
            return f"{name}{rule} -> {first}" + (f", then {', '.join(map(str, rest))}" if rest else "")
        case _:
            return f"{name}{shown['rule']} -> nobody: every candidate is left out"
