"""The admin plane, on a port of its own behind a token: policy, models, metrics, and why requests go where they go."""

import hmac
import os
from collections.abc import Mapping
from functools import partial

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CONTENT_TYPE_LATEST

from routedsl.base.render import to_json
from routedsl.engine.request import RequestError
from routedsl.gateway.egress import ErrorBody, errors_as, sign
from routedsl.gateway.host import Generation, PolicyHost, Refusal
from routedsl.gateway.ingress import admit_hosts
from routedsl.gateway.inquiry import explain_request, show_models
from routedsl.gateway.telemetry import Telemetry
from routedsl.gateway.wiring import Gateway

_ENDPOINTS = "GET /policy, GET /models, POST /explain, GET /metrics"


def make_admin(gateway: Gateway, token: str, dialect: ErrorBody) -> web.Application:
    """An application for operators of this machine."""
    app = web.Application(
        middlewares=[errors_as(dialect, _ENDPOINTS), admit_hosts(()), holders_of(token)],
        client_max_size=gateway.limits.size,
    )
    app.on_response_prepare.append(sign)
    app.router.add_get("/policy", partial(_policy, host=gateway.host))
    app.router.add_get("/metrics", partial(_metrics, telemetry=gateway.telemetry))
    app.router.add_get("/models", partial(show_models, gateway=gateway))
    app.router.add_post("/explain", partial(explain_request, gateway=gateway))
    return app


def holders_of(token: str) -> Middleware:
    """Lets in requests that bear the token."""
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            raise RequestError("invalid_api_key", "the admin port takes its bearer token only")
        return await handler(request)

    return check


async def _policy(_http: web.Request, host: PolicyHost) -> web.Response:
    return web.json_response(_described(host.generation) | {"error": _reason(host.refusal)})


def _described(generation: Generation) -> dict[str, object]:
    policy = generation.program.policy
    return {
        "digest": policy.digest,
        "generation": generation.number,
        "loaded_at": generation.loaded_at.isoformat(),
        "files": list(generation.files),
        "workers": [{"pid": os.getpid(), "generation": generation.number, "digest": policy.digest}],
    }


def _reason(refusal: Refusal | None) -> Mapping[str, object] | None:
    if refusal is None:
        return None
    findings = [to_json(diagnostic) for diagnostic in refusal.diagnostics]
    return {"at": refusal.at.isoformat(), "diagnostics": findings}


async def _metrics(_http: web.Request, telemetry: Telemetry) -> web.Response:
    return web.Response(body=telemetry.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})
