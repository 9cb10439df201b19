"""Answers on their way out: errors in the client's dialect, and the headers that answers carry."""

import logging
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from routedsl.engine.decision import Decision
from routedsl.engine.request import RequestError
from routedsl.gateway.ingress import request_id
from routedsl.gateway.reply import AttemptRecord

ErrorBody = Callable[[int, str, str, str | None], bytes]
"""Status, code, message and the field that is wrong, to the dialect's JSON."""

_NOWHERE: Mapping[str, ErrorBody] = MappingProxyType({})
JSON = "application/json"
REQUEST_ID = web.RequestKey("request_id", str)

STATUS: Mapping[str, int] = MappingProxyType(
    {
        "invalid_json": 400,
        "invalid_request": 400,
        "duplicate_key": 400,
        "invalid_api_key": 401,
        "host_not_allowed": 403,
        "model_not_found": 404,
        "not_found": 404,
        "method_not_allowed": 405,
        "request_timeout": 408,
        "body_too_large": 413,
        "unsupported_encoding": 415,
        "unsupported_media_type": 415,
        "expectation_failed": 417,
        "rate_limited": 429,
        "internal_error": 500,
        "overloaded": 503,
    }
)
"""The status of each error that is neither a policy's nor an upstream's."""

_MORE: Mapping[int, Mapping[str, str]] = MappingProxyType(
    {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "1"}, 503: {"Retry-After": "1"}}
)
"""Headers that go with a status of ours. Who waits for a place has one after a second, or none for now."""
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_LOG = logging.getLogger(__name__)


def errors_as(usual: ErrorBody, endpoints: str, under: Mapping[str, ErrorBody] = _NOWHERE) -> Middleware:
    """Gives each request its id, and answers what its handler raises, in the dialect that is usual or `under` its path.

    `endpoints` tells a lost client what there is.
    """

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = request_id(request.headers)
        dialect = _dialect(request.path, under) or usual
        try:
            return await handler(request)
        except RequestError as error:
            return failure(dialect, error)
        except web.HTTPException as error:
            return _from_router(dialect, request, error, endpoints)
        except Exception:  # noqa: BLE001 - a bug costs its one request, and no client sees a traceback
            _LOG.exception("request %s failed", request[REQUEST_ID])
            return failure(dialect, RequestError("internal_error", f"the gateway failed on {request[REQUEST_ID]}"))

    return answer


def _dialect(path: str, under: Mapping[str, ErrorBody]) -> ErrorBody | None:
    return next((dialect for place, dialect in under.items() if f"{path}/".startswith(f"{place}/")), None)


def failure(dialect: ErrorBody, error: RequestError) -> web.Response:
    """An error of ours as an answer."""
    status = STATUS[error.code]
    body = dialect(status, error.code, error.message, error.param)
    return web.Response(status=status, body=body, content_type=JSON, headers=_MORE.get(status))


class _Unread(web.Response):
    """An answer that no middleware and no signal of an application sees."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.popall("Server", None)


def no_http(dialect: ErrorBody) -> web.Response:
    """What bytes that are no request get, and an end of the connection."""
    body = dialect(400, "invalid_request", "this is no HTTP/1.1 request, or its headers are too large", None)
    answer = _Unread(status=400, body=body, content_type=JSON, headers=_names(request_id({})))
    answer.force_close()
    return answer


def _from_router(dialect: ErrorBody, request: web.Request, error: web.HTTPException, endpoints: str) -> web.Response:
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        message = f"`{request.path}` takes {allowed}, not {request.method}"
        answer = failure(dialect, RequestError("method_not_allowed", message))
        answer.headers["Allow"] = allowed
        return answer
    if isinstance(error, web.HTTPNotFound):
        return failure(dialect, RequestError("not_found", f"no endpoint `{request.path}`; there are {endpoints}"))
    return failure(dialect, RequestError("invalid_request", error.reason))


async def sign(request: web.Request, response: web.StreamResponse) -> None:
    """Put the request's id on every answer, by the names that clients know it by, and take off `Server`."""
    identity = request.get(REQUEST_ID) or request_id(request.headers)
    response.headers.update(_names(identity))
    response.headers.popall("Server", None)


def _names(identity: str) -> Mapping[str, str]:
    return {"x-request-id": identity, "request-id": identity}


def routing_headers(decision: Decision, attempts: Iterable[AttemptRecord], served_by: str | None) -> dict[str, str]:
    """Which policy and rule decided, which model answered, and what was tried."""
    headers = {
        "x-route-policy": decision.policy[:12],
        "x-route-rule": decision.rule,
        "x-route-model": served_by,
        "x-route-attempts": ",".join(f"{attempt.model}:{attempt.outcome}" for attempt in attempts),
    }
    return {name: _ascii(value) for name, value in headers.items() if value}


def _ascii(value: str) -> str:
    return quote(value, safe=_PRINTABLE)
