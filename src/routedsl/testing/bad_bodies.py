"""Changes of an answer's body, which may be a stream's: its words, its length, its chunks, its bytes."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle, repeat
from typing import Any

from routedsl.testing.answer import Answer, Edit, End, Step, Steps, Wait, body_answer, each_bytes, until
from routedsl.testing.bad_heads import Change
from routedsl.testing.http import chunk

HTML = b"<!doctype html><title>Welcome</title><h1>Please log in</h1>"
HALF_JSON = b'{"id": "chatcmpl-mock", "choices": [{"mess'
DATA = b"data: "
SPOKEN, SPOILT = b"(mock)", b"(m\xffck)"


def of_length(answer: Answer, steps: Steps, length: int) -> Answer:
    """Other steps in no chunks, and the length that is announced for them."""
    return replace(answer.with_headers(("Content-Length", str(length))), steps=steps, chunked=False)


def altered(change: Callable[[bytes], bytes]) -> Change:
    """The bytes of the body, of a stream those of each event, changed; the length fits."""

    def alter(answer: Answer, _: int) -> Answer:
        steps = tuple(each_bytes(change, answer.steps))
        changed = replace(answer, steps=steps)
        return changed if answer.chunked else of_length(changed, steps, len(changed.body))

    return alter


# ── words ───────────────────────────────────────────────────────────────────────────────────────


def on_json(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Changes the JSON of a body, or that in the data of an event; leaves alone what is none."""

    def line(text: bytes) -> bytes:
        data = text.removeprefix(DATA)
        return text[: len(text) - len(data)] + (change(data) if data.startswith(b"{") else data)

    return lambda text: b"\n".join(map(line, text.split(b"\n")))


def edited(edit_of: Callable[[Answer], Edit]) -> Change:
    """The answer, or each event of a stream, with its JSON changed as the dialect says."""

    def change(answer: Answer, number: int) -> Answer:
        edit = edit_of(answer)

        def edit_json(text: bytes) -> bytes:
            value: dict[str, Any] = json.loads(text)
            edit(value)
            return json.dumps(value, ensure_ascii=False).encode()

        return altered(on_json(edit_json))(answer, number)

    return change


def deep(answer: Answer, depth: int) -> Answer:
    """One more field, of lists in lists."""
    field = b', "deep": ' + b"[" * depth + b"]" * depth + b"}"
    return altered(on_json(lambda text: text[:-1] + field))(answer, 0)


def replaced(body: bytes, content_type: str | None = None) -> Change:
    """Another body, of its own type or that of the good one, with status 200."""

    def change(answer: Answer, _: int) -> Answer:
        type_ = content_type or answer.header("Content-Type") or ""
        return replace(body_answer(answer.dialect, 200, body, type_), delay=answer.delay)

    return change


bad_utf8 = altered(lambda text: text.replace(SPOKEN, SPOILT))

# ── lengths and chunks ──────────────────────────────────────────────────────────────────────────


def too_short(answer: Answer, count: int) -> Answer:
    """Fewer bytes than announced."""
    return of_length(answer, (*answer.steps, End.CLOSE), len(answer.body) + count)


def too_long(answer: Answer, count: int) -> Answer:
    """More bytes than announced."""
    *steps, last = (step for step in answer.steps if isinstance(step, bytes))
    return of_length(answer, (*steps, last + b"x" * count), len(answer.body))


def bad_chunk(answer: Answer, events: int) -> Answer:
    """A chunk whose size is no number."""
    return _in_chunks(answer, events, b"zz\r\n")


def cut_chunk(answer: Answer, events: int) -> Answer:
    """A chunk of which the half is missing."""
    return _in_chunks(answer, events, chunk(b" " * 64)[:32])


def _in_chunks(answer: Answer, events: int, last: bytes) -> Answer:
    framed = (*each_bytes(chunk, until(answer, events)), last, End.CLOSE)
    return replace(
        answer, headers=(*_unmeasured(answer), ("Transfer-Encoding", "chunked")), steps=framed, chunked=False
    )


def _unmeasured(answer: Answer) -> tuple[tuple[str, str], ...]:
    return tuple(each for each in answer.headers if each[0] != "Content-Length")


def tiny_chunks(answer: Answer, _: int) -> Answer:
    """Each byte in a chunk of its own."""
    bytes_ = (bytes([byte]) for byte in answer.body)
    return replace(answer, headers=_unmeasured(answer), steps=tuple(bytes_), chunked=True)


# ── bytes ───────────────────────────────────────────────────────────────────────────────────────


def zipped(change: Callable[[bytes], bytes]) -> Change:
    """The body compressed, which nobody asked for."""

    def compress(answer: Answer, _: int) -> Answer:
        body = change(gzip.compress(answer.body, mtime=0))
        steps: Steps = (body,)
        return of_length(answer.with_headers(("Content-Encoding", "gzip")), steps, len(body))

    return compress


def bomb(answer: Answer, megabytes: int) -> Answer:
    """A small body that unpacks to so many megabytes of blanks."""
    packer = zlib.compressobj(wbits=31)
    blank = b" " * 1_000_000
    body = b"".join(map(packer.compress, repeat(blank, megabytes))) + packer.flush()
    return of_length(answer.with_headers(("Content-Encoding", "gzip")), (body,), len(body))


def endless(answer: Answer, milliseconds: int) -> Answer:
    """The body's first half, and blanks for ever; of a stream its first word again and again."""
    return replace(answer, headers=_unmeasured(answer), chunked=True, steps=_endless(answer, Wait(milliseconds / 1000)))


def _endless(answer: Answer, pause: Wait) -> Iterator[Step]:
    pieces: tuple[Step, ...] = (*until(answer, 0), b" " * 1024)
    if answer.stream:
        pieces = tuple(step for step in until(answer, 2) if isinstance(step, bytes))
    yield pieces[0]
    yield from cycle((pieces[1], pause))


def twice(answer: Answer, milliseconds: int) -> Answer:
    """The same once more, when nobody waits for it."""

    def wire(steps: Iterator[Step]) -> Steps:
        every = tuple(steps)
        return (*every, Wait(milliseconds / 1000), *every)

    return replace(answer, wire=wire)
