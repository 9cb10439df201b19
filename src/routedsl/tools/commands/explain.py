"""`routedsl explain`: why a request goes where it goes."""

import json
import sys
from pathlib import Path
from typing import BinaryIO

import click

from routedsl.discover import discover
from routedsl.engine.explain import explain
from routedsl.engine.narrate import explanation_to_json, explanation_to_text
from routedsl.engine.request import RequestError
from routedsl.loading.envelope import now_utc, read_case, split_cases
from routedsl.tools.terminal import load_or_exit


@click.command(name="explain")
@click.argument("policy", type=click.Path(path_type=Path))
@click.argument("request", type=click.File("rb"), default="-")
@click.option("--json", "json_", is_flag=True, help="As JSON.")
def command(policy: Path, request: BinaryIO, *, json_: bool) -> None:
    """Say why REQUEST is decided as it is by POLICY: each rule tried, each predicate with its value.

    REQUEST is a file with one chat-completion body, or an envelope around one; `-` is standard input.
    Of a file with several, each is explained.
    """
    program = load_or_exit(policy)
    failed = False
    for line in split_cases(request.read()):
        try:
            case = read_case(line, discover(), now_utc())
        except RequestError as error:
            sys.stderr.write(f"error {error.code}: {error.message}\n")
            failed = True
            continue
        explanation = explain(program, case.request, case.world, case.pinned)
        if json_:
            sys.stdout.write(json.dumps(explanation_to_json(explanation, case.id), ensure_ascii=False) + "\n")
        else:
            sys.stdout.write(explanation_to_text(explanation) + "\n")
    sys.exit(1 if failed else 0)
