"""Requests as files hold them: a chat body, or an envelope around one with headers, world and pinned facts."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b

import msgspec
from msgspec.structs import replace

from routedsl.base.types import Type, Value
from routedsl.base.units import WHOLE, from_json
from routedsl.engine.case import Case
from routedsl.engine.catalog import Catalog
from routedsl.engine.fields import FieldError, Fields, field, mapping, text, texts
from routedsl.engine.protocol import Arrival
from routedsl.engine.request import RequestError
from routedsl.engine.signal import Signal
from routedsl.engine.strict_json import read_json
from routedsl.engine.world import ModelState, World

_BOM = b"\xef\xbb\xbf"
_ENVELOPE = ("id", "endpoint", "headers", "key", "world", "facts")
_SPENT = {
    **dict.fromkeys(("spent_today", "spent_month", "total_spent_today", "total_spent_month"), Type.MONEY),
    **dict.fromkeys(("requests_per_minute", "tokens_per_minute"), Type.COUNT),
}
"""What a world says of money and rates, by the names of `World`."""
_WORLD = ("time", "draw", "models", "sticky", "sticky_age", "sticky_before", *_SPENT)
_STATE = {
    "up": Type.BOOL,
    "latency": Type.DURATION,
    "first_token": Type.DURATION,
    "errors": Type.SHARE,
    "inflight": Type.COUNT,
    "queue": Type.COUNT,
    "load": Type.SHARE,
    "slots": Type.COUNT,
    "loaded": Type.BOOL,
    "memory_free": Type.SHARE,
    "success": Type.SHARE,
    "speed": Type.NUMBER,
    "typical_output": Type.COUNT,
}
"""What a world says of a model, by the names of `ModelState`."""
_PAST_ALL = frozenset({"load"})
"""Shares that can be of more than all there is."""
_WANTED = {
    Type.BOOL: "true or false",
    Type.DURATION: "seconds, or a text such as `800ms`",
    Type.MONEY: "dollars, or a text such as `$0.05`",
    Type.SHARE: "a share from 0 to 1",
    Type.TIME: "a time such as `09:30`",
}
_KEYED = re.compile(r'(\w+)\["(.*)"\]', re.DOTALL)


def split_cases(data: bytes) -> Iterator[bytes]:
    """The requests in a file: one JSON value, a list of them, or one a line; blank lines are passed over.

    What is no JSON as a whole is lines, unless no two lines begin an object and the first is none: then
    it is one broken request, to be told once.
    """
    data = data.removeprefix(_BOM)
    whole = _decoded(data)
    lines = [line for line in data.splitlines() if line.strip()]
    if whole is not None and whole.startswith(b"["):
        yield from (bytes(item) for item in msgspec.json.decode(whole, type=list[msgspec.Raw]))
    elif whole is None and (sum(line.startswith(b"{") for line in lines) > 1 or _decoded(b"".join(lines[:1]))):
        yield from lines
    elif lines:
        yield data


def _decoded(data: bytes) -> bytes | None:
    """The text of the one JSON value that the data are, roughly: a value's own text is read strictly later."""
    try:
        return bytes(msgspec.json.decode(data, type=msgspec.Raw)).strip()
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def read_case(line: bytes, catalog: Catalog, now: datetime) -> Case:
    """The request of one line; `now` is the time where its world names none. Raises `RequestError`."""
    return read_case_in(line, catalog, World(now=now))


def read_case_in(line: bytes, catalog: Catalog, around: World) -> Case:
    """The same where all that its world leaves out is as it is `around`."""
    fields = _raw_fields(line)
    if "body" not in fields:
        return _case(line, {}, catalog, around)
    body = bytes(fields["body"])
    _known(fields, (*_ENVELOPE, "body"))
    # Of doubled keys only the last is left, and with each that is gone a colon.
    if line.count(b":") != msgspec.json.encode(fields).count(b":"):
        raise RequestError("duplicate_key", "a key of the envelope is doubled")
    envelope = {name: read_json(bytes(raw)) for name, raw in fields.items() if name != "body"}
    return _case(body, envelope, catalog, around)


def _raw_fields(line: bytes) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return {}  # the protocol tells what is wrong with the line as a body, in its own words


def case_of(body: bytes, envelope: Fields, catalog: Catalog, now: datetime) -> Case:
    """The request of a body and of what stands around it, as JSON values. Raises `RequestError`."""
    return _case(body, envelope, catalog, World(now=now))


def _case(body: bytes, envelope: Fields, catalog: Catalog, around: World) -> Case:
    _known(envelope, _ENVELOPE)
    endpoint = field(envelope, "endpoint", text) or "chat"
    protocol = catalog.protocols.get(endpoint)
    if protocol is None:
        raise RequestError("invalid_request", f"`{endpoint}` is no endpoint that there is", "endpoint")
    id_ = field(envelope, "id", text)
    arrival = Arrival(
        headers=field(envelope, "headers", _headers) or {},
        key=field(envelope, "key", text),
        id=id_ or blake2b(body, digest_size=8).hexdigest(),
    )
    return Case(
        id=id_,
        world=field(envelope, "world", lambda value: _world(value, around)) or around,
        pinned=field(envelope, "facts", lambda value: _pinned(value, catalog)) or {},
        request=protocol.parse(body, arrival),
    )


