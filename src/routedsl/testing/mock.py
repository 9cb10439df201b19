"""What a mock model answers: deterministic words that say which model spoke and what it saw. A token is a word."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any

from routedsl.testing.answer import DONE, Answer, Step, Wait, event, json_answer, stream_answer
from routedsl.testing.faults import apply_fault
from routedsl.testing.script import Script

CREATED = 1_767_225_600
"""The time that every answer bears, so that the same request is answered with the same bytes."""
LONGEST_QUOTE = 200
FILLER = (" and", " so", " on")


@dataclass(frozen=True, slots=True)
class Speech:
    """What is said: the tokens, why they end (`stop`, `length`), and the tokens of the prompt."""

    tokens: tuple[str, ...]
    reason: str
    prompt: int

    @property
    def usage(self) -> dict[str, int]:
        """Token counts as the API gives them."""
        said = len(self.tokens)
        return {"prompt_tokens": self.prompt, "completion_tokens": said, "total_tokens": self.prompt + said}


def is_request(body: object) -> bool:
    """Whether a JSON value asks a model for a chat completion."""
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        return False
    messages, limits = body.get("messages"), (body.get("max_tokens"), body.get("max_completion_tokens"))
    dicts = isinstance(messages, list) and all(isinstance(message, dict) for message in messages)
    return dicts and all(isinstance(limit, int | None) for limit in limits)


def respond(body: Mapping[str, Any], script: Script, call: int = 0) -> Answer:
    """The answer to a chat completion, the `call`th of its model from 0."""
    speech = speak(body, script)
    answer = _stream(body, speech, script) if body.get("stream") is True else _whole(body, speech, script)
    fault = script.fault_of(call)
    return answer if fault is None else apply_fault(fault, answer)


def speak(body: Mapping[str, Any], script: Script) -> Speech:
    """The words, as many as the script or else the request's limit allows."""
    texts = [(message.get("role"), text_of(message.get("content"))) for message in body["messages"]]
    asked = next((text for role, text in reversed(texts) if role == "user"), "")
    tokens = re.findall(r"\s*\S+", f'{body["model"]} (mock): you said "{_clipped(asked)}"')
    if script.tokens is not None:
        tokens = [*tokens, *islice(cycle(FILLER), max(0, script.tokens - len(tokens)))][: script.tokens]
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or len(tokens)
    prompt = sum(len(text.split()) for _, text in texts)
    return Speech(tuple(tokens[:limit]), "length" if limit < len(tokens) else "stop", prompt)


def text_of(content: object) -> str:
    """The text of a message's content, which is a text or a list of parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "\n".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"


def _whole(body: Mapping[str, Any], speech: Speech, script: Script) -> Answer:
    message = {"role": "assistant", "content": "".join(speech.tokens)}
    choice = {"index": 0, "message": message, "finish_reason": speech.reason}
    answer = json_answer(200, {**_envelope(body, "chat.completion"), "choices": [choice], "usage": speech.usage})
    pause = _pause(script) * (len(speech.tokens) - 1)
    return replace(answer, delay=script.latency + script.first_token + pause)


def _stream(body: Mapping[str, Any], speech: Speech, script: Script) -> Answer:
    steps = _paced(_events(body, speech), script, len(speech.tokens))
    return replace(stream_answer(tuple(steps)), delay=script.latency)


def _paced(events: Iterator[bytes], script: Script, tokens: int) -> Iterator[Step]:
    yield next(events)
    yield Wait(script.first_token)
    for _ in range(tokens - 1):
        yield next(events)
        yield Wait(_pause(script))
    yield from events


def _pause(script: Script) -> float:
    return 0 if script.speed is None else 1 / script.speed


def _events(body: Mapping[str, Any], speech: Speech) -> Iterator[bytes]:
    chunk = _envelope(body, "chat.completion.chunk")
    options = body.get("stream_options")
    with_usage = isinstance(options, dict) and options.get("include_usage") is True
    more = {"usage": None} if with_usage else {}

    def part(delta: dict[str, str], reason: str | None = None) -> bytes:
        return event({**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more})

    yield part({"role": "assistant", "content": ""})
    for token in speech.tokens:
        yield part({"content": token})
    yield part({}, speech.reason)
    if with_usage:
        yield event({**chunk, "choices": [], "usage": speech.usage})
    yield DONE


def _envelope(body: Mapping[str, Any], kind: str) -> dict[str, object]:
    digest = hashlib.blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=8).hexdigest()
    return {"id": f"chatcmpl-mock-{digest}", "object": kind, "created": CREATED, "model": body["model"]}
