"""Who is let in: requests that bear a key, where keys are declared, and no more of them than there are places."""

from collections.abc import Callable, Collection

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from routedsl.engine.request import RequestError
from routedsl.gateway.clock import Clock
from routedsl.gateway.intake import Intake, Place
from routedsl.gateway.keys import Client, Keys

CLIENT = web.RequestKey("client", Client)
"""Whose key it is; not there where no keys are declared."""
PLACE = web.RequestKey("place", Place)
"""The place of a request that has a body."""
ACCEPTED = web.RequestKey("accepted", int)
"""When its headers were there, by the monotonic clock."""
CREDENTIALS = frozenset({"authorization", "x-api-key"})
_BEARER = "bearer "
_NO_KEY = ""


def bearers_of(keys: Keys | None, keyless: Collection[Callable[..., object]]) -> Middleware:
    """Lets in who bears one of the keys; anybody where there are none, or to a handler that is `keyless`."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if keys is not None and request.match_info.handler not in keyless:
            client = keys.holder(_given(request))
            if client is None:
                raise RequestError("invalid_api_key", "this takes a key, as `Authorization: Bearer` or `x-api-key`")
            request[CLIENT] = client
        return await handler(request)

    return check


def _given(request: web.Request) -> str:
    """The one key that a request bears; none where it bears two that differ."""
    given = {_bearer(value) for value in request.headers.getall("Authorization", ())}
    given.update(value.strip() for value in request.headers.getall("x-api-key", ()))
    return given.pop() if len(given) == 1 else _NO_KEY


def _bearer(value: str) -> str:
    return value[len(_BEARER) :].strip() if value[: len(_BEARER)].lower() == _BEARER else _NO_KEY


def in_place(intake: Intake, clock: Clock) -> Middleware:
    """Has requests with a body wait for a place before it is read, and keep it until they are answered.

    From here on a deadline runs.
    """

    @web.middleware
    async def take(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "POST":
            return await handler(request)
        request[ACCEPTED] = clock.monotonic()
        async with intake.taken(request.get(CLIENT)) as place:
            request[PLACE] = place
            return await handler(request)

    return take
