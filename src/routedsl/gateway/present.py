"""The world as a request finds it now: what is measured, who answered its conversation, what its key has spent."""

from collections.abc import Sequence

from routedsl.engine.request import Request
from routedsl.engine.session import conversation_of
from routedsl.engine.world import World
from routedsl.gateway.host import Generation
from routedsl.gateway.wiring import Gateway


def names_of(request: Request, generation: Generation) -> tuple[bytes, ...]:
    """The names of the request's conversation, where the policy wants to know it."""
    return conversation_of(request) if generation.program.sticky else ()


def world_of(gateway: Gateway, request: Request, generation: Generation, conversation: Sequence[bytes]) -> World:
    """What a decision on the request may know of the world. It is read on the event loop, and by nobody else."""
    ages = dict(gateway.sessions.models(conversation))
    sticky = next(iter(ages), None)
    now = gateway.clock.now()
    return World(
        now=now,
        models=gateway.states.world_models(generation.policy.digest),
        sticky=sticky,
        sticky_age=0 if sticky is None else ages.pop(sticky),
        sticky_before=ages,
        **gateway.ledger.spent(request.key, now, generation.policy.timezone),
    )
