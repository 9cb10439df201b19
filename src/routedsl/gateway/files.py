"""What a policy's files are at a moment, and where to listen for their changes."""

import os
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from routedsl.loading.files import LARGEST_FILE, SUFFIX

Place = tuple[Path, int, int]
"""A folder and which one it is: its device and inode."""


def fingerprint(root: Path, paths: Iterable[Path]) -> bytes:
    """A hash of the names, whereabouts and contents of a policy's files; `root` is the policy as given."""
    entries = root.glob(f"*{SUFFIX}") if root.is_dir() else ()
    hashed = blake2b(digest_size=16)
    for path in sorted({root, *entries, *paths}):
        hashed.update(repr((str(path), os.path.realpath(path))).encode("utf-8", "backslashreplace"))
        hashed.update(_content(path))
    return hashed.digest()


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
            if part not in seen and part.is_symlink():
                folders.add(part.parent)
                pending.append(part.parent / part.readlink())
            seen.add(part)
    return frozenset(place for folder in folders if (place := _place(folder)))


def _place(folder: Path) -> Place | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return (folder, status.st_dev, status.st_ino) if folder.is_dir() else None
