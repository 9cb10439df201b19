"""What servers tell, merged with what is measured: whose word counts, for how long, and what a start is."""

from collections.abc import Mapping
from functools import partial

import pytest

from routedsl.base.types import Value
from routedsl.engine.probe import Reading, Readings
from routedsl.engine.strategy import Ballot
from routedsl.engine.world import UNMEASURED, ModelState
from routedsl.gateway.clock import SECOND
from routedsl.gateway.hardware import FRESH, STARTING, Hardware
from routedsl.gateway.slots import Slots
from routedsl.strategies.least_busy import rank
from tests.gateway.servers import policy_of, upstream_of
from tests.gateway.test_state import HandClock

LOCAL, REMOTE = "http://127.0.0.1:1", "http://10.0.0.7:1"


class Scene:
    """Two models at `desk`, which is on this machine, and one at `rack`, which is not."""

    def __init__(self, desk: int | None = None) -> None:
        self.clock = HandClock()
        self.slots = {"desk": Slots(), "rack": Slots()}
        self.hardware = Hardware(self.clock, lambda name: self.slots[name])
        upstreams = upstream_of("desk", LOCAL, slots=desk), upstream_of("rack", REMOTE)
        policy = policy_of(*upstreams, models={"a": "desk", "b": "desk", "c": "rack"})
        self.hardware.place(policy, {"desk", "rack"})

    def tell(self, upstream: str = "desk", **told: object) -> None:
        self.hardware.tell(upstream, Readings(others=Reading(**told)))  # type: ignore[arg-type]  # each is of its type

    def state(self, model: str, **measured: ModelState) -> ModelState:
        return self.hardware.merged(measured)[model]


def test_nobody_told_anything_yet() -> None:
    scene = Scene()
    assert scene.hardware.merged({}) == dict.fromkeys("abc", UNMEASURED)
    assert not scene.hardware.is_cold("a")
    assert not scene.hardware.is_cold("a model of another policy")


def test_a_server_tells_of_all_its_models_and_of_no_other() -> None:
    scene = Scene()
    scene.tell(loaded=True, slots=4, busy=1, queue=2)
    assert scene.state("a") == ModelState(load=750_000, queue=2, slots=4, loaded=True)
    assert scene.state("b") == scene.state("a")
    assert scene.state("c") == UNMEASURED


def test_what_is_measured_stays() -> None:
    scene = Scene()
    scene.tell(slots=2, busy=1)
    measured = ModelState(latency=SECOND, inflight=3)
    assert scene.state("a", a=measured, d=UNMEASURED) == ModelState(latency=SECOND, inflight=3, slots=2, load=500_000)
    assert scene.hardware.merged({"d": measured})["d"] == measured, "a model of which nobody tells"


def test_calls_of_ours_count_as_soon_as_they_begin_and_end() -> None:
    scene = Scene()
    scene.slots["desk"].taken = 1
    scene.tell(slots=4, busy=2)  # one of them is ours
    scene.slots["desk"].taken = 3
    assert scene.state("a").load == 1_000_000
    scene.slots["desk"].taken = 0
    assert scene.state("b").load == 250_000


def test_slots_that_are_declared_count_before_those_that_are_told() -> None:
    scene = Scene(desk=2)
    assert scene.state("a").slots == 2
    scene.tell(slots=8, busy=1)
    assert (scene.state("a").slots, scene.state("a").load) == (2, 500_000)


def test_a_word_is_stale_after_three_questions_without_an_answer() -> None:
    scene = Scene()
    scene.tell(loaded=False, slots=4, busy=1)
    scene.hardware.tell_memory(250_000)
    scene.clock.at += FRESH
    assert scene.state("a") == ModelState(load=250_000, slots=4, loaded=False, memory_free=250_000)
    assert scene.hardware.is_cold("a")
    scene.clock.at += 1
    assert scene.state("a") == UNMEASURED
    assert not scene.hardware.is_cold("a")


def test_memory_is_that_of_this_machine() -> None:
    scene = Scene()
    scene.hardware.tell_memory(250_000)
    assert [scene.state(model).memory_free for model in "abc"] == [250_000, 250_000, None]
    scene.hardware.tell_memory(None)
    assert scene.state("a").memory_free is None


def test_models_are_told_apart_by_their_id() -> None:
    scene = Scene()
    scene.hardware.tell("desk", Readings(models={"b": Reading(loaded=True), "a": Reading(loaded=False)}))
    assert (scene.hardware.is_cold("a"), scene.hardware.is_cold("b")) == (True, False)


def test_who_waits_for_a_start_waits_on_when_it_is_told_to_be_loaded() -> None:
    """Some servers say so as soon as they begin to load."""
    scene = Scene()
    scene.tell(loaded=False)
    scene.slots["desk"].taken = 1
    scene.tell(loaded=True)
    assert scene.state("a").loaded
    assert scene.hardware.is_cold("a")
    scene.clock.at += STARTING - 1
    scene.tell(loaded=True)
    assert scene.hardware.is_cold("a")
    scene.clock.at += 1
    assert not scene.hardware.is_cold("a")
    scene.tell(loaded=True)
    assert not scene.hardware.is_cold("a"), "it has had its time"


def test_a_start_is_over_when_nobody_waits_for_it() -> None:
    scene = Scene()
    scene.tell(loaded=False)
    scene.slots["desk"].taken = 1
    scene.tell(loaded=True)
    scene.slots["desk"].taken = 0
    scene.tell(loaded=True)
    assert not scene.hardware.is_cold("a")


def test_another_policy_has_other_models() -> None:
    scene = Scene()
    scene.tell(loaded=False)
    other = policy_of(upstream_of("desk", LOCAL), models={"d": "desk"})
    scene.hardware.place(other, {"desk"})
    assert scene.hardware.merged({}) == {"d": ModelState(loaded=False)}
    scene.hardware.place(other, ())
    assert scene.hardware.merged({}) == {}


def test_what_was_told_can_be_forgotten() -> None:
    scene = Scene()
    scene.tell(loaded=True)
    scene.hardware.forget("desk")
    scene.hardware.forget("desk")
    assert scene.state("a") == UNMEASURED


def asked(world: Mapping[str, ModelState], model: str, fact: str) -> Value:
    value: Value = getattr(world[model], fact)
    return value


@pytest.mark.parametrize("calls", [0, 7])
def test_a_burst_between_two_questions_goes_by_the_slots(calls: int) -> None:
    """1, 2 and 4 slots, some calls of others: each request goes to the least load that it would make."""
    names = ("one", "two", "four")
    slots = {name: Slots() for name in names}
    hardware = Hardware(HandClock(), lambda name: slots[name])
    servers = [upstream_of(name, LOCAL) for name in names]
    hardware.place(policy_of(*servers, models={name: name for name in names}), names)
    for name, most in zip(names, (1, 2, 4), strict=True):
        hardware.tell(name, Readings(others=Reading(slots=most, busy=most * calls)))
    for _ in range(70):
        slots[rank(Ballot(models=names, ask=partial(asked, hardware.merged({}))))[0]].taken += 1
    assert [slots[name].taken for name in names] == [10, 20, 40]
