"""`POST /v1/messages` and its `count_tokens`: the dialect that Claude Code and Anthropic's clients speak."""

from msgspec.structs import replace

from routedsl.engine.protocol import Protocol
from routedsl.protocols.anthropic_messages.answer import (
    DONE,
    credentials,
    error_body,
    read_answer,
    read_count,
    read_event,
    stream_error,
)
from routedsl.protocols.anthropic_messages.request import encode, encode_count, parse, parse_count

_MESSAGES = Protocol(
    endpoint="messages",
    path="/v1/messages",
    parse=parse,
    encode=encode,
    read_event=read_event,
    read_answer=read_answer,
    error_body=error_body,
    stream_error=stream_error,
    done=DONE,
    credentials=credentials,
    passes=frozenset({"anthropic-version", "anthropic-beta"}),
    sends={"anthropic-version": "2023-06-01"},
    upstreams=frozenset({"anthropic"}),
    doc="Anthropic's messages, as JSON and as a stream, and the count of a message's tokens.",
    since="0.1",
)
_COUNT = replace(
    _MESSAGES, path="/v1/messages/count_tokens", parse=parse_count, encode=encode_count, read_answer=read_count
)
PROTOCOL = replace(_MESSAGES, beside=(_COUNT,))
