"""An upstream's answer as a value: a head, and the steps in which the body is sent."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is sent for that many seconds."""

    seconds: float


class End(Enum):
    """How an answer ends that does not end well."""

    HANG = auto()
    """Nothing more comes, and the connection stays open."""
    CLOSE = auto()
    """The connection is closed in the middle of the answer."""
    RESET = auto()
    """The connection is reset."""


Step = bytes | Wait | End


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an upstream sends; faults are made by changing a good one.

    `delay` is the seconds before the head. An answer without a head sends none: its first step ends
    it. In a stream each `bytes` step is one event. `steps` may be endless.
    """

    status: int = 200
    headers: Mapping[str, str]
    steps: Iterable[Step]
    stream: bool = False
    head: bool = True
    delay: float = 0


PING = b": ping\n\n"
DONE = b"data: [DONE]\n\n"


def event(value: object) -> bytes:
    """One server-sent event with JSON as its data."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def body_answer(status: int, body: bytes, content_type: str = "application/json") -> Answer:
    """A whole body with its length."""
    return Answer(
        status=status, headers={"Content-Type": content_type, "Content-Length": str(len(body))}, steps=(body,)
    )


def json_answer(status: int, value: object) -> Answer:
    """A JSON body."""
    return body_answer(status, json.dumps(value, ensure_ascii=False).encode())


def stream_answer(steps: Iterable[Step]) -> Answer:
    """A stream of server-sent events."""
    headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
    return Answer(headers=headers, steps=steps, stream=True)


def error_value(kind: str, code: str | None, message: str) -> dict[str, object]:
    """An error as OpenAI's API words it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def error_answer(status: int, kind: str, code: str | None, message: str) -> Answer:
    """An error with its status."""
    return json_answer(status, error_value(kind, code, message))


def until(answer: Answer, events: int) -> tuple[Step, ...]:
    """The steps up to and including that many events; of a whole body, its first half."""
    if not answer.stream:
        return tuple(step[: len(step) // 2] if isinstance(step, bytes) else step for step in answer.steps)
    steps = tuple(answer.steps)
    places = [place for place, step in enumerate(steps) if isinstance(step, bytes)]
    return steps[: places[events]] if events < len(places) else steps


def after(answer: Answer, events: int) -> tuple[Step, ...]:
    """The steps that `until` leaves out of a stream."""
    return tuple(answer.steps)[len(until(answer, events)) :]
