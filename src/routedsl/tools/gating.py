"""What a policy has to pass before it serves: its own tests, and snapshots of what it decides."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from routedsl.base.diagnostic import Diagnostic, PolicyError, in_order
from routedsl.base.source import Source, Span
from routedsl.engine.program import Program
from routedsl.loading.policy import Loading
from routedsl.tools.snapshot import changes, decision_table
from routedsl.tools.verdicts import trials_of, verdicts_of


class Snapshot(NamedTuple):
    """A file of requests, and the table of what is decided on them, as `route_snapshot` keeps it."""

    requests: Path
    table: Path


class Gate:
    """Lets a loaded policy pass, or takes its program from it and says why. It calls no model."""

    def __init__(self, path: Path, *, tests: bool, snapshots: Sequence[Snapshot]) -> None:
        """Of the policy at the path: whether its `test` blocks must hold, and which snapshots."""
        self._path = path
        self._tests = tests
        self._snapshots = snapshots

    def __call__(self, loading: Loading) -> Loading:
        """The loading, less its program where something does not hold; the files looked at are among its paths."""
        program = loading.program
        if program is None:
            return loading
        found = [*self._failed(program), *(each for kept in self._snapshots for each in _moved(kept, program))]
        return replace(
            loading,
            program=None if found else program,
            diagnostics=in_order([*loading.diagnostics, *found]),
            paths=(*loading.paths, *self._looked_at(program)),
        )

    def _failed(self, program: Program) -> Iterator[Diagnostic]:
        if not self._tests:
            return
        try:
            trials = trials_of(program, self._path)
        except PolicyError as error:
            yield from error.diagnostics
            return
        for verdict in verdicts_of(program, trials):
            for miss in verdict.misses:
                yield Diagnostic(
                    code="R0803",
                    message=f'the test "{verdict.test.name}" fails: expected {miss.wanted}, and it is {miss.got}',
                    span=miss.expected.span,
                    help=f"`routedsl test {self._path}` tells why",
                )

    def _looked_at(self, program: Program) -> Iterator[Path]:
        named = (test.request for test in program.policy.tests if test.request is not None)
        yield from (Path(name.span.source.name).parent / name.value for name in named)
        for snapshot in self._snapshots:
            yield from snapshot


def _moved(snapshot: Snapshot, program: Program) -> Iterator[Diagnostic]:
    """One finding for a snapshot of which any request is decided otherwise, at the first of them."""
    try:
        requests, kept = snapshot.requests.read_bytes(), snapshot.table.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        yield _unreadable(snapshot, error)
        return
    moved = list(changes(kept, decision_table(program, requests, kept)))
    if moved:
        before, after = moved[0]
        start = 0 if before is None else kept.index(before)
        count = "a request is" if len(moved) == 1 else f"{len(moved)} requests are"
        yield Diagnostic(
            code="R0804",
            message=f"{count} decided otherwise than this snapshot of `{snapshot.requests}` says",
            span=Span(Source(str(snapshot.table), kept), start, start + len(before or "")),
            help=f"now it is `{after}`" if after else "it is no more among the requests",
        )


def _unreadable(snapshot: Snapshot, error: OSError | UnicodeDecodeError) -> Diagnostic:
    path = getattr(error, "filename", None) or snapshot.table
    cause = (error.strerror or type(error).__name__).lower() if isinstance(error, OSError) else "it is no UTF-8"
    place = Span(Source(str(path), ""), 0, 0)
    return Diagnostic(code="R0804", message=f"the snapshot's `{path}` cannot be read: {cause}", span=place)
