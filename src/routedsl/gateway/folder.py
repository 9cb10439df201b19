"""The folder that a gateway keeps its state in: held by one process alone, readable by its owner alone."""

import errno
import fcntl
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = "lock"
_TOKEN = "admin-token"  # noqa: S105 - the name of the file that has it
_KEY = "hash-key"
_LOG = logging.getLogger(__name__)


class FolderTakenError(Exception):
    """Another process serves with the folder."""


class Folder:
    """A folder that is held by this process, or that nothing can be written to for now."""

    def __init__(self, path: Path) -> None:
        """It is no other's."""
        self.path = path

    def token(self) -> str:
        """The token of the admin port; made at the first start."""
        return self._secret(_TOKEN)

    def key(self) -> bytes:
        """The key of the hashes in records; the same as long as the folder is."""
        return self._secret(_KEY).encode()

    def token_file(self, token: str) -> Path | None:
        """Where the token can be read; None where it is not kept."""
        file = self.path / _TOKEN
        try:
            return file if _read(file) == token else None
        except OSError:
            return None

    def _secret(self, name: str) -> str:
        file = self.path / name
        try:
            return _read(file) or _write(file, secrets.token_urlsafe(32))
        except OSError as error:
            _LOG.warning("`%s` cannot be kept: %s; it is another one after the next start", file, error.strerror)
            return secrets.token_urlsafe(32)


def _read(file: Path) -> str | None:
    """What a file has; None where there is nothing. Raises OSError where it cannot be read."""
    try:
        return file.read_text(encoding="ascii").strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        raise OSError(errno.EINVAL, "it holds something else") from None


def _write(file: Path, text: str) -> str:
    """Write a text that nobody else may read, whole or not at all."""
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
        stream.write(text)
    new.replace(file)
    return text


@contextmanager
def held(path: Path) -> Iterator[Folder]:
    """The folder, made where it is not there; where it can be neither made nor held, that is told.

    Raises `FolderTakenError`.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        _LOG.error("no state is kept in `%s`: %s; requests are served all the same", path, error.strerror)
        yield Folder(path)
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield Folder(path)
    except BlockingIOError:
        raise FolderTakenError(f"another gateway keeps its state in `{path}`") from None
    finally:
        os.close(lock)
