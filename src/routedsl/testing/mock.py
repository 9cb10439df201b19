"""What mock models say, in any dialect: words that tell which model spoke and what it saw. A token is a word."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from routedsl.testing.answer import Answer, Dialect, Step, Wait
from routedsl.testing.script import Script

CREATED = 1_767_225_600
"""The time that every answer bears, so that the same request is answered with the same bytes."""
LONGEST_QUOTE = 200
FILLER = (" and", " so", " on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a mock model is asked: `takes` says whether a body asks it anything, `respond` gives its good answer."""

    dialect: Dialect
    takes: Callable[[object], bool]
    respond: Callable[[Mapping[str, Any], Script], Answer]


@dataclass(frozen=True, slots=True)
class Speech:
    """What is said: the tokens, whether a limit cut them off, and the tokens of the prompt."""

    tokens: tuple[str, ...]
    limited: bool
    prompt: int

    @property
    def text(self) -> str:
        """The words."""
        return "".join(self.tokens)


def takes(body: object) -> bool:
    """Whether a JSON value asks a model to go on with messages."""
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        return False
    messages, limits = body.get("messages"), (body.get("max_tokens"), body.get("max_completion_tokens"))
    dicts = isinstance(messages, list) and all(isinstance(message, dict) for message in messages)
    return dicts and all(isinstance(limit, int | None) for limit in limits)


def speak(body: Mapping[str, Any], script: Script) -> Speech:
    """The words, as many as the script or else the request's limit allows."""
    texts = [(message.get("role"), text_of(message.get("content"))) for message in body["messages"]]
    asked = next((text for role, text in reversed(texts) if role == "user"), "")
    tokens = re.findall(r"\s*\S+", f'{body["model"]} (mock): you said "{_clipped(asked)}"')
    length = max(len(tokens), script.least) if script.tokens is None else script.tokens
    tokens = [*tokens, *islice(cycle(FILLER), max(0, length - len(tokens)))][:length]
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or len(tokens)
    return Speech(tuple(tokens[:limit]), limit < len(tokens), sum(len(text.split()) for _, text in texts))


def text_of(content: object) -> str:
    """The text of a message's content, which is a text or a list of parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "\n".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"


def digest(body: Mapping[str, Any]) -> str:
    """What is the same for the same request, for identifiers."""
    return hashlib.blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=8).hexdigest()


def whole_delay(script: Script, tokens: int) -> float:
    """Seconds before an answer that is no stream: it comes when a stream of it would have ended."""
    return script.latency + script.first_token + _pause(script) * (tokens - 1)


def paced(before: Sequence[bytes], tokens: Sequence[bytes], after: Sequence[bytes], script: Script) -> Iterator[Step]:
    """The events of a stream at the script's pace: those before the first token, one for each token, the rest."""
    yield from before
    yield Wait(script.first_token)
    for token in tokens[:-1]:
        yield token
        yield Wait(_pause(script))
    yield from (*tokens[-1:], *after)


def _pause(script: Script) -> float:
    return 0 if script.speed is None else 1 / script.speed
