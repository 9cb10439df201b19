"""What a policy's files are at a moment, and where to listen for their changes."""

import os
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from stat import S_ISDIR

from routedsl.loading.files import LARGEST_FILE, SUFFIX

Place = tuple[Path, int, int]
"""A folder and which one it is: its device and inode."""


def fingerprint(root: Path, paths: Iterable[Path]) -> bytes:
    """A hash of the names, whereabouts and contents of a policy's files; `root` is the policy as given."""
    hashed = blake2b(digest_size=16)
    for path in sorted({root, *_entries(root), *paths}):
        hashed.update(repr((str(path), os.path.realpath(path))).encode("utf-8", "backslashreplace"))
        hashed.update(_content(path))
    return hashed.digest()


def _entries(root: Path) -> list[Path]:
    try:
        return [path for path in root.iterdir() if path.suffix == SUFFIX]
    except OSError:
        return []


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            return b"folder" if path.is_dir() else b"nothing"
        with path.open("rb") as file:
            return blake2b(file.read(LARGEST_FILE + 1), digest_size=16).digest()
    except OSError as error:
        return type(error).__name__.encode()


def hops(paths: Iterable[Path]) -> frozenset[Place]:
    """The folders in which it shows that paths lead elsewhere: their own, and those of every link on the way."""
    folders: set[Path] = set()
    seen: set[Path] = set()
    pending = [path.absolute() for path in paths]
    while pending:
        path = pending.pop()
        folders |= {path, path.parent}
        for part in (path, *path.parents):
            target = None if part in seen else _target(part)
            if target is not None:
                folders.add(part.parent)
                pending.append(part.parent / target)
            seen.add(part)
    return frozenset(place for folder in folders if (place := _place(folder)))


def _target(path: Path) -> Path | None:
    try:
        return path.readlink()
    except OSError:
        return None


def _place(folder: Path) -> Place | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return (folder, status.st_dev, status.st_ino) if S_ISDIR(status.st_mode) else None
