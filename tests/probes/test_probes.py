"""What each kind of server tells: the forms that they document, and what no server should answer."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.discover import builtin
from routedsl.engine.probe import Answer, Probe, Reading, Readings

PROBES = builtin().probes
NOT_FOUND = Answer(404, b'{"error": "not found"}')


def json_of(value: object) -> Answer:
    return Answer(200, json.dumps(value).encode())


def text_of(*lines: str) -> Answer:
    return Answer(200, "".join(f"{line}\n" for line in lines).encode())


def probed(kind: str, server: Mapping[str, Answer]) -> tuple[Readings, tuple[str, ...]]:
    """What a server's answers mean, and the paths that were asked for."""
    answers: dict[str, Answer] = {}
    while (path := PROBES[kind].ask(answers)) is not None:
        assert path not in answers, "no path is asked for twice"
        answers[path] = server.get(path, NOT_FOUND)
    return PROBES[kind].read(answers), tuple(answers)


def test_a_server_of_no_kind_is_asked_nothing() -> None:
    assert probed("openai", {}) == (Readings(), ())


# ── Ollama: https://docs.ollama.com/api/ps, https://docs.ollama.com/api/tags ─────────────────────

GEMMA = {
    "name": "gemma3:latest",
    "model": "gemma3:latest",
    "size": 6591830464,
    "digest": "a2af6cc3eb7fa8be8504abaf9b04e88f17a119ec3f04a3addf55f92841195f5a",
    "details": {"format": "gguf", "family": "gemma3", "families": ["gemma3"], "parameter_size": "4.3B"},
}
RUNNING_GEMMA = {
    **GEMMA,
    "expires_at": "2025-10-17T16:47:07.93355-07:00",
    "size_vram": 5333539264,
    "context_length": 4096,
}
LLAMA = {**GEMMA, "name": "llama3.2:1b", "model": "llama3.2:1b", "modified_at": "2025-10-03T23:34:03.409490317-07:00"}
CLOUD = {**LLAMA, "name": "big:cloud", "remote_model": "big", "remote_host": "https://ollama.com:443"}


def test_ollama_tells_what_is_loaded_and_what_is_not() -> None:
    readings, asked = probed(
        "ollama",
        {"/api/ps": json_of({"models": [RUNNING_GEMMA]}), "/api/tags": json_of({"models": [LLAMA, GEMMA, CLOUD]})},
    )
    assert asked == ("/api/ps", "/api/tags")
    assert readings.of("gemma3") == readings.of("gemma3:latest") == Reading(loaded=True)
    assert readings.of("llama3.2:1b") == Reading(loaded=False)
    assert readings.of("llama3.2") == readings.of("big:cloud") == Reading(), "what it does not have, and what it relays"


def test_ollama_without_its_list_of_models_tells_what_runs() -> None:
    readings, _ = probed("ollama", {"/api/ps": json_of({"models": [RUNNING_GEMMA]})})
    assert (readings.of("gemma3").loaded, readings.of("llama3.2:1b").loaded) == (True, None)


def test_ollama_that_runs_nothing_has_nothing_loaded() -> None:
    readings, _ = probed("ollama", {"/api/ps": json_of({"models": []}), "/api/tags": json_of({"models": [LLAMA]})})
    assert readings.of("llama3.2:1b").loaded is False


# ── llama.cpp: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md ─────────

PROPS = {
    "default_generation_settings": {"n_ctx": 2048},
    "total_slots": 4,
    "model_alias": "smollm2-135m",
    "endpoint_slots": True,
    "endpoint_props": False,
    "endpoint_metrics": False,
    "build_info": "b9000-abc",
    "is_sleeping": False,
}
SLOTS = [{"id": n, "n_ctx": 2048, "speculative": False, "is_processing": n == 1} for n in range(4)]
METRICS = text_of(
    "# HELP llamacpp:requests_processing Number of requests processing",
    "# TYPE llamacpp:requests_processing gauge",
    "llamacpp:requests_processing 3",
    "# HELP llamacpp:requests_deferred Number of requests deferred",
    "# TYPE llamacpp:requests_deferred gauge",
    "llamacpp:requests_deferred 2",
    "llamacpp:predicted_tokens_seconds 63.42",
)
OFF = Answer(501, b'{"error": {"code": 501, "message": "This server does not support metrics endpoint."}}')
STARTING = Answer(503, b'{"error":{"message":"Loading model","type":"unavailable_error","code":503}}')


def test_llamacpp_tells_its_slots_and_which_are_at_work() -> None:
    readings, asked = probed("llamacpp", {"/props": json_of(PROPS), "/slots": json_of(SLOTS)})
    assert asked == ("/props", "/slots")
    assert readings.of("any name") == Reading(loaded=True, slots=4, busy=1)


def test_llamacpp_with_metrics_tells_its_queue_and_is_asked_for_no_slots() -> None:
    server = {"/props": json_of({**PROPS, "endpoint_metrics": True}), "/metrics": METRICS, "/slots": json_of(SLOTS)}
    readings, asked = probed("llamacpp", server)
    assert asked == ("/props", "/metrics")
    assert readings.of("any name") == Reading(loaded=True, slots=4, busy=3, queue=2)


def test_an_older_llamacpp_is_asked_for_all_since_it_does_not_say_what_is_on() -> None:
    readings, asked = probed("llamacpp", {"/props": json_of({"total_slots": 2}), "/metrics": OFF, "/slots": OFF})
    assert asked == ("/props", "/metrics", "/slots")
    assert readings.of("any name") == Reading(loaded=True, slots=2)


