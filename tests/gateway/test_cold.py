"""A model that its server has to load first: it is waited for, and that it was slow is not held against it."""

import pytest

from routedsl.engine.probe import Reading, Readings
from routedsl.engine.terms import STARTING, patient, terms_of
from routedsl.gateway.clock import SECOND
from routedsl.language.policy import Options
from routedsl.testing import Script
from tests.gateway.chains import MS, Chains, chains, told

SHORT = Options(timeout=100 * MS, first_token=100 * MS, deadline=2 * SECOND)
LOADING = Script(latency=0.4, tokens=1)


def load(it: Chains, *, loaded: bool | None) -> None:
    """What the server says of its models."""
    it.states.hardware.place(it.policy, {"here"})
    it.states.hardware.tell("here", Readings(others=Reading(loaded=loaded)))


@pytest.mark.parametrize("stream", [False, True])
async def test_a_cold_model_is_waited_for(stream: bool) -> None:
    async with chains(a=LOADING, b=Script()) as it:
        load(it, loaded=False)
        reply = await it.ask("a", "b", options=SHORT, stream=stream)
        assert told(reply) == ["a:ok"]
        if not isinstance(reply.body, bytes):
            await reply.body.aclose()


@pytest.mark.parametrize("loaded", [True, None])
@pytest.mark.parametrize("stream", [False, True])
async def test_another_is_not(stream: bool, loaded: bool | None) -> None:
    async with chains(a=LOADING, b=Script()) as it:
        load(it, loaded=loaded)
        reply = await it.ask("a", "b", options=SHORT, stream=stream)
        assert told(reply)[0] == "a:timeout"
        if not isinstance(reply.body, bytes):
            await reply.body.aclose()


async def test_a_deadline_holds_for_a_cold_model_too_and_leaves_the_next_its_time() -> None:
    async with chains(a="hang", b=Script()) as it:
        load(it, loaded=False)
        reply = await it.ask("a", "b", options=Options(timeout=100 * MS, first_token=400 * MS, deadline=SECOND))
        assert told(reply) == ["a:timeout", "b:ok"]


@pytest.mark.parametrize(("loaded", "up"), [(False, True), (True, False)])
async def test_slowness_trips_the_breaker_of_a_model_that_is_loaded(loaded: bool, up: bool) -> None:
    async with chains(a="hang", b=Script()) as it:
        load(it, loaded=loaded)
        for _ in range(5):
            await it.ask("a", "b", options=Options(timeout=50 * MS, deadline=600 * MS))
        assert it.states.is_up("a") is up
        assert it.states.world_models()["a"].latency is not None


async def test_other_failures_count_for_a_cold_model_as_well() -> None:
    async with chains(a="500") as it:
        load(it, loaded=False)
        for _ in range(5):
            await it.ask("a", options=Options(retry=0))
        assert not it.states.is_up("a")


def test_a_clock_that_is_written_longer_stays() -> None:
    terms = patient(terms_of(Options(timeout=2 * STARTING, first_token=SECOND, idle=SECOND), stream=True))
    assert (terms.timeout, terms.first_token, terms.idle) == (2 * STARTING, STARTING, SECOND)
