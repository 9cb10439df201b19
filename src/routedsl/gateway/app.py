"""The data plane as one aiohttp application: endpoints, and what every request passes through."""

import asyncio
from functools import partial

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from routedsl.engine.protocol import with_beside
from routedsl.engine.request import RequestError
from routedsl.gateway import endpoints, feedback
from routedsl.gateway.egress import errors_as, sign
from routedsl.gateway.entrance import bearers_of, in_place
from routedsl.gateway.ingress import admit_hosts, when_asked_for
from routedsl.gateway.settings import Limits
from routedsl.gateway.telemetry import Telemetry
from routedsl.gateway.traffic import Traffic
from routedsl.gateway.wiring import DECIDED, GATEWAY, Gateway


def make_app(gateway: Gateway) -> web.Application:
    """An application that serves the gateway's policy, with an endpoint for each protocol of its catalog."""
    usual = gateway.catalog.protocols["chat"].error_body
    protocols = tuple(with_beside(gateway.catalog.protocols.values()))
    paths = [f"POST {protocol.path}" for protocol in protocols]
    there_are = ", ".join((*paths, f"POST {feedback.PATH}", "GET /v1/models", "GET /healthz", "GET /readyz"))
    app = web.Application(
        middlewares=[
            errors_as(usual, there_are, {protocol.path: protocol.error_body for protocol in protocols}),
            told(gateway.telemetry),
            admit_hosts(gateway.hosts),
            bearers_of(gateway.keys, (endpoints.greet, endpoints.healthy, endpoints.ready)),
            counted(gateway.traffic),
            in_place(gateway.intake, gateway.clock),
        ]
    )
    app[GATEWAY] = gateway
    app.on_response_prepare.append(sign)
    for protocol in protocols:
        app.router.add_post(
            protocol.path, partial(endpoints.complete, protocol=protocol), expect_handler=when_asked_for
        )
    app.router.add_post(feedback.PATH, feedback.rate, expect_handler=when_asked_for)
    app.router.add_get("/v1/models", endpoints.list_models)
    app.router.add_get("/v1/models/{id:.+}", endpoints.show_model)
    app.router.add_head("/", endpoints.greet)
    app.router.add_get("/healthz", endpoints.healthy)
    app.router.add_get("/readyz", endpoints.ready)
    return app


def told(telemetry: Telemetry) -> Middleware:
    """Counts requests that are refused before they are decided: no record tells of them."""

    @web.middleware
    async def tell(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except RequestError as error:
            if not request.get(DECIDED):
                telemetry.refused(error.code)
            raise

    return tell


def counted(traffic: Traffic) -> Middleware:
    """Counts requests in flight, and ends their connections once the server is stopping."""

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            with traffic.carrying(request):
                response = await handler(request)
        except asyncio.CancelledError:
            if not traffic.cut:
                raise
            raise RequestError("overloaded", "the gateway is shutting down") from None
        if traffic.draining:
            response.force_close()
        return response

    return count


def make_runner(app: web.Application, limits: Limits) -> web.AppRunner:
    """The application with aiohttp's server set for it: a client that leaves cancels its handler."""
    return web.AppRunner(app, handler_cancellation=True, shutdown_timeout=limits.linger)
