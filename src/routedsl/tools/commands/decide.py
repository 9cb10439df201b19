"""`routedsl decide`: decisions without calling a model."""

import sys
from pathlib import Path
from typing import BinaryIO

import click


@click.command(name="decide")
@click.argument("policy", type=click.Path(path_type=Path))
@click.argument("requests", type=click.File("rb"), default="-")
@click.option("--json", "json_", is_flag=True, help="One JSON object a line, in order.")
def command(policy: Path, requests: BinaryIO, *, json_: bool) -> None:
    """Decide REQUESTS by POLICY without calling a model.

    REQUESTS is a file of JSON or JSON lines, or `-`: chat-completion bodies, or envelopes around them
    with headers, world and pinned facts. Exits 1 where a line could not be read; the rest go on.
    """
    from routedsl.tools.deciding import decided, told
    from routedsl.tools.requests import json_line, requests_in
    from routedsl.tools.terminal import load_or_exit

    program = load_or_exit(policy)
    failed = False
    for line in requests_in(requests):
        shown = decided(line, program)
        failed = failed or "error" in shown
        sys.stdout.write(json_line(shown) if json_ else f"{told(shown)}\n")
    sys.exit(1 if failed else 0)