def _known(fields: Iterable[str], names: Iterable[str]) -> None:
    """Refuse a field that means nothing: it was meant to mean something."""
    for name in fields:
        if name not in names:
            raise FieldError(name, f"left out: there are {', '.join(f'`{known}`' for known in names)}")


def _headers(value: object) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for name, said in texts(value).items():
        folded = name.lower()
        headers[folded] = f"{headers[folded]}, {said}" if folded in headers else said
    return headers


def _world(value: object, around: World) -> World:
    fields = mapping(value)
    _known(fields, _WORLD)
    said = {
        "now": field(fields, "time", _instant),
        "draw": field(fields, "draw", _draw),
        **{name: field(fields, name, _reader(name, type_)) for name, type_ in _SPENT.items()},
        **_last_models(fields),
    }
    models = {**around.models, **(field(fields, "models", _states) or {})}
    return replace(around, models=models, **{name: value for name, value in said.items() if value is not None})


def _last_models(fields: Fields) -> Mapping[str, object]:
    """Who answered the conversation; where the last one is told, nobody else did but those that are told."""
    last = field(fields, "sticky", text)
    age, before = field(fields, "sticky_age", _duration), field(fields, "sticky_before", _ages)
    return {} if last is None else {"sticky": last, "sticky_age": age or 0, "sticky_before": before or {}}


def _instant(value: object) -> datetime:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        instant = None
    if isinstance(instant, datetime) and instant.tzinfo is not None:
        return instant
    raise FieldError("", "a time with its zone, such as `2026-01-31T09:30:00Z`")


def _draw(value: object) -> int:
    draw = _read(Type.SHARE, value)
    if isinstance(draw, int) and draw < WHOLE:
        return draw
    raise FieldError("", "a share below 1")


def _duration(value: object) -> int:
    duration = _read(Type.DURATION, value)
    return duration if isinstance(duration, int) else 0


def _ages(value: object) -> Mapping[str, int]:
    models = mapping(value)
    return {name: field(models, name, _duration) or 0 for name in models}


def _states(value: object) -> Mapping[str, ModelState]:
    models = mapping(value)
    return {name: state for name in models if (state := field(models, name, _state)) is not None}


def _state(value: object) -> ModelState:
    fields = mapping(value)
    _known(fields, (*_STATE, "typical_outputs", "success_by_rule"))
    given = {name: field(fields, name, _reader(name, type_)) for name, type_ in _STATE.items()}
    return ModelState(
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]  # as above
        typical_outputs=field(fields, "typical_outputs", partial(_by_rule, Type.COUNT)) or {},
        success_by_rule=field(fields, "success_by_rule", partial(_by_rule, Type.SHARE)) or {},
    )


def _by_rule(type_: Type, value: object) -> Mapping[str, int]:
    given = mapping(value)
    found = {name: field(given, name, partial(_read, type_)) for name in given}
    return {name: number for name, number in found.items() if isinstance(number, int)}


def _reader(fact: str, type_: Type) -> Callable[[object], Value]:
    return lambda value: _converted(type_, value) if fact in _PAST_ALL else _read(type_, value)


def _read(type_: Type, value: object) -> Value:
    """A value as JSON shows it, in its type's form: seconds or `800ms`, a share from 0 to 1 or `50%`."""
    found = _converted(type_, value)
    if type_ is Type.SHARE and isinstance(found, int) and found > WHOLE:
        raise FieldError("", _WANTED[type_])
    return found


def _converted(type_: Type, value: object) -> Value:
    try:
        return from_json(type_, value)
    except ValueError:
        raise FieldError("", _WANTED.get(type_, f"a {type_}")) from None


def _pinned(value: object, catalog: Catalog) -> dict[str, Value]:
    facts = mapping(value)
    pinned: dict[str, Value] = {}
    for name in facts:
        text_, signal = _signal(name, catalog)
        pinned[text_] = field(facts, name, _reader(signal.name, signal.type))
    return pinned


def _signal(name: str, catalog: Catalog) -> tuple[str, Signal]:
    """A fact's canonical text and its signal; raises `FieldError`."""
    keyed = _KEYED.fullmatch(name)
    model, _, fact = name.rpartition(".")
    signal = catalog.signals.get(keyed[1] if keyed else name)
    if signal is None and model and not keyed:
        signal = catalog.model_facts.get(fact)
    if signal is None or signal.keyed is not bool(keyed):
        raise FieldError(name, "left out: it is no fact")
    return (name.lower() if signal.name == "header" else name), signal


def case_from(body: Mapping[str, object] | bytes | str, catalog: Catalog, now: datetime, envelope: Fields) -> Case:
    """The request of a body, a Python value or JSON text, and an envelope's fields. Raises `RequestError`."""
    match body:
        case bytes():
            data = body
        case str():
            data = body.encode("utf-8", "surrogatepass")
        case _:
            data = _encoded(body)
    return case_of(data, envelope, catalog, now)


def _encoded(body: object) -> bytes:
    try:
        return json.dumps(body).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise RequestError("invalid_request", f"the body has no JSON form: {error}") from error


def now_utc() -> datetime:
    """The time, for worlds that name none."""
    return datetime.now(UTC)
