"""What simulations came to, for people and as JSON."""

from collections.abc import Iterator, Mapping

from msgspec.structs import asdict

from routedsl.base.types import Type
from routedsl.base.units import DURATIONS, Quantity, render_quantity
from routedsl.simulation.machines import Machine
from routedsl.simulation.tally import Outcome, Times
from routedsl.simulation.traffic import Synthetic
from routedsl.tools.simulating import Comparison
from routedsl.tools.table import aligned

SECOND = DURATIONS["s"]


def comparison_to_text(comparison: Comparison) -> str:
    """Three tables: the machines, the strategies, and what each model did by each strategy."""
    outcomes = comparison.outcomes
    strategies = aligned([_HEADINGS, *(_row(name, outcome) for name, outcome in outcomes.items())])
    models = aligned([_MODEL_HEADINGS, *(row for name, outcome in outcomes.items() for row in _models(name, outcome))])
    return "\n".join((_head(comparison), _machines(comparison.machines), strategies, models))


def _head(comparison: Comparison) -> str:
    source = comparison.source
    rate = source.requests * SECOND / source.length if source.length else 0.0
    kind = "made-up" if isinstance(source, Synthetic) else "recorded"
    return (
        f"{source.requests:,} {kind} requests in {_span(source.length / SECOND)}, {rate:.3g} a second; "
        f"machines {comparison.known}\n"
    )


def _span(seconds: float) -> str:
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (left, "s"))
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def _machines(machines: Mapping[str, Machine]) -> str:
    headings = ("model", "speed", "first token", "prompt speed", "slots", "outages")
    rows = [
        (
            name,
            f"{machine.speed:.4g}/s",
            _duration(machine.first_token),
            "-" if machine.prompt_speed is None else f"{machine.prompt_speed:.4g}/s",
            "-" if machine.slots is None else str(machine.slots),
            ", ".join(_outages(machine)) or "-",
        )
        for name, machine in machines.items()
    ]
    return aligned([headings, *rows])


def _outages(machine: Machine) -> Iterator[str]:
    for word, outages in (("down", machine.down), ("silent", machine.silent)):
        yield from (f"{word} {_duration(begin)}..{_duration(end)}" for begin, end in outages)


def _duration(microseconds: int) -> str:
    return render_quantity(Quantity(Type.DURATION, microseconds))


_HEADINGS = (
    "strategy", "answered", "broken", "no answer", "cost",
    "first token, median", "99 %", "whole, median", "99 %",
)  # fmt: skip
_MODEL_HEADINGS = ("strategy", "model", "share", "calls", "failed", "most at once", "cost")


def _row(name: str, outcome: Outcome) -> tuple[str, ...]:
    ends = outcome.ends
    without = outcome.requests - ends["answered"] - ends["broken"]
    counts = (f"{ends['answered']:,}", f"{ends['broken']:,}", f"{without:,}")
    return (name, *counts, f"${outcome.cost:,.2f}", *_times(outcome.first_token), *_times(outcome.took))


def _times(times: Times | None) -> tuple[str, str]:
    return ("-", "-") if times is None else (f"{times.median:.2f}s", f"{times.p99:.2f}s")


def _models(name: str, outcome: Outcome) -> Iterator[tuple[str, ...]]:
    for model, served in outcome.models.items():
        counts = (f"{served.calls:,}", f"{served.failed:,}", str(served.peak))
        yield name, model, f"{served.share:.1%}", *counts, f"${served.cost:,.2f}"


def comparison_to_json(comparison: Comparison) -> dict[str, object]:
    """The comparison as one object: times in seconds, money in dollars."""
    source = comparison.source
    return {
        "requests": source.requests,
        "length": source.length / SECOND,
        "machines": {name: _machine(machine) for name, machine in comparison.machines.items()},
        "strategies": {name: _outcome(outcome) for name, outcome in comparison.outcomes.items()},
    }


def _machine(machine: Machine) -> dict[str, object]:
    outages = {
        word: [[begin / SECOND, end / SECOND] for begin, end in found]
        for word, found in (("down", machine.down), ("silent", machine.silent))
    }
    return {**asdict(machine), "first_token": machine.first_token / SECOND, **outages}


def _outcome(outcome: Outcome) -> dict[str, object]:
    shown = {name: value for name, value in asdict(outcome).items() if name not in ("slice", "busy")}
    times = {name: value and asdict(value) for name, value in shown.items() if name in ("first_token", "took")}
    return {**shown, **times, "models": {model: asdict(served) for model, served in outcome.models.items()}}
