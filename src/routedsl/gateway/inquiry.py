"""What operators ask about decisions: how each model is, and why a request would go where it goes now."""

import asyncio

from aiohttp import web
from msgspec.structs import replace

from routedsl.base.units import to_json
from routedsl.engine.case import Case
from routedsl.engine.catalog import Catalog
from routedsl.engine.explain import Explanation, explain
from routedsl.engine.narrate import explanation_to_json, explanation_to_text
from routedsl.engine.request import RequestError
from routedsl.engine.session import conversation_of
from routedsl.engine.world import UNMEASURED, ModelState, World
from routedsl.gateway.wiring import Gateway
from routedsl.loading.envelope import read_case

TEXT = "text/plain"


async def show_models(_http: web.Request, gateway: Gateway) -> web.Response:
    """The declared models in order, each with what decisions know of it now."""
    policy, states = gateway.host.generation.policy, gateway.states.world_models()
    shown = [
        {"model": name, "upstream": model.upstream, **_state(states.get(name, UNMEASURED), gateway.catalog)}
        for name, model in policy.models.items()
    ]
    return web.json_response({"models": shown})


def _state(state: ModelState, catalog: Catalog) -> dict[str, object]:
    facts = catalog.model_facts
    return {name: to_json(facts[name].type, getattr(state, name)) for name in state.__struct_fields__ if name in facts}


async def explain_request(http: web.Request, gateway: Gateway) -> web.Response:
    """Why a request would be decided as it would now; nothing is called, and nothing is counted.

    The body is a request or an envelope, as `explain` takes it. What its world leaves out is as it is now.
    """
    try:
        line = await http.read()
    except web.HTTPRequestEntityTooLarge:
        message = f"the body has more than {gateway.limits.size} bytes"
        raise RequestError("body_too_large", message) from None
    case, explanation = await asyncio.to_thread(_explained, line, gateway)
    if TEXT in http.headers.get("Accept", ""):
        return web.Response(text=explanation_to_text(explanation), content_type=TEXT)
    return web.json_response(explanation_to_json(explanation, case.id))


def _explained(line: bytes, gateway: Gateway) -> tuple[Case, Explanation]:
    program = gateway.host.generation.program
    case = read_case(line, program.catalog, gateway.clock.now())
    return case, explain(program, case.request, _completed(case, gateway), case.pinned)


def _completed(case: Case, gateway: Gateway) -> World:
    """The world of a case, with what is measured now of models of which it says nothing."""
    world = replace(case.world, models={**gateway.states.world_models(), **case.world.models})
    if world.sticky is not None:
        return world
    ages = dict(gateway.sessions.models(conversation_of(case.request)))
    last = next(iter(ages), None)
    return world if last is None else replace(world, sticky=last, sticky_age=ages.pop(last), sticky_before=ages)
