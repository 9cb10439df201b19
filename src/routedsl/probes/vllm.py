"""`vllm`: how many requests run and wait, and how full the cache is.

`/metrics` has the gauges `vllm:num_requests_running`, `vllm:num_requests_waiting` and
`vllm:kv_cache_usage_perc` (0 to 1; up to 0.9 `vllm:gpu_cache_usage_perc`), with a sample for each
engine of the server: https://docs.vllm.ai/en/v0.12.0/design/metrics/ and
https://docs.vllm.ai/en/v0.9.1/usage/metrics.html. All that it answers to, adapters and further
names included, runs on the same engines; the metrics' `model_name` is only the first of the names.
How many requests it would run at once it does not tell.
"""

from routedsl.base.units import WHOLE
from routedsl.engine.exposition import total, values
from routedsl.engine.probe import Answers, Probe, Reading, Readings, in_turn

CACHE = ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc")
"""The name of now, and the older one; a server of the time between has both."""


def read(answers: Answers) -> Readings:
    answer = answers.get("/metrics")
    if answer is None or answer.status != 200:
        return Readings()
    busy = total(answer.body, "vllm:num_requests_running")
    return Readings(
        others=Reading(
            loaded=None if busy is None else True,
            busy=busy,
            queue=total(answer.body, "vllm:num_requests_waiting"),
            cache=_cache(answer.body),
        )
    )


def _cache(exposition: bytes) -> int | None:
    """The share in use, of all engines together: they have caches of one size."""
    used = next((found for name in CACHE if (found := values(exposition, name))), None)
    share = None if used is None else sum(used) / len(used)
    return None if share is None or not 0 <= share <= 1 else round(share * WHOLE)


PROBE = Probe(
    name="vllm",
    ask=in_turn("/metrics"),
    read=read,
    doc="A vLLM: tells how many requests run and wait, and how full its cache is.",
    since="0.2",
)
