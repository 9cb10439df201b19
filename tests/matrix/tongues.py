"""What a cell must know of the dialect it is asked in."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Tongue:
    """`text` reads the words of a whole answer, `delta` those of an event; `end` is the data of the end mark."""

    name: str
    protocol: str
    path: str
    more: Mapping[str, object]
    text: Callable[[Any], str]
    delta: Callable[[Any], str]
    end: str

    def said(self, events: Sequence[str]) -> str:
        """The words of a stream."""
        return "".join(self.delta(json.loads(event)) for event in events if event.startswith("{"))

    def ends(self, events: Sequence[str]) -> list[bool]:
        """Which of the events are end marks."""
        return [event.replace(" ", "") == self.end for event in events]


def _chat_delta(chunk: Any) -> str:
    return "".join(choice["delta"].get("content") or "" for choice in chunk.get("choices", ()))


def _messages_delta(event: Any) -> str:
    return str(event["delta"].get("text") or "") if event["type"] == "content_block_delta" else ""


CHAT = Tongue(
    name="chat",
    protocol="openai",
    path="/v1/chat/completions",
    more={},
    text=lambda value: str(value["choices"][0]["message"]["content"]),
    delta=_chat_delta,
    end="[DONE]",
)
MESSAGES = Tongue(
    name="messages",
    protocol="anthropic",
    path="/v1/messages",
    more={"max_tokens": 1000},
    text=lambda value: "".join(block["text"] for block in value["content"]),
    delta=_messages_delta,
    end='{"type":"message_stop"}',
)
