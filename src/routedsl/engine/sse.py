"""Server-sent events, decoded as their bytes come in, however the network cuts them."""

from msgspec import Struct

LARGEST_EVENT = 4 * 1024 * 1024
"""Bytes that one event may have; real ones go up to about a megabyte (pictures, recordings)."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventTooLargeError(Exception):
    """An event has grown past the decoder's limit and has not ended."""


class ServerEvent(Struct, frozen=True):
    """One event, or a sign of life.

    `data` is the lines of data joined by newlines, not yet decoded as UTF-8. It is None where there
    is none: a comment, or an event without data, only shows that the server is still there. `name`
    is the field `event`, empty where it is left out.
    """

    data: bytes | None
    name: str = ""


PING = ServerEvent(None)


class SseDecoder(Struct):
    """Turns chunks of bytes into events; the same bytes give the same events, wherever they are cut.

    Lines end in LF, CRLF or CR. The space after a field's colon may be missing. `id` and `retry` are
    read over: nobody here connects again.
    """

    limit: int = LARGEST_EVENT
    _line: list[bytes] = []  # pieces of the line that has not ended
    _data: list[bytes] = []  # lines of data of the event that has not ended
    _name: str = ""
    _held: int = 0  # bytes in `_line` and `_data`
    _begun: bool = False  # the event that has not ended has a field
    _first: bool = True  # no line has ended
    _after_cr: bool = False

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """The events that this chunk completes; raises `EventTooLargeError`."""
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        events: list[ServerEvent] = []
        for piece in chunk.splitlines(keepends=True):
            self._hold(self._line, piece)
            if piece.endswith((b"\n", b"\r")):
                events += self._end_line()
        self._after_cr = self._after_cr or chunk.endswith(b"\r")
        return events

    def end(self) -> list[ServerEvent]:
        """The event that the end of the stream completes, since some servers forget the last blank line."""
        events = self._end_line() if self._line else []
        return [*events, *self._end_event()]

    def _hold(self, pieces: list[bytes], piece: bytes) -> None:
        pieces.append(piece)
        self._held += len(piece)
        if self._held > self.limit:
            raise EventTooLargeError(f"an event has more than {self.limit} bytes")

    def _end_line(self) -> list[ServerEvent]:
        whole = b"".join(self._line)
        self._line.clear()
        self._held -= len(whole)
        line = whole.rstrip(b"\r\n")
        if self._first:
            self._first = False
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if line.startswith(b":"):
            return [PING]
        if not line:
            return self._end_event()
        self._read_field(*line.partition(b":")[::2])
        return []

    def _read_field(self, name: bytes, value: bytes) -> None:
        self._begun = True
        value = value.removeprefix(b" ")
        if name == b"data":
            self._hold(self._data, value)
        elif name == b"event":
            self._name = value.decode("utf-8", "replace")

    def _end_event(self) -> list[ServerEvent]:
        if not self._begun:
            return []
        event = ServerEvent(b"\n".join(self._data), self._name) if self._data else PING
        self._data.clear()
        self._name, self._held, self._begun = "", 0, False
        return [event]


def encode_event(data: bytes, name: str = "") -> bytes:
    """The frame of an event, blank line included."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"".join(b"data: " + line + b"\n" for line in data.split(b"\n")) + b"\n"
