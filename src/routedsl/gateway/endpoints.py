"""The data plane's endpoints: read the request, decide, dispatch, answer."""

import asyncio
from collections.abc import Iterable

from aiohttp import web
from multidict import CIMultiDict

from routedsl.engine.address import AddressBook, Unknown
from routedsl.engine.decision import Action, Decision
from routedsl.engine.program import Program
from routedsl.engine.protocol import Protocol
from routedsl.engine.report import decision_to_json
from routedsl.engine.request import Request, RequestError
from routedsl.engine.world import World
from routedsl.gateway.egress import JSON, REQUEST_ID, routing_headers
from routedsl.gateway.entrance import ACCEPTED, CLIENT
from routedsl.gateway.host import Generation
from routedsl.gateway.ingress import LARGE, read_request
from routedsl.gateway.keys import Client
from routedsl.gateway.present import names_of, world_of
from routedsl.gateway.recording import Decided
from routedsl.gateway.relay import Last, Patience, relay
from routedsl.gateway.wiring import DECIDED, GATEWAY, Gateway

Headers = CIMultiDict[str]


async def complete(http: web.Request, protocol: Protocol) -> web.StreamResponse:
    """Route one request of a protocol, under the generation that serves when its body is there."""
    gateway = http.app[GATEWAY]
    request = await read_request(http, protocol, gateway.limits, http[REQUEST_ID])
    generation = gateway.host.generation
    conversation = names_of(request, generation)
    world = world_of(gateway, request, generation, conversation)
    decision = await _decide(generation.program, request, world, http.get(CLIENT))
    if http.headers.get("x-route-dry-run") == "1":
        return web.json_response(decision_to_json(decision, request.id))
    http[DECIDED] = True
    decided = Decided(request=request, world=world, decision=decision, generation=generation)
    with gateway.telemetry.measuring(decided) as ending:
        if decision.action is Action.REJECT:
            ending.status = decision.status or 400
            return _rejection(decision, protocol)
        reply = await gateway.dispatcher.dispatch(
            request, decision, generation.policy, protocol, ending.attempts, accepted=http[ACCEPTED]
        )
        gateway.sessions.answered(conversation, reply.served_by)
        ending.status, ending.model = reply.status, reply.served_by
        headers: Headers = CIMultiDict(reply.headers)
        headers.update(routing_headers(decision, reply.attempts, reply.served_by))
        if isinstance(reply.body, bytes):
            return web.Response(status=reply.status, body=reply.body, headers=headers)
        ending.answering(gateway.clock.monotonic())
        response = web.StreamResponse(status=reply.status, headers=headers)
        ending.end = await relay(
            http,
            response,
            reply.body,
            gateway.traffic,
            patience=Patience(piece=gateway.limits.write, until=gateway.clock.loop_time(reply.until)),
            last=Last(protocol.done, protocol.stream_error("the gateway is shutting down")),
        )
        return response


async def _decide(program: Program, request: Request, world: World, client: Client | None) -> Decision:
    found = _addresses(program, client).find(request.model)
    if isinstance(found, Unknown):
        return program.unknown(found.message)
    if len(request.body) < LARGE:
        return program.decide(request, world)
    return await asyncio.to_thread(program.decide, request, world)


def _addresses(program: Program, client: Client | None) -> AddressBook:
    """The names that a client may ask for."""
    return program.addresses if client is None or client.may is None else program.addresses.among(client.may)


def _rejection(decision: Decision, protocol: Protocol) -> web.Response:
    status, code = decision.status or 400, decision.code or "rejected_by_policy"
    body = protocol.error_body(status, code, decision.message or "", "model" if decision.rule is None else None)
    headers = routing_headers(decision, (), None)
    if code == "all_models_unavailable":  # in this dialect, however often it is asked
        headers["x-should-retry"] = "false"
    return web.Response(status=status, body=body, content_type=JSON, headers=headers)


async def list_models(http: web.Request) -> web.Response:
    """All routes and declared models that the client may ask for, as OpenAI lists models."""
    generation = http.app[GATEWAY].host.generation
    may = _addresses(generation.program, http.get(CLIENT)).may
    data = [_model(name, generation) for name in _names(generation) if may(name)]
    return web.json_response({"object": "list", "data": data})


async def show_model(http: web.Request) -> web.Response:
    """One of them, or any other name that a request may ask for."""
    name, generation = http.match_info["id"], http.app[GATEWAY].host.generation
    found = _addresses(generation.program, http.get(CLIENT)).find(name)
    if isinstance(found, Unknown):
        raise RequestError("model_not_found", found.message, "model")
    return web.json_response(_model(name, generation))


def _names(generation: Generation) -> Iterable[str]:
    routes = [name for route in generation.policy.routes.values() for name in route.names]
    return dict.fromkeys([*routes, *generation.policy.models])


def _model(name: str, generation: Generation) -> dict[str, object]:
    model = generation.policy.models.get(name)
    owner = "routedsl" if model is None else model.upstream
    return {"id": name, "object": "model", "created": int(generation.loaded_at.timestamp()), "owned_by": owner}


async def greet(_http: web.Request) -> web.Response:
    """Answer clients that ask whether anybody is there."""
    return web.Response()


async def healthy(_http: web.Request) -> web.Response:
    """Whether the process serves at all."""
    return web.json_response({"status": "ok"})


async def ready(http: web.Request) -> web.Response:
    """Whether new requests are welcome: a policy is loaded, and nobody has asked the gateway to stop."""
    gateway: Gateway = http.app[GATEWAY]
    if gateway.traffic.draining:
        return web.json_response({"status": "draining"}, status=503)
    if not gateway.host.ready:
        return web.json_response({"status": "no policy"}, status=503)
    return web.json_response({"status": "ready"})
