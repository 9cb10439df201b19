"""Bodies of chat requests as a box demands them."""

from collections.abc import Iterator, Mapping
from itertools import islice

import msgspec

from routedsl.analysis.conversation import USER, Demands, Talk, amount, talks
from routedsl.analysis.lengthen import with_tokens
from routedsl.analysis.rooms import rooms
from routedsl.analysis.samples import NAMES, texts_for, value_in
from routedsl.analysis.wanted import Wanted, with_pattern
from routedsl.base.types import Type, Value
from routedsl.engine.address import Destination, ToModel, ToRoute
from routedsl.engine.program import Program
from routedsl.engine.protocol import Arrival
from routedsl.engine.tokenizer import count_tokens
from routedsl.language.policy import Fact, Like

Body = dict[str, object]

ENDPOINT = "chat"
"""Where the bodies are sent, unless another endpoint is demanded: their plainest parts are read alike at each."""
MOST_TALKS = 100
"""Conversations whose tokens are counted for one bound of the answer."""
_PARTS: Mapping[str, Body] = {
    "images": {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    "audio": {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
    "files": {"type": "file", "file": {"file_id": "a"}},
}


def bodies(demands: Demands, program: Program, to: Destination) -> Iterator[Body]:
    """Bodies that are likely as demanded; they say no more than they have to."""
    model = next(_models(demands, program, to), None)
    if model is None:
        return
    fields = _fields(demands)
    parse = program.catalog.protocols[endpoint_in(demands, program)].parse

    def body_of(talk: Talk) -> Body:
        return {"model": model, "messages": _messages(talk, demands), **_tools(talk), **fields}

    def count(talk: Talk) -> int:
        return count_tokens(parse(msgspec.json.encode(body_of(talk)), Arrival()))

    for room in rooms(demands, program):
        bound = {} if room.bound is None else {"max_tokens": room.bound}
        for talk in islice(talks(demands), MOST_TALKS):
            for exact in with_tokens(talk, room.tokens, demands, count):
                yield body_of(exact) | bound


def endpoint_in(demands: Demands, program: Program) -> str:
    """The endpoint that is demanded, where there is one of that name."""
    endpoint = asked("endpoint", demands, default=ENDPOINT)
    return endpoint if isinstance(endpoint, str) and endpoint in program.catalog.protocols else ENDPOINT


# ── fields that have nothing to do with one another ─────────────────────────────────────────────


def _models(demands: Demands, program: Program, to: Destination) -> Iterator[str]:
    """Names that a client may ask for to be sent there."""
    wanted = demands.get("model")
    for name in _names(wanted, program, to):
        if program.addresses.find(name) == to and (wanted is None or wanted.allows(name)):
            yield name


def _names(wanted: Wanted | None, program: Program, to: Destination) -> Iterator[str]:
    match to:
        case ToModel(model=model):
            yield model
        case ToRoute(route=name):
            route = program.policy.routes[name]
            yield from (*route.names, *program.addresses.exact)
            free = wanted or Wanted(Fact("model", Type.TEXT), other=True)
            yield from texts_for(free, NAMES)
            for pattern in route.patterns:
                yield from texts_for(with_pattern(free, Like(free.fact, pattern, span=route.span), wanted=True))
        case _:
            return


def _fields(demands: Demands) -> Body:
    """The fields but for the model, the messages and the bound of the answer; what is so by default is left out."""
    fields: Body = {
        "stream": asked("stream", demands, default=False) or None,
        "response_format": {"type": "json_object"} if asked("json", demands, default=False) else None,
        "temperature": asked("temperature", demands),
        "reasoning_effort": asked("effort", demands),
        "user": asked("user", demands),
        "prompt_cache_key": _session(demands),
        "metadata": keyed("metadata", demands) or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _session(demands: Demands) -> Value:
    """An empty name of a session is none."""
    wanted = demands.get("session")
    if wanted is None or wanted.allows(None):
        return None
    return next(filter(None, texts_for(wanted, NAMES)), None)


def asked(name: str, demands: Demands, *, default: Value = None) -> Value:
    """A fact's value: the default where nothing else is demanded."""
    return value_in(demands[name], default) if name in demands else default


def keyed(signal: str, demands: Demands) -> dict[str, str]:
    """The values of a keyed signal by its names in brackets, without those that may be missing."""
    facts = [wanted.fact for wanted in demands.values() if wanted.fact.signal == signal]
    values = {fact.key or "": asked(fact.text, demands) for fact in facts}
    return {key: value for key, value in values.items() if isinstance(value, str)}


# ── what is said, and what is offered ───────────────────────────────────────────────────────────


def _messages(talk: Talk, demands: Demands) -> list[Body]:
    parts = [part for name, part in _PARTS.items() for _ in range(amount(name, demands) or 0)]
    users = [at for at, speech in enumerate(talk.speeches) if speech.role == USER]
    holder = users[-1] if users else len(talk.speeches) - 1
    messages: list[Body] = [{"role": speech.role, "content": speech.text} for speech in talk.speeches]
    if parts:
        said = talk.speeches[holder].text
        messages[holder]["content"] = [*([{"type": "text", "text": said}] if said else []), *parts]
    if talk.calls:
        messages[talk.caller]["tool_calls"] = [_call(at, arguments) for at, arguments in enumerate(talk.calls, 1)]
    return messages


def _call(number: int, said: str) -> Body:
    arguments = msgspec.json.encode({"a": said} if said else {}).decode()
    return {"id": f"call_{number}", "type": "function", "function": {"name": "tool_1", "arguments": arguments}}


def _tools(talk: Talk) -> Body:
    tools = [_tool(number, description) for number, description in enumerate(talk.tools, 1)]
    return {"tools": tools} if tools else {}


def _tool(number: int, description: str) -> Body:
    described = {"description": description} if description else {}
    return {"type": "function", "function": {"name": f"tool_{number}", **described}}
