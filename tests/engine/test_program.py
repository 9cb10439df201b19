"""What a program says where a policy has a gap, which only a failing signal can open in one that loads."""

from datetime import UTC, datetime

from routedsl.base.source import Source
from routedsl.discover import builtin
from routedsl.engine.compile import compile_policy
from routedsl.engine.decision import Action
from routedsl.engine.explain import explain
from routedsl.engine.request import Message, Request
from routedsl.engine.world import World
from routedsl.language.parse import parse


def test_a_request_that_no_rule_takes_is_refused_and_nothing_fails() -> None:
    file, _ = parse(Source("gap.route", "when chars < 3 -> tiny\n"))
    program, _ = compile_policy([file], builtin())
    assert program is not None
    request = Request(endpoint="chat", model="auto", messages=(Message(role="user", text="hello"),))
    world = World(now=datetime(2026, 1, 1, tzinfo=UTC))
    decision = program.decide(request, world)
    assert (decision.action, decision.status, decision.code) == (Action.REJECT, 500, "internal_error")
    explained = explain(program, request, world)
    assert explained.decision == decision
    assert [tried.result for tried in explained.tried] == [False]
