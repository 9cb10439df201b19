"""`routedsl records`: what became of requests."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

from routedsl.base.units import DURATIONS
from routedsl.records.amounts import age_of
from routedsl.records.record import Record, decode
from routedsl.records.search import Wanted, lines, reading
from routedsl.records.tables import StoreError
from routedsl.tools.recorded import HEADINGS, UNRATED, row_of
from routedsl.tools.table import aligned

LATEST = 20
"""Records that a person is shown."""
_LIMIT = click.IntRange(1, 2**63 - 1)


def _since(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    try:
        return None if value is None else int((time.time() - age_of(value)) * DURATIONS["s"])
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(name="records")
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    default=".",
    help="The folder of `serve --state`, or its file.",
)
@click.option("--rule", help="Decided by this rule.")
@click.option("--route", help="By this route.")
@click.option("--model", help="Answered by this model.")
@click.option("--key", help="Asked with this client key.")
@click.option("--status", type=click.IntRange(100, 599), metavar="STATUS", help="Answered with this status.")
@click.option("--since", metavar="AGE", callback=_since, help="Not older than `30m`, `1h`, `7d`.")
@click.option("--failed", is_flag=True, help="Without the answer that the client should have had.")
@click.option("--limit", type=_LIMIT, metavar="N", help=f"The latest N.  [default: {LATEST}; --json: all]")
@click.option("--json", "json_", is_flag=True, help="One JSON object a line, all that there is of each.")
def command(state: Path, limit: int | None, *, json_: bool, **filters: str | int | bool | None) -> None:
    """Show what `serve --state` has recorded, the latest last.

    It can be asked while the gateway serves.
    """
    wanted = Wanted(**filters, most=limit or (None if json_ else LATEST))  # type: ignore[arg-type]  # click has read them
    try:
        with reading(state) as connection:
            found = lines(connection, wanted)
            sys.stdout.writelines(f"{line.decode()}\n" for line in found) if json_ else _show(map(decode, found))
    except StoreError as error:
        raise click.UsageError(str(error)) from error
    except ValueError as error:
        raise click.UsageError(f"`{state}` has a record that cannot be read: {error}") from error


def _show(records: Iterator[Record]) -> None:
    rows = [row_of(record) for record in records]
    if rows:
        rated = any(row[-1] != UNRATED for row in rows)
        sys.stdout.write(aligned([row if rated else row[:-1] for row in (HEADINGS, *rows)]))
    else:
        sys.stderr.write("there is no such record\n")
