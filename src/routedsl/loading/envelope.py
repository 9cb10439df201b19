"""Requests as files hold them: a chat body, or an envelope around one with headers, world and pinned facts."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any

import msgspec
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from routedsl.base.types import Type, Value
from routedsl.base.units import DURATIONS, WHOLE, LiteralError, from_json, parse_quantity
from routedsl.engine.catalog import Catalog
from routedsl.engine.protocol import Arrival
from routedsl.engine.request import Request, RequestError
from routedsl.engine.world import ModelState, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request to decide: its id, what the client sent, the world, and the facts that are pinned."""

    id: str | None
    request: Request
    world: World
    pinned: Mapping[str, Value]


def _duration(value: object) -> object:
    """Microseconds from `"800ms"` or from a number of seconds."""
    if isinstance(value, str):
        try:
            found = parse_quantity(value)
        except LiteralError as error:
            raise ValueError(str(error)) from error
        if found.type is not Type.DURATION:
            raise ValueError(f"`{value}` is no duration: write it as `800ms`")
        return found.value
    return _scaled(value, DURATIONS["s"])


def _share(value: object) -> object:
    return _scaled(value, WHOLE)


def _scaled(value: object, unit: int) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return round(value * unit)
    return value


Duration = Annotated[int | None, BeforeValidator(_duration), Field(ge=0)]
Share = Annotated[int, BeforeValidator(_share), Field(ge=0, le=WHOLE)]
Draw = Annotated[int, BeforeValidator(_share), Field(ge=0, lt=WHOLE)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _ModelState(_Strict):
    up: bool = True
    latency: Duration = None
    first_token: Duration = None
    errors: Share = 0
    inflight: Annotated[int, Field(ge=0)] = 0
    queue: Annotated[int, Field(ge=0)] = 0
    load: Share = 0
    success: Share | None = None
    speed: Annotated[float | None, Field(ge=0)] = None


class _World(_Strict):
    time: AwareDatetime | None = None
    draw: Draw | None = None
    models: dict[str, _ModelState] = {}
    sticky: str | None = None
    sticky_age: Annotated[int, BeforeValidator(_duration), Field(ge=0)] = 0


class _Envelope(_Strict):
    id: str | None = None
    endpoint: str = "chat"
    headers: dict[str, str] = {}
    key: str | None = None
    world: _World = _World()
    facts: dict[str, Any] = {}


def read_case(line: bytes, catalog: Catalog, now: datetime) -> Case:
    """The request of one line; `now` is the time where its world names none. Raises `RequestError`."""
    fields = _fields(line)
    if "body" not in fields:
        return case_of(line, _Envelope(), catalog, now)
    body = bytes(fields.pop("body"))
    return case_of(body, _envelope({name: json.loads(bytes(raw)) for name, raw in fields.items()}), catalog, now)


def _fields(line: bytes) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        # The protocol tells what is wrong with the line as a body, in its own words.
        return {}


def _envelope(fields: Mapping[str, object]) -> _Envelope:
    try:
        return _Envelope.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise RequestError(
            "invalid_request", f"`{place}` of the envelope is wrong: {first['msg'].lower()}", place
        ) from error


def case_from(body: Mapping[str, object] | bytes, catalog: Catalog, now: datetime, **envelope: object) -> Case:
    """The request of a body and an envelope's fields as Python values. Raises `RequestError`."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {name: value for name, value in envelope.items() if value is not None}
    return case_of(data, _envelope(given), catalog, now)


def case_of(body: bytes, envelope: _Envelope, catalog: Catalog, now: datetime) -> Case:
    """A body and its checked envelope as a case."""
    protocol = catalog.protocols.get(envelope.endpoint)
    if protocol is None:
        raise RequestError("invalid_request", f"`{envelope.endpoint}` is no endpoint that there is", "endpoint")
    id_ = envelope.id or blake2b(body, digest_size=8).hexdigest()
    headers = {name.lower(): value for name, value in envelope.headers.items()}
    request = protocol.parse(body, Arrival(headers=headers, key=envelope.key, id=id_))
    return Case(
        id=envelope.id, request=request, world=_world(envelope.world, now), pinned=_pinned(envelope.facts, catalog)
    )


def _world(world: _World, now: datetime) -> World:
    return World(
        now=world.time or now,
        draw=world.draw,
        models={name: ModelState(**state.model_dump()) for name, state in world.models.items()},
        sticky=world.sticky,
        sticky_age=world.sticky_age,
    )


def _pinned(facts: Mapping[str, Any], catalog: Catalog) -> dict[str, Value]:
    return {text: _pin(text, value, catalog) for text, value in facts.items()}


def _pin(text: str, value: object, catalog: Catalog) -> Value:
    """A pinned fact's value in its type's form: seconds, dollars and shares as JSON shows them."""
    signal = catalog.signals.get(text.split("[", 1)[0]) or catalog.model_facts.get(text.rpartition(".")[2])
    if signal is None:
        raise RequestError("invalid_request", f"`{text}` is no fact that can be pinned", f"facts.{text}")
    try:
        return from_json(signal.type, value)
    except (ValueError, TypeError) as error:
        raise RequestError(
            "invalid_request", f"the fact `{text}` should be a {signal.type}", f"facts.{text}"
        ) from error


def split_cases(data: bytes) -> Iterator[bytes]:
    """The requests in a file: one JSON value, a list of them, or one a line; blank lines are passed over."""
    whole = _decoded(data)
    if isinstance(whole, list):
        yield from (bytes(item) for item in whole)
    elif whole is not None:
        yield data
    else:
        yield from (line for line in data.splitlines() if line.strip())


def _decoded(data: bytes) -> list[msgspec.Raw] | msgspec.Raw | None:
    try:
        whole = msgspec.json.decode(data, type=msgspec.Raw)
        is_list = bytes(whole).lstrip().startswith(b"[")
        return msgspec.json.decode(data, type=list[msgspec.Raw]) if is_list else whole
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def now_utc() -> datetime:
    """The time, for worlds that name none."""
    return datetime.now(UTC)
