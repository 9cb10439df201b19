"""Loads a policy: reads its files, compiles them, and says what took part."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from routedsl.base.diagnostic import Diagnostic, PolicyError, has_errors, in_order
from routedsl.base.source import Source
from routedsl.engine.catalog import Catalog
from routedsl.engine.compile import compile_policy
from routedsl.engine.program import Program
from routedsl.loading.files import Reading, read_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """One attempt to load a policy: its program unless there are errors, and everything it was read from.

    `paths` are the file or folder as given and every file that took part or was looked for. `digest`
    is the content's hash, the same wherever the files lie.
    """

    program: Program | None
    diagnostics: tuple[Diagnostic, ...]
    sources: tuple[Source, ...]
    paths: tuple[Path, ...]
    digest: str


def load_policy(path: Path, catalog: Catalog) -> Loading:
    """Read, parse, check and compile the policy at a path; whatever is wrong is in `diagnostics`."""
    reading = read_policy(path)
    digest = _digest(reading)
    program, found = None, list(reading.diagnostics)
    if reading.files:
        program, checked = compile_policy(reading.files, catalog, digest=digest)
        found += checked
    diagnostics = in_order(found)
    return Loading(
        program=None if has_errors(diagnostics) else program,
        diagnostics=diagnostics,
        sources=tuple(file.source for file in reading.files),
        paths=tuple(dict.fromkeys(reading.paths)),
        digest=digest,
    )


def require_policy(path: Path, catalog: Catalog) -> Program:
    """The program of the policy at a path; raises `PolicyError` with all findings where it does not load."""
    loading = load_policy(path, catalog)
    if loading.program is None:
        raise PolicyError(loading.diagnostics)
    return loading.program


def _digest(reading: Reading) -> str:
    hashed = sha256()
    for path, source in sorted(reading.seen.items()):
        name = path.relative_to(reading.root) if path.is_relative_to(reading.root) else path.name
        for part in (str(name).encode(), source.text.encode()):
            hashed.update(len(part).to_bytes(8, "big"))
            hashed.update(part)
    return hashed.hexdigest()
