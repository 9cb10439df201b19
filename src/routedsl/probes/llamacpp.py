"""`llamacpp`: slots, how many of them are at work, how many requests wait, and whether the model is loaded.

`/props` tells `total_slots`, `is_sleeping`, and by `endpoint_metrics` and `endpoint_slots` what else
may be asked; it is a 503 while the model is being loaded. `/metrics` (off unless the server is started
with `--metrics`) has `llamacpp:requests_processing` and `llamacpp:requests_deferred`. `/slots` (on
unless it is started with `--no-slots`) has `is_processing` of each slot. A router of several models
says so by `role`, and lists them with their `status` under `/models`; any other path would load one.
All as in https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md of November 2026
(also under "Sleeping on Idle", "Using multiple models"), and as a server of October 2026 answers.

Of these only `/slots` is work for the server: it wakes one that sleeps, so it is not asked then, and
it keeps one awake that would go to sleep. So it is the last resort, where there is no `/metrics`.
"""

from collections.abc import Iterator

from msgspec import Struct

from routedsl.engine.exposition import total
from routedsl.engine.probe import SILENT, Answer, Answers, Probe, Reading, Readings

UNANSWERED = Answer(404, b"")


class _Props(Struct):
    total_slots: int | None = None
    is_sleeping: bool = False
    endpoint_metrics: bool = True
    endpoint_slots: bool = True
    role: str = ""


class _Slot(Struct):
    is_processing: bool


class _Status(Struct):
    value: str


class _Model(Struct):
    id: str
    aliases: list[str] = []
    status: _Status | None = None


class _Models(Struct):
    data: list[_Model]


def ask(answers: Answers) -> str | None:
    if "/props" not in answers:
        return "/props"
    props = answers["/props"].told(_Props)
    if props is None:
        return None
    if props.role == "router":
        return _unasked("/models", answers)
    if props.endpoint_metrics and "/metrics" not in answers:
        return "/metrics"
    counted = answers.get("/metrics", UNANSWERED).status == 200
    return None if counted or props.is_sleeping or not props.endpoint_slots else _unasked("/slots", answers)


def _unasked(path: str, answers: Answers) -> str | None:
    return None if path in answers else path


def read(answers: Answers) -> Readings:
    answer = answers.get("/props", UNANSWERED)
    if answer.status == 503 and b"Loading model" in answer.body:
        return Readings(others=Reading(loaded=False))
    props = answer.told(_Props)
    if props is None:
        return Readings()
    if props.role == "router":
        return Readings(models=dict(_routed(answers)))
    busy, queue = _work(answers)
    slots = props.total_slots if props.total_slots and props.total_slots > 0 else None
    return Readings(others=Reading(loaded=not props.is_sleeping, slots=slots, busy=busy, queue=queue))


def _work(answers: Answers) -> tuple[int | None, int | None]:
    """The requests that are worked on, and those that wait, which only the metrics tell."""
    metrics = answers.get("/metrics", UNANSWERED)
    if metrics.status == 200:
        return total(metrics.body, "llamacpp:requests_processing"), total(metrics.body, "llamacpp:requests_deferred")
    slots = answers.get("/slots", UNANSWERED).told(list[_Slot])
    return (None if slots is None else sum(slot.is_processing for slot in slots)), None


def _routed(answers: Answers) -> Iterator[tuple[str, Reading]]:
    listing = answers.get("/models", UNANSWERED).told(_Models)
    for model in [] if listing is None else listing.data:
        reading = SILENT if model.status is None else Reading(loaded=model.status.value == "loaded")
        yield from ((name, reading) for name in (model.id, *model.aliases))


PROBE = Probe(
    name="llamacpp",
    ask=ask,
    read=read,
    doc="A llama.cpp server: tells its slots, how many are at work, how many requests wait, what is loaded.",
    since="0.2",
)
