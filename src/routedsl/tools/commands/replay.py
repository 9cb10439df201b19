"""`routedsl replay`: recorded requests, decided again."""

import sys
from pathlib import Path

import click


@click.command(name="replay")
@click.argument("policy", type=click.Path(path_type=Path))
@click.argument("records", type=click.Path(path_type=Path, allow_dash=True), nargs=-1, required=True)
@click.option("--json", "json_", is_flag=True, help="One JSON object.")
@click.option("--html", "page", type=click.Path(path_type=Path), metavar="FILE", help="Write a page to look at, too.")
@click.option("--fleet", metavar="ADDRESS", help="Do it on a Dask cluster: its scheduler's address, or `local`.")
def command(policy: Path, records: tuple[Path, ...], page: Path | None, fleet: str | None, *, json_: bool) -> None:
    """Decide recorded requests again, by POLICY, and tell which of them move, and what that costs.

    RECORDS are state folders of `serve --state`, their files, or what `records --json` prints, `-` standard input.
    Nothing is asked of any model. What a record does not have that a rule asks is told, and never guessed.

    Exits 0 where every record is decided as it was, 1 where one moves or cannot be replayed, 2 where it cannot run.
    """
    from routedsl.tools.replay_report import to_json, to_text
    from routedsl.tools.replaying import replayed
    from routedsl.tools.requests import json_line
    from routedsl.tools.terminal import load_or_exit

    program = load_or_exit(policy)
    found = replayed(program.policy, records, fleet)
    sys.stdout.write(json_line(to_json(found, program.policy.digest)) if json_ else to_text(found))
    if page is not None:
        from routedsl.tools.replay_page import write_page

        write_page(page, found, str(policy))
    sys.exit(0 if found.same else 1)