@pytest.mark.parametrize("metrics", [True, False])
def test_a_llamacpp_that_sleeps_is_not_woken(metrics: bool) -> None:
    props = {**PROPS, "is_sleeping": True, "endpoint_metrics": metrics}
    readings, asked = probed("llamacpp", {"/props": json_of(props), "/metrics": OFF, "/slots": json_of(SLOTS)})
    assert "/slots" not in asked
    assert readings.of("any name") == Reading(loaded=False, slots=4)


def test_a_llamacpp_that_starts_has_not_loaded_its_model() -> None:
    assert probed("llamacpp", {"/props": STARTING})[0].of("any name") == Reading(loaded=False)
    assert probed("llamacpp", {"/props": Answer(503, b"<html>a proxy</html>")})[0].silent


def test_a_llamacpp_that_hides_its_slots_still_says_how_many_there_are() -> None:
    readings, asked = probed("llamacpp", {"/props": json_of({**PROPS, "endpoint_slots": False})})
    assert asked == ("/props",)
    assert readings.of("any name") == Reading(loaded=True, slots=4)


def test_a_router_of_llamacpp_tells_each_model() -> None:
    models = [
        {"id": "ggml-org/gemma-3-4b-it-GGUF:Q4_K_M", "aliases": ["gemma"], "status": {"value": "loaded", "args": []}},
        {"id": "qwen", "status": {"value": "unloaded", "failed": True, "exit_code": 1}},
        {"id": "smol", "status": {"value": "sleeping"}},
        {"id": "untold"},
    ]
    props = {"role": "router", "max_instances": 4, "model_alias": "llama-server"}
    readings, asked = probed("llamacpp", {"/props": json_of(props), "/models": json_of({"data": models})})
    assert asked == ("/props", "/models"), "any other path would load a model"
    names = ("ggml-org/gemma-3-4b-it-GGUF:Q4_K_M", "gemma", "qwen", "smol", "untold", "none")
    assert [readings.of(name).loaded for name in names] == [True, True, False, False, None, None]


# ── vLLM: https://docs.vllm.ai/en/v0.12.0/design/metrics/ ───────────────────────────────────────

VLLM = text_of(
    "# HELP vllm:num_requests_running Number of requests in model execution batches.",
    "# TYPE vllm:num_requests_running gauge",
    'vllm:num_requests_running{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 8.0',
    'vllm:num_requests_running{engine="1",model_name="meta-llama/Llama-3.1-8B-Instruct"} 3.0',
    "# TYPE vllm:num_requests_waiting gauge",
    'vllm:num_requests_waiting{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 1.0',
    'vllm:num_requests_waiting{engine="1",model_name="meta-llama/Llama-3.1-8B-Instruct"} 1.0',
    'vllm:num_requests_waiting_by_reason{engine="0",model_name="m",reason="capacity"} 9.0',
    'vllm:kv_cache_usage_perc{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 0.25',
    'vllm:kv_cache_usage_perc{engine="1",model_name="meta-llama/Llama-3.1-8B-Instruct"} 0.75',
    'vllm:e2e_request_latency_seconds_bucket{le="0.3",model_name="meta-llama/Llama-3.1-8B-Instruct"} 1.0',
)


def test_vllm_tells_what_runs_and_waits_on_all_its_engines() -> None:
    readings, asked = probed("vllm", {"/metrics": VLLM})
    assert asked == ("/metrics",)
    assert readings.of("an adapter") == Reading(loaded=True, busy=11, queue=2, cache=500_000)


def test_an_older_vllm_has_another_name_for_its_cache() -> None:
    old = text_of('vllm:gpu_cache_usage_perc{model_name="m"} 0.125', 'vllm:num_requests_running{model_name="m"} 0.0')
    assert probed("vllm", {"/metrics": old})[0].others == Reading(loaded=True, busy=0, cache=125_000)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "x", "1e400", ""])
def test_a_number_that_is_none_is_not_told(value: str) -> None:
    metrics = text_of(f"vllm:num_requests_running {value}", f"vllm:kv_cache_usage_perc {value}")
    assert probed("vllm", {"/metrics": metrics})[0].others.cache is None
    assert probed("vllm", {"/metrics": metrics})[0].others.busy is None


# ── whatever is answered ────────────────────────────────────────────────────────────────────────

MEANT = [answer.body for answer in (json_of(PROPS), json_of(SLOTS), METRICS, VLLM, STARTING)]
ODD = [b"", b"[" * 5_000, b'{"models": [{}]}', b'{"total_slots": -3}', b'{"total_slots": "x"}', b'[{"id": 1}]', b"null"]
ANY_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)
BODIES = st.binary(max_size=60) | st.sampled_from(MEANT + ODD) | ANY_JSON.map(lambda value: json.dumps(value).encode())


@pytest.mark.parametrize("probe", PROBES.values(), ids=lambda probe: probe.name)
@given(data=st.data())
def test_no_answer_is_too_much_for_a_reader(probe: Probe, data: st.DataObject) -> None:
    answers: dict[str, Answer] = {}
    while (path := probe.ask(answers)) is not None:
        answers[path] = Answer(data.draw(st.sampled_from((200, 404, 501, 503))), data.draw(BODIES))
        assert len(answers) <= 3
    readings = probe.read(answers)
    for reading in (readings.others, *readings.models.values()):
        assert all(number is None or number >= 0 for number in (reading.busy, reading.queue, reading.cache))
        assert reading.slots is None or reading.slots > 0


def test_a_long_exposition_is_read_by_its_lines() -> None:
    """Megabytes of braces take no more than a look at each line."""
    hostile = (
        b"vllm:num_requests_running{" + b"}{" * 200_000 + b"\n" + b'vllm:num_requests_running{a="}"} 2 1700000000\n'
    )
    assert PROBES["vllm"].read({"/metrics": Answer(200, hostile)}).others.busy == 2
