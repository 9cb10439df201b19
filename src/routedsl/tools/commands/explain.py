"""`routedsl explain`: why a request goes where it goes."""

import sys
from pathlib import Path
from typing import BinaryIO

import click

from routedsl.analysis.hindsight import hindsight, hindsight_to_json, hindsight_to_text
from routedsl.analysis.survey import survey
from routedsl.engine.explain import explain
from routedsl.engine.narrate import explanation_to_json, explanation_to_text
from routedsl.engine.request import RequestError
from routedsl.loading.envelope import now_utc, read_case
from routedsl.tools.requests import json_line, refusal_to_json, requests_in
from routedsl.tools.terminal import load_or_exit


@click.command(name="explain")
@click.argument("policy", type=click.Path(path_type=Path))
@click.argument("request", type=click.File("rb"), default="-")
@click.option("--json", "json_", is_flag=True, help="One JSON object a line, in order.")
def command(policy: Path, request: BinaryIO, *, json_: bool) -> None:
    """Say why REQUEST is decided as it is by POLICY: each rule tried, each predicate with its value.

    Then what was asked of it in effect, and the smallest change of one fact that would have decided otherwise.

    REQUEST is a file with one chat-completion body, or an envelope around one; `-` is standard input.
    Of a file with several, each is explained. Exits 1 where one could not be read; the rest go on.
    """
    program = load_or_exit(policy)
    surveyed = survey(program)
    failed = False
    for number, line in enumerate(requests_in(request)):
        try:
            case = read_case(line, program.catalog, now_utc())
        except RequestError as error:
            failed = True
            told = f"error {error.code}: {error.message}\n"
            shown = refusal_to_json(line, error)
        else:
            explanation = explain(program, case.request, case.world, case.pinned)
            back = hindsight(surveyed, explanation, case.request, case.world, case.pinned)
            told = explanation_to_text(explanation) + hindsight_to_text(back)
            shown = explanation_to_json(explanation, case.id) | hindsight_to_json(back)
        sys.stdout.write(json_line(shown) if json_ else "\n" * (number > 0) + told)
    sys.exit(1 if failed else 0)
