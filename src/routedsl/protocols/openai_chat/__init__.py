"""`POST /v1/chat/completions`: the dialect that most clients and upstreams speak."""

from routedsl.engine.protocol import Protocol
from routedsl.protocols.openai_chat.answer import DONE, error_body, read_answer, read_event, stream_error, without_usage
from routedsl.protocols.openai_chat.request import encode, parse

PROTOCOL = Protocol(
    endpoint="chat",
    path="/v1/chat/completions",
    parse=parse,
    encode=encode,
    read_event=read_event,
    read_answer=read_answer,
    without_usage=without_usage,
    error_body=error_body,
    stream_error=stream_error,
    done=DONE,
    doc="OpenAI's chat completions, as JSON and as a stream.",
    since="0.1",
)
