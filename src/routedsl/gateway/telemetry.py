"""What the gateway counts, for Prometheus. Labels are names of the policy, never a client's words."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from routedsl.base.diagnostic import Diagnostic
from routedsl.base.units import DOLLAR
from routedsl.engine.decision import Action, Decision
from routedsl.engine.price import bill
from routedsl.gateway.clock import SECOND, Clock
from routedsl.gateway.host import PolicyHost, Verdict
from routedsl.gateway.ledger import Entry, Ledger
from routedsl.gateway.recording import Decided, Ending, Recording
from routedsl.gateway.relay import End
from routedsl.gateway.state import States
from routedsl.gateway.traffic import Traffic
from routedsl.records.recorder import Recorder

_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_MOST_MODELS = 80
_OTHER = "other"
_Metric = TypeVar("_Metric", Counter, Histogram)


class Telemetry:
    """The metrics of one gateway, in a registry of their own: at most 2,000 series, whatever is asked."""

    def __init__(
        self,
        host: PolicyHost,
        states: States,
        ledger: Ledger,
        clock: Clock,
        traffic: Traffic,
        recording: Recording | None = None,
    ) -> None:
        """Count from zero, and follow the host's reloads; each ending is handed on to ledger and recording."""
        registry = CollectorRegistry()
        requests = Counter("routedsl_requests", "Routed requests.", ("route", "model", "status"), registry=registry)
        decisions = Counter("routedsl_decisions", "Decisions.", ("rule",), registry=registry)
        refused = Counter("routedsl_refused", "Requests answered without a decision.", ("code",), registry=registry)
        attempts = Counter("routedsl_attempts", "Calls of models.", ("model", "outcome"), registry=registry)
        malformed = Counter("routedsl_malformed_events", "Events that were left out.", ("model",), registry=registry)
        tokens = Counter("routedsl_tokens", "As upstreams told.", ("model", "of"), registry=registry)
        dollars = Counter("routedsl_cost_dollars", "For these, by their prices.", ("model",), registry=registry)
        seconds = Histogram(
            "routedsl_request_seconds", "From decision to end.", ("route",), registry=registry, buckets=_BUCKETS
        )
        self._requests = _Capped(requests, 250)
        self._decisions = _Capped(decisions, 200)
        self._attempts = _Capped(attempts, 250)
        self._malformed = _Capped(malformed, 50)
        self._tokens = _Capped(tokens, 100)
        self._dollars = _Capped(dollars, 50)
        self._refused = _Capped(refused, 50)
        self._seconds = _Capped(seconds, 10)
        self._reloads = Counter("routedsl_reloads", "Policies that were read.", ("verdict",), registry=registry)
        self._registry = registry
        self._states = states
        self._ledger = ledger
        self._clock = clock
        self._traffic = traffic
        self.recording = recording
        registry.register(_Snapshot(host, states))
        if recording is not None:
            registry.register(_Kept(recording.recorder))
        host.listeners.append(self._reloaded)

    @contextmanager
    def measuring(self, decided: Decided) -> Iterator[Ending]:
        """Counts and records a decided request as the block ends, however it does; the `Ending` is told the rest."""
        ending = Ending(began=self._clock.monotonic())
        if decided.decision.action is Action.FORWARD:
            self._ledger.began(decided.request.key)
        try:
            yield ending
        except asyncio.CancelledError:
            ending.end = End.CUT if self._traffic.cut else End.GONE
            if self._traffic.cut and ending.status is None:
                ending.status = 503
            raise
        except Exception:
            ending.status = 500
            raise
        finally:
            ending.took = self._clock.monotonic() - ending.began
            self._ended(decided.decision, ending)
            self._bill(decided, ending)
            self._states.history.note(ending.attempts, decided.decision.rule, decided.decision.policy)
            if self.recording is not None:
                self.recording.note(decided, ending)

    def refused(self, code: str) -> None:
        """A request was answered without a decision."""
        self._refused(code).inc()

    def exposition(self) -> bytes:
        """All metrics in Prometheus's text form."""
        return generate_latest(self._registry)

    def _ended(self, decision: Decision, ending: Ending) -> None:
        route = decision.route or _OTHER
        self._requests(route, ending.model or "none", ending.word).inc()
        self._decisions(decision.rule or _OTHER).inc()
        self._seconds(route).observe(ending.took / SECOND)
        for attempt in ending.attempts:
            self._attempts(attempt.model, attempt.outcome).inc()
            if attempt.malformed:
                self._malformed(attempt.model).inc(attempt.malformed)

    def _bill(self, decided: Decided, ending: Ending) -> None:
        """Count what the attempts are known to have used, and what that costs."""
        policy, used, spent = decided.generation.policy, 0, 0
        for attempt in ending.attempts:
            if attempt.usage is not None:
                cost = bill(policy.models.get(attempt.model), attempt.usage)
                self._tokens(attempt.model, "prompt").inc(attempt.usage[0])
                self._tokens(attempt.model, "answer").inc(attempt.usage[1])
                self._dollars(attempt.model).inc(cost / DOLLAR)
                used, spent = used + sum(attempt.usage), spent + cost
        self._ledger.ended(Entry(decided.request.key, decided.world.now, spent), used, policy.timezone)

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
        success = GaugeMetricFamily("routedsl_model_success", "Share of good outcomes.", labels=("model",))
        samples = GaugeMetricFamily("routedsl_model_outcomes", "Outcomes that it counts.", labels=("model",))
        for name, state in sorted(self._states.world_models().items())[:_MOST_MODELS]:
            up.add_metric((name,), state.up)
            inflight.add_metric((name,), state.inflight)
            errors.add_metric((name,), state.errors / 1e6)
            if state.latency is not None:
                latency.add_metric((name,), state.latency / 1e6)
            if state.success is not None:
                success.add_metric((name,), state.success / 1e6)
            samples.add_metric((name,), self._states.history.samples(name))
        return (up, inflight, errors, latency, success, samples)


class _Kept(Collector):
    """What became of the records."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def collect(self) -> Iterable[CounterMetricFamily]:
        written, lost = self._recorder.written, self._recorder.lost
        yield CounterMetricFamily("routedsl_records_written", "Records that are in the file, or were.", value=written)
        yield CounterMetricFamily("routedsl_records_lost", "Records that could not be written.", value=lost)


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, documentation, value=value)
