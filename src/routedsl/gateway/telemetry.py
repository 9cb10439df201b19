"""What the gateway counts, for Prometheus. Labels are names of the policy, never a client's words."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from routedsl.base.diagnostic import Diagnostic
from routedsl.engine.decision import Decision
from routedsl.gateway.clock import SECOND, Clock
from routedsl.gateway.host import PolicyHost, Verdict
from routedsl.gateway.reply import AttemptRecord
from routedsl.gateway.state import States

_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_MOST_MODELS = 100
_OTHER = "other"
_Metric = TypeVar("_Metric", Counter, Histogram)


@dataclass(slots=True)
class Ending:
    """How a routed request ended: an HTTP status, `cut` or `gone`; who answered, and what was tried."""

    status: str = "500"
    model: str | None = None
    attempts: Sequence[AttemptRecord] = ()


class Telemetry:
    """The metrics of one gateway, in a registry of their own: at most 2,000 series, whatever is asked."""

    def __init__(self, host: PolicyHost, states: States, clock: Clock) -> None:
        """Count from zero, and follow the host's reloads."""
        registry = CollectorRegistry()
        requests = Counter("routedsl_requests", "Routed requests.", ("route", "model", "status"), registry=registry)
        decisions = Counter("routedsl_decisions", "Decisions.", ("rule",), registry=registry)
        attempts = Counter("routedsl_attempts", "Calls of models.", ("model", "outcome"), registry=registry)
        seconds = Histogram(
            "routedsl_request_seconds", "From decision to end.", ("route",), registry=registry, buckets=_BUCKETS
        )
        self._requests = _Capped(requests, 250)
        self._decisions = _Capped(decisions, 200)
        self._attempts = _Capped(attempts, 250)
        self._seconds = _Capped(seconds, 10)
        self._reloads = Counter("routedsl_reloads", "Policies that were read.", ("verdict",), registry=registry)
        self._registry = registry
        self._clock = clock
        registry.register(_Snapshot(host, states))
        host.listeners.append(self._reloaded)

    @contextmanager
    def measuring(self, decision: Decision) -> Iterator[Ending]:
        """Counts a decided request when the block ends; what became of it is written into the `Ending`."""
        ending = Ending()
        started = self._clock.monotonic()
        try:
            yield ending
        except asyncio.CancelledError:
            ending.status = "gone"
            raise
        finally:
            self._ended(decision, ending, (self._clock.monotonic() - started) / SECOND)

    def exposition(self) -> bytes:
        """All metrics in Prometheus's text form."""
        return generate_latest(self._registry)

    def _ended(self, decision: Decision, ending: Ending, seconds: float) -> None:
        route = decision.route or _OTHER
        self._requests(route, ending.model or "none", ending.status).inc()
        self._decisions(decision.rule or _OTHER).inc()
        self._seconds(route).observe(seconds)
        for attempt in ending.attempts:
            self._attempts(attempt.model, attempt.outcome).inc()

    def _reloaded(self, verdict: Verdict, _diagnostics: tuple[Diagnostic, ...]) -> None:
        self._reloads.labels(verdict).inc()


class _Capped(Generic[_Metric]):
    """A metric that takes so many sets of labels and no more: all further ones are `other`."""

    def __init__(self, metric: _Metric, most: int) -> None:
        self._metric: _Metric = metric
        self._most = most
        self._known: set[tuple[str, ...]] = set()

    def __call__(self, *labels: str) -> _Metric:
        if labels not in self._known:
            if len(self._known) >= self._most:
                labels = (_OTHER,) * len(labels)
            self._known.add(labels)
        labelled: _Metric = self._metric.labels(*labels)
        return labelled


class _Snapshot(Collector):
    """What is looked up when somebody asks: the generation, and the state of each model."""

    def __init__(self, host: PolicyHost, states: States) -> None:
        self._host = host
        self._states = states

    def collect(self) -> Iterable[GaugeMetricFamily]:
        generation = self._host.generation
        yield _gauge("routedsl_policy_generation", "The number of the policy that serves.", generation.number)
        loaded_at = generation.loaded_at.timestamp()
        yield _gauge("routedsl_policy_loaded_timestamp_seconds", "When it was loaded.", loaded_at)
        good = self._host.refusal is None
        yield _gauge("routedsl_policy_last_reload_successful", "Whether what was read last also serves.", good)
        yield from self._models()

    def _models(self) -> Iterable[GaugeMetricFamily]:
        up = GaugeMetricFamily("routedsl_model_up", "Whether a model is tried.", labels=("model",))
        inflight = GaugeMetricFamily("routedsl_model_in_flight", "Calls that are running.", labels=("model",))
        errors = GaugeMetricFamily("routedsl_model_errors", "Recent share of failed calls.", labels=("model",))
        latency = GaugeMetricFamily("routedsl_model_latency_seconds", "Recent median.", labels=("model",))
        for name, state in sorted(self._states.world_models().items())[:_MOST_MODELS]:
            up.add_metric((name,), state.up)
            inflight.add_metric((name,), state.inflight)
            errors.add_metric((name,), state.errors / 1e6)
            if state.latency is not None:
                latency.add_metric((name,), state.latency / 1e6)
        return (up, inflight, errors, latency)


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, documentation, value=value)
