"""An upstream's answer as a value: a head, the steps in which the body is sent, and what happens to it on the wire."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is sent for that many seconds."""

    seconds: float


class End(Enum):
    """How an answer ends that does not end well."""

    HANG = auto()
    """Nothing more comes, and the connection stays open."""
    CLOSE = auto()
    """The connection is closed."""
    RESET = auto()
    """The connection is reset."""
    STALE = auto()
    """The connection stays open, and is closed as its next request comes in."""


Step = bytes | Wait | End
Steps = Iterable[Step]
Edit = Callable[[dict[str, Any]], None]
"""Changes a JSON object in place."""
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What must be known of a dialect to spoil its answers.

    `error` makes an error's JSON of status, type, code and message, the last three as OpenAI's API
    words them, and `frame` the event of a stream that has it as its data. `finishes` and `ends` say
    whether an event tells why the answer is over, and whether it is the end mark. `unchosen` takes
    all choices out of an answer or its event, `unsaid` what they say.
    """

    error: Callable[[int, str, str | None, str], Mapping[str, object]]
    frame: Callable[[Mapping[str, object]], bytes]
    finishes: Callable[[bytes], bool]
    ends: Callable[[bytes], bool]
    unchosen: Edit
    unsaid: Edit


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an upstream sends; faults are made by changing a good one.

    `delay` is the seconds before the head. Each `bytes` of the steps is sent by itself, where
    `chunked` as one chunk; in a `stream` each is one event. `steps` may be endless. `wire` changes
    all that is sent: the delay, the head, and then the body as it is framed.
    """

    dialect: Dialect
    steps: Steps
    status: int = 200
    headers: Headers = ()
    stream: bool = False
    chunked: bool = False
    delay: float = 0
    wire: Callable[[Iterator[Step]], Steps] = iter

    @property
    def body(self) -> bytes:
        """All bytes of the steps, which must have an end."""
        return b"".join(step for step in self.steps if isinstance(step, bytes))

    @property
    def keeps_open(self) -> bool:
        """Whether its end can be told without closing the connection."""
        return self.chunked or self.header("Content-Length") is not None

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next((value for each, value in self.headers if each == name), None)

    def with_headers(self, *headers: tuple[str, str]) -> "Answer":
        """The answer with these headers in place of those of the same names."""
        named = {name for name, _ in headers}
        return replace(self, headers=(*(each for each in self.headers if each[0] not in named), *headers))


PING = b": ping\n\n"
JSON_TYPE = "application/json"


def event(value: object) -> bytes:
    """One server-sent event with JSON as its data."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def body_answer(dialect: Dialect, status: int, body: bytes, content_type: str = JSON_TYPE) -> Answer:
    """A whole body with its length."""
    headers = (("Content-Type", content_type), ("Content-Length", str(len(body))))
    return Answer(dialect=dialect, status=status, headers=headers, steps=(body,))


def json_answer(dialect: Dialect, status: int, value: object) -> Answer:
    """A JSON body."""
    return body_answer(dialect, status, json.dumps(value, ensure_ascii=False).encode())


def stream_answer(dialect: Dialect, steps: Steps) -> Answer:
    """A stream of server-sent events."""
    headers = (("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-cache"))
    return Answer(dialect=dialect, headers=headers, steps=steps, stream=True, chunked=True)


def error_answer(dialect: Dialect, status: int, kind: str, code: str | None, message: str) -> Answer:
    """An error with its status."""
    return json_answer(dialect, status, dialect.error(status, kind, code, message))


def until(answer: Answer, events: int) -> tuple[Step, ...]:
    """The steps up to and including that many events; of a whole body, its first half."""
    if not answer.stream:
        return tuple(step[: len(step) // 2] if isinstance(step, bytes) else step for step in answer.steps)
    steps = tuple(answer.steps)
    places = [place for place, step in enumerate(steps) if isinstance(step, bytes)]
    return steps[: places[events]] if events < len(places) else steps


def after(answer: Answer, events: int) -> tuple[Step, ...]:
    """The steps of a stream that `until` leaves out; of a whole body, its second half."""
    if not answer.stream:
        return tuple(step[len(step) // 2 :] if isinstance(step, bytes) else step for step in answer.steps)
    return tuple(answer.steps)[len(until(answer, events)) :]


def each_bytes(change: Callable[[bytes], bytes], steps: Steps) -> Iterator[Step]:
    """The steps with their bytes changed."""
    return (change(step) if isinstance(step, bytes) else step for step in steps)
