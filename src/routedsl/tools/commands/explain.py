"""`routedsl explain`: why a request goes where it goes."""

import sys
from pathlib import Path
from typing import BinaryIO

import click


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
    from routedsl.tools.explaining import explainer
    from routedsl.tools.requests import json_line, requests_in
    from routedsl.tools.terminal import load_or_exit

    explained = explainer(load_or_exit(policy))
    failed = False
    for number, line in enumerate(requests_in(request)):
        told, shown = explained(line)
        failed = failed or "error" in shown
        sys.stdout.write(json_line(shown) if json_ else "\n" * (number > 0) + told)
    sys.exit(1 if failed else 0)
