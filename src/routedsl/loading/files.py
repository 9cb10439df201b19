"""Reads the files of a policy: one file, or a folder's `*.route` files, and what they import."""

import os
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from routedsl.base.diagnostic import Diagnostic
from routedsl.base.source import Source, Span
from routedsl.base.suggest import did_you_mean
from routedsl.language.parse import parse
from routedsl.language.syntax import File, Import

LARGEST_FILE = 1024 * 1024
"""Bytes of one file."""
MOST_FILES = 256
SUFFIX = ".route"
_WITHOUT = "put it beside the file that imports it, or leave the `import` out"


class Reading(Struct):
    """What was read so far, and what was found wrong.

    `files` are in the order of their statements: a file with imports inside comes in pieces, what it
    imports between them. `sources` are the texts by the files' names below the policy's folder, `paths`
    all that took part or was looked for. `seen` and `open` are resolved: read at all, being read now.
    """

    folder: Path
    files: list[File] = []
    sources: dict[str, Source] = {}
    paths: list[Path] = []
    diagnostics: list[Diagnostic] = []
    seen: set[Path] = set()
    open: list[Path] = []


def read_policy(path: Path) -> Reading:
    """Read and parse a policy.

    A path that cannot be read, a folder without policy files, text that is no UTF-8: each becomes a
    diagnostic. Messages call files by `path` as given.
    """
    whole_folder = _is_folder(path)
    reading = Reading(folder=path if whole_folder else path.parent, paths=[path])
    names = _folder_files(path, reading) if whole_folder else [path]
    if len(names) > MOST_FILES:
        reading.diagnostics.append(_about(path, "R0108", f"the folder has more than {MOST_FILES} policy files"))
        return reading
    for name in names:
        _read_file(name, reading, None)
    return reading


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # what is wrong with it is told when it is read as a file


def _folder_files(folder: Path, reading: Reading) -> list[Path]:
    try:
        names = sorted(path for path in folder.iterdir() if _is_policy_file(path))
    except OSError as error:
        reading.diagnostics.append(_unreadable(folder, error, None))
        return []
    if not names:
        hint = f"policy files end in `{SUFFIX}`; those of folders inside are only read by `import`"
        reading.diagnostics.append(_about(folder, "R0604", f"there is no policy file in `{folder}`", hint))
    return names


def _is_policy_file(path: Path) -> bool:
    # Dotted names are editors' and synchronizers' temporary files.
    return path.suffix == SUFFIX and not path.name.startswith(".") and not _is_folder(path)


def _read_file(path: Path, reading: Reading, importer: Span | None) -> None:
    resolved = _resolved(path)
    if resolved in reading.open:
        reading.diagnostics.append(_cycle(resolved, reading, path, importer))
        return
    if resolved in reading.seen:
        return
    source = _source(path, reading, importer)
    if source is None:
        return
    reading.seen.add(resolved)
    reading.sources[os.path.relpath(path, reading.folder)] = source
    file, diagnostics = parse(source)
    reading.diagnostics += diagnostics
    reading.open.append(resolved)
    _put(file, path, reading)
    reading.open.pop()


def _put(file: File, path: Path, reading: Reading) -> None:
    """Put a file's statements in their order, those of an imported file where its `import` stands."""
    start = 0
    for index, statement in enumerate(file.statements):
        if isinstance(statement, Import):
            reading.files.append(replace(file, statements=file.statements[start:index]))
            _import(statement, path, reading)
            start = index + 1
    reading.files.append(replace(file, statements=file.statements[start:]))


def _source(path: Path, reading: Reading, importer: Span | None) -> Source | None:
    reading.paths.append(path)
    try:
        if not path.is_file():
            raise FileNotFoundError(None, "no such file" if not path.exists() else "it is no file")
        with path.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        reading.diagnostics.append(_unreadable(path, error, importer))
        return None
    if len(data) > LARGEST_FILE:
        message = f"`{path}` is larger than {LARGEST_FILE // 1024} KiB"
        reading.diagnostics.append(_about(path, "R0108", message, "split it, and `import` the parts", importer))
        return None
    return _decoded(path, data, reading)


def _decoded(path: Path, data: bytes, reading: Reading) -> Source | None:
    try:
        return Source(os.fspath(path), data.decode("utf-8"))
    except UnicodeDecodeError as error:
        readable = Source(os.fspath(path), data[: error.start].decode("utf-8"))
        place = Span(readable, len(readable.text), len(readable.text))
        message = f"byte {error.start + 1} of the file is no UTF-8"
        reading.diagnostics.append(Diagnostic(code="R0603", message=message, span=place, help="save it as UTF-8"))
        return None


# ── imports ─────────────────────────────────────────────────────────────────────────────────────


def _import(statement: Import, importer: Path, reading: Reading) -> None:
    written, span = statement.path.value, statement.path.span
    target = importer.parent / written
    if not written or "\0" in written:
        reading.diagnostics.append(Diagnostic(code="R0602", message="the import names no file", span=span))
    elif Path(written).is_absolute() or not lies_below(target, importer, reading):
        hint = "an import lies beside the file that names it, or below"
        reading.diagnostics.append(Diagnostic(code="R0602", message=f"`{written}` lies outside", span=span, help=hint))
    elif len(reading.seen) >= MOST_FILES:
        message = f"the policy has more than {MOST_FILES} files"
        reading.diagnostics.append(Diagnostic(code="R0108", message=message, span=span))
    else:
        _read_file(target, reading, span)


def lies_below(target: Path, importer: Path, reading: Reading) -> bool:
    """Whether a file lies beside the one that names it or below, and within the policy, wherever links lead."""
    resolved = _resolved(target)
    return resolved.is_relative_to(_resolved(importer).parent) and resolved.is_relative_to(_resolved(reading.folder))


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))  # unlike `resolve` it takes links that lead to themselves


def _cycle(resolved: Path, reading: Reading, path: Path, importer: Span | None) -> Diagnostic:
    steps = [*reading.open[reading.open.index(resolved) :], resolved]
    text = " → ".join(f"`{step.name}`" for step in steps)
    return _about(path, "R0206", f"files import each other: {text}", span=importer)


# ── what is wrong with a file ───────────────────────────────────────────────────────────────────


def _unreadable(path: Path, error: OSError, importer: Span | None) -> Diagnostic:
    cause = (error.strerror or type(error).__name__).lower()
    hint = _similar(path) or (_WITHOUT if importer else None)
    return _about(path, "R0601", f"`{path}` cannot be read: {cause}", hint, importer)


def _similar(path: Path) -> str | None:
    """A help line that names a policy file beside the missing one."""
    if _is_folder(path):
        return "a folder is imported file by file"
    try:
        names = [other.name for other in path.parent.iterdir() if other.name != path.name and _is_policy_file(other)]
    except OSError:
        return None
    return did_you_mean(path.name, names) or did_you_mean(path.name + SUFFIX, names)


def _about(path: Path, code: str, message: str, help: str | None = None, span: Span | None = None) -> Diagnostic:
    place = span or Span(Source(os.fspath(path), ""), 0, 0)
    return Diagnostic(code=code, message=message, span=place, help=help)
