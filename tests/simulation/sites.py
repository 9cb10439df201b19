"""Policies, machines and traffic to simulate."""

from datetime import UTC, datetime

from routedsl.base.source import Source
from routedsl.discover import builtin
from routedsl.engine.compile import compile_policy
from routedsl.engine.program import Program
from routedsl.engine.request import Message, Request
from routedsl.engine.world import World
from routedsl.language.parse import parse
from routedsl.simulation.machines import SECOND, Machine
from routedsl.simulation.traffic import Asked

MINUTE = 60 * SECOND
QUICK = Machine(speed=100, first_token=SECOND // 5)
WORLD = World(now=datetime(2026, 1, 5, 12, tzinfo=UTC))


def program_of_text(text: str) -> Program:
    """The program of a policy that is good."""
    file, found = parse(Source("policy.route", text))
    program, wrong = compile_policy([file], builtin())
    assert program is not None, (found, wrong)
    return program


def asked(
    at: int, *, answer: int = 100, stream: bool = True, prompt: int = 100, max_tokens: int | None = None
) -> Asked:
    """One request that comes then."""
    request = Request(
        endpoint="chat", model=None, messages=(Message(role="user"),), id=str(at), stream=stream, max_tokens=max_tokens
    )
    return Asked(at=at, request=request, world=WORLD, pinned={"tokens": prompt}, prompt=prompt, answer=answer)
