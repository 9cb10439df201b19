"""What operators ask about decisions: how each model is, and why a request would go where it goes now."""

import asyncio

from aiohttp import web

from routedsl.base.units import to_json
from routedsl.engine.catalog import Catalog
from routedsl.engine.explain import Explanation, explain
from routedsl.engine.narrate import explanation_to_json, explanation_to_text
from routedsl.engine.program import Program
from routedsl.engine.request import RequestError
from routedsl.engine.world import UNMEASURED, ModelState, World
from routedsl.gateway.present import names_of, world_of
from routedsl.gateway.wiring import Gateway
from routedsl.loading.envelope import read_case, read_case_in

TEXT = "text/plain"


async def show_models(_http: web.Request, gateway: Gateway) -> web.Response:
    """The declared models in order, each with what decisions know of it now, and the outcomes that `success` counts."""
    policy, states = gateway.host.generation.policy, gateway.states.world_models()
    shown = [
        {
            "model": name,
            "upstream": model.upstream,
            **_state(states.get(name, UNMEASURED), gateway.catalog),
            "outcomes": round(gateway.states.history.samples(name), 1),
        }
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
    generation, catalog = gateway.host.generation, gateway.catalog
    case = await asyncio.to_thread(read_case, line, catalog, gateway.clock.now())
    around = world_of(gateway, case.request, generation, names_of(case.request, generation))
    explanation = await asyncio.to_thread(_explained, line, generation.program, around)
    if TEXT in http.headers.get("Accept", ""):
        return web.Response(text=explanation_to_text(explanation), content_type=TEXT)
    return web.json_response(explanation_to_json(explanation, case.id))


def _explained(line: bytes, program: Program, around: World) -> Explanation:
    case = read_case_in(line, program.catalog, around)
    return explain(program, case.request, case.world, case.pinned)
