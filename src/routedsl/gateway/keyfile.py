"""The file of clients' keys: what `key new` writes and `serve` reads. It holds hashes; a key itself is kept nowhere."""

import hashlib
import json
import os
import re
import secrets
import tomllib
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, ValidationError, convert

_Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z")]
_Id = Annotated[str, Meta(pattern=r"\A[0-9a-z]{1,32}\Z")]
_Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_Model = Annotated[str, Meta(pattern=r'\A[^"\\\x00-\x1f\x7f]{1,200}\Z')]

_HEAD = """\
# Keys of the gateway's clients. A key itself is kept nowhere: `hash` is its SHA-256.
# To take one back, delete its block and start the gateway anew.
"""
LARGEST = 4 * 2**20
"""Bytes of a file: some ten thousand keys."""
_BLOCK = re.compile(r"\s*\[\[\s*key\s*\]\]")
_PLACE = re.compile(r" - at `\$(?:\.key\[(?P<block>\d+)\])?(?:\.(?P<field>\w+))?.*`$")
_SHAPES = {
    "name": "a name has up to 64 letters, digits and any of `._@-`, and begins with one of the first two",
    "id": "an id has up to 32 small letters and digits, as it stands in the key",
    "hash": "a hash is the 64 hexadecimal digits of the key's SHA-256",
    "models": "a model's name has 1 to 200 characters, and no quote, backslash or control character",
}


class KeyEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One key: its holder's name, the id that stands in it, the SHA-256 of it all, and what its holder may do.

    `models` are the names that may be asked for, `*` and `?` as in `like`; None: all. `slots` is how
    many requests may be in flight at once; None: the gateway's share.
    """

    name: _Name
    id: _Id
    hash: _Digest
    models: Annotated[tuple[_Model, ...], Meta(min_length=1)] | None = None
    slots: Annotated[int, Meta(ge=1)] | None = None


class KeyFileError(Exception):
    """A keys file that cannot be used; the text says where and why, in one sentence."""


class _File(Struct, forbid_unknown_fields=True):
    key: tuple[KeyEntry, ...] = ()


def digest(key: str) -> str:
    """What a file holds of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def make_key(name: str, models: tuple[str, ...] | None, slots: int | None) -> tuple[str, KeyEntry]:
    """A new key, and what a file holds of it; raises `KeyFileError` where no file may hold it."""
    identity = secrets.token_hex(4)
    key = f"rk_{identity}_{secrets.token_urlsafe(32)}"
    fields = {"name": name, "id": identity, "hash": digest(key), "models": models, "slots": slots}
    try:
        return key, convert(fields, KeyEntry)
    except ValidationError as error:
        raise KeyFileError(_sentence(error)) from None


def read_keys(path: Path) -> tuple[KeyEntry, ...]:
    """The keys of a file, at least one; raises `KeyFileError`."""
    text = _text(path)
    entries = _entries(path, text)
    if not entries:
        raise KeyFileError(f"`{path}` has no key; make one: `routedsl key new NAME --file {path}`")
    _check_single(path, text, entries)
    return entries


def add_key(path: Path, entry: KeyEntry) -> None:
    """Write a key behind those of a file, which is made where there is none; raises `KeyFileError`."""
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise KeyFileError(f"`{path}` is no file")  # a new one would take the place of a device
    text = _text(path) if path.exists() else _HEAD
    if any(other.name == entry.name for other in _entries(path, text)):
        raise KeyFileError(f"`{path}` has a key of `{entry.name}` already")
    _write(path, f"{text.rstrip()}\n{_block(entry)}")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise KeyFileError(f"`{path}` is larger than {LARGEST // 2**20} MiB")
        return data.decode()
    except OSError as error:
        raise KeyFileError(f"`{path}` cannot be read: {(error.strerror or '').lower()}") from None
    except UnicodeDecodeError:
        raise KeyFileError(f"`{path}` is no text") from None


def _entries(path: Path, text: str) -> tuple[KeyEntry, ...]:
    try:
        return convert(tomllib.loads(text), _File).key
    except tomllib.TOMLDecodeError as error:
        raise KeyFileError(f"`{path}` is no TOML: {error}") from None
    except ValidationError as error:
        place = _PLACE.search(str(error))
        line = _line(text, int(place["block"] or 0), place["field"]) if place else 1
        raise KeyFileError(f"`{path}` line {line}: {_sentence(error)}") from None


def _check_single(path: Path, text: str, entries: tuple[KeyEntry, ...]) -> None:
    for field in ("name", "id"):
        seen: set[str] = set()
        for number, entry in enumerate(entries):
            value = getattr(entry, field)
            if value in seen:
                line = _line(text, number, field)
                raise KeyFileError(f"`{path}` line {line}: another key has the {field} `{value}`")
            seen.add(value)


def _line(text: str, block: int, field: str | None) -> int:
    """The line of a block's field, as far as a look at the text finds it: TOML's parser does not tell."""
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines, 1) if _BLOCK.match(line)]
    if block >= len(heads):
        return 1
    start = heads[block]
    end = heads[block + 1] - 1 if block + 1 < len(heads) else len(lines)
    named = (number for number in range(start, end + 1) if field and lines[number - 1].lstrip().startswith(field))
    return next(named, start)


def _sentence(error: ValidationError) -> str:
    text = str(error)
    place = _PLACE.search(text)
    field = place["field"] if place else None
    what = _PLACE.sub("", text[:1].lower() + text[1:])
    if field is None:
        return what
    return f"`{field}`: {_SHAPES[field] if 'regex' in what else what}"


def _block(entry: KeyEntry) -> str:
    values = ((name, getattr(entry, name)) for name in entry.__struct_fields__)
    lines = (f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values if value is not None)
    return "\n".join(("\n[[key]]", *lines, ""))


def _write(path: Path, text: str) -> None:
    """All of it or nothing; and by one at a time: what another writes meanwhile must not be lost."""
    new = path.with_name(f"{path.name}.new")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyFileError(f"`{new}` is in the way: another writes there, or was cut off; then delete it") from None
    except OSError as error:
        raise _unwritten(path, error) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(descriptor)
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise _unwritten(path, error) from None


def _unwritten(path: Path, error: OSError) -> KeyFileError:
    return KeyFileError(f"`{path}` cannot be written: {(error.strerror or '').lower()}")
