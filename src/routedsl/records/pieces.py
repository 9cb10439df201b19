"""Records wherever they are kept, in pieces that can be read apart: files of records, exports of them, a stream."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from routedsl.records.recipe import Privacy
from routedsl.records.search import FILE, lines_within, numbers, reading
from routedsl.records.tables import StoreError

RECORDS = 10_000
"""Records of a file that are one piece."""
BYTES = 8 * 2**20
"""Bytes of an export that are one piece."""
LONGEST = 16 * 2**20
"""Bytes of a line that is still read: a record takes one or two thousand."""
KEY = "hash-key"
"""The file beside records that has the key of their hashes."""

_SQLITE = b"SQLite format 3\0"


class RecordError(Exception):
    """Why something is no record, and where it stands, in one sentence."""


class Piece(Struct, frozen=True, kw_only=True):
    """Some records of one `source`, a path or what to call a stream.

    `start` and `stop` are the records' numbers in a file of records, and places in an export's bytes: the lines
    that begin there. A stream's piece has its lines with it, and `start` is the number of the first.
    """

    source: str
    start: int
    stop: int
    packed: bool = False
    read: bytes | None = None


# ── taken apart ─────────────────────────────────────────────────────────────────────────────────


def pieces_of(path: Path) -> list[Piece]:
    """The pieces of a file of records, a state folder or an export; raises `StoreError` where there is none."""
    file = path / FILE if path.is_dir() else path
    try:
        with file.open("rb") as stream:
            packed = stream.read(len(_SQLITE)) == _SQLITE
            size = stream.seek(0, 2)
    except FileNotFoundError as error:
        raise StoreError(f"there are no records at `{path}`") from error
    except OSError as error:
        raise StoreError(f"`{path}` cannot be read: {(error.strerror or 'it is no file').lower()}") from error
    if not packed:
        return [_piece(file, range(size), BYTES, start, packed=False) for start in range(0, size, BYTES)]
    with reading(file) as connection:
        every = numbers(connection)
    return [_piece(file, every, RECORDS, start, packed=True) for start in range(every.start, every.stop, RECORDS)]


def _piece(file: Path, every: range, step: int, start: int, *, packed: bool) -> Piece:
    return Piece(source=str(file), start=start, stop=min(start + step, every.stop), packed=packed)


def pieces_in(stream: BinaryIO, name: str) -> Iterator[Piece]:
    """The pieces of an export that comes in."""
    number, held, size = 1, list[bytes](), 0
    for line in _lines(stream, name):
        held.append(line)
        size += len(line)
        if size >= BYTES:
            yield Piece(source=name, start=number, stop=number + len(held), read=b"".join(held))
            number, held, size = number + len(held), [], 0
    if held:
        yield Piece(source=name, start=number, stop=number + len(held), read=b"".join(held))


def _lines(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """The lines of a stream; raises `StoreError` for one that is longer than any record."""
    while line := stream.readline(LONGEST):
        if len(line) == LONGEST:
            raise StoreError(f"`{name}` has a line of more than {LONGEST // 2**20} MiB: it has no records")
        yield line


# ── read ────────────────────────────────────────────────────────────────────────────────────────


def lines_of(piece: Piece) -> Iterator[bytes]:
    """The records' lines; raises `StoreError` where they cannot be read."""
    if piece.packed:
        with reading(Path(piece.source)) as connection:
            yield from lines_within(connection, range(piece.start, piece.stop))
    elif piece.read is not None:
        yield from piece.read.split(b"\n")
    else:
        yield from _exported(piece)


def _exported(piece: Piece) -> Iterator[bytes]:
    """The lines that begin within a piece: one that goes on past its end is read to the end."""
    try:
        with Path(piece.source).open("rb") as stream:
            if piece.start:
                stream.seek(piece.start - 1)
                stream.readline(LONGEST)
            lines = _lines(stream, piece.source)
            while stream.tell() < piece.stop and (line := next(lines, None)) is not None:
                yield line
    except OSError as error:
        raise StoreError(f"`{piece.source}` cannot be read: {(error.strerror or str(error)).lower()}") from error


def place_of(piece: Piece, index: int) -> str:
    """Where the line of a piece with this index stands, for people: `records.jsonl:17`."""
    if piece.packed:
        return f"`{piece.source}`"
    if piece.read is not None:
        return f"{piece.source}:{piece.start + index}"
    with Path(piece.source).open("rb") as stream:
        before = stream.read(piece.start)
    began_within = before.count(b"\n") + (piece.start > 0 and not before.endswith(b"\n"))
    return f"{piece.source}:{began_within + index + 1}"


def privacy_of(piece: Piece) -> Privacy | None:
    """The key of the hashes, where it lies beside the records."""
    try:
        key = (Path(piece.source).parent / KEY).read_bytes().strip() if piece.packed else b""
    except OSError:
        return None
    return Privacy(key) if key else None
