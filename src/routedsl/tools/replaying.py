"""What `routedsl replay` does: records decided again, wherever they are."""

import sys
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import chain
from pathlib import Path

import click

from routedsl.language.policy import Policy
from routedsl.records.cores import on_all_cores
from routedsl.records.jobs import Job, Result
from routedsl.records.pieces import Piece, RecordError, pieces_in, pieces_of
from routedsl.records.replaying import Replaying
from routedsl.records.summary import Summary, summary_of
from routedsl.records.tables import StoreError
from routedsl.tools.progress import with_bar

_STDIN = "-"


def replayed(policy: Policy, records: Sequence[Path], fleet: str | None) -> Summary:
    """What comes of deciding records again by a policy; exits 2 where they cannot be read or there are none."""
    found = over_records(Replaying(policy), records, fleet)
    if found is None or not found.records:
        raise click.UsageError(f"there are no records in {', '.join(f'`{path}`' for path in records)}")
    return summary_of(found, policy.models)


def over_records(job: Job[Result], records: Sequence[Path], fleet: str | None = None) -> Result | None:
    """What comes of a job on all records, None where there are none; exits 2 where they cannot be read."""
    try:
        done = _on_fleet(job, records, fleet) if fleet is not None else _here(job, records)
        return reduce(lambda one, other: other if one is None else one.merged(other), done, None)
    except (StoreError, RecordError) as error:
        raise click.UsageError(str(error)) from error


def _here(job: Job[Result], records: Sequence[Path]) -> Iterator[Result]:
    whole = [piece for path in records if not _is_stream(path) for piece in pieces_of(path)]
    streams = [path for path in records if _is_stream(path)]
    pieces = chain(whole, *map(_streamed, streams))
    return with_bar(on_all_cores(job, pieces), None if streams else len(whole), "replaying")


def _is_stream(path: Path) -> bool:
    """Whether records can only be read from it once, from front to back."""
    return str(path) == _STDIN or (path.exists() and not path.is_file() and not path.is_dir())


def _streamed(path: Path) -> Iterator[Piece]:
    named = str(path)
    if named == _STDIN:
        if sys.stdin.isatty():
            sys.stderr.write("reading records from standard input: what `routedsl records --json` prints\n")
        yield from pieces_in(sys.stdin.buffer, "standard input")
        return
    with path.open("rb") as stream:
        yield from pieces_in(stream, named)


def _on_fleet(job: Job[Result], records: Sequence[Path], address: str) -> Iterator[Result]:
    if any(map(_is_stream, records)):
        raise click.UsageError("a fleet reads files: it cannot be sent a stream")
    try:
        from routedsl.records.fleet import on_fleet
    except ModuleNotFoundError as error:
        if error.name != "distributed":
            raise
        raise click.UsageError("a fleet needs Dask: `pip install 'routedsl-gateway[fleet]'`") from error
    return on_fleet(job, records, address, lambda done, total: with_bar(done, total, "replaying"))
