"""What `routedsl simulate` does: machines and traffic read, a simulation for each strategy, and what they came to."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from routedsl.base.suggest import did_you_mean
from routedsl.discover import discover
from routedsl.engine.program import Program, program_of
from routedsl.language.policy import Policy, Ranked
from routedsl.loading.policy import require_policy
from routedsl.records.record import Record, decode
from routedsl.records.replay import replayer_of
from routedsl.records.search import Wanted as Every
from routedsl.records.search import lines, reading
from routedsl.records.tables import StoreError
from routedsl.simulation.machines import Machine, MachineError, machines_from_toml
from routedsl.simulation.recorded import History, arrivals, history_of, machines_of
from routedsl.simulation.run import Told, simulate
from routedsl.simulation.tally import Outcome
from routedsl.simulation.traffic import Synthetic
from routedsl.simulation.variants import is_ranked, with_strategy
from routedsl.tools.processes import each

AS_WRITTEN = "as written"
REQUESTS, RATE = 10_000, 1.0
MADE_UP = ("requests", "rate", "prompt", "answer", "model", "seed")
"""The options of synthetic traffic."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What is asked of the command; `made_up` are the options of synthetic traffic that were given."""

    policy: Path
    traffic: Path | None = None
    hardware: Path | None = None
    strategies: tuple[str, ...] = ()
    made_up: Mapping[str, Any] = {}


def wanted_of(policy: Path, options: Mapping[str, Any]) -> Wanted:
    """What the command's options ask for; raises `click.UsageError` where they do not go together."""
    traffic, synthetic = options["traffic"], options["synthetic"]
    if synthetic is (traffic is not None):
        raise click.UsageError("say whose requests: either --traffic FILE or --synthetic")
    made_up = {name: options[name] for name in MADE_UP if options[name] is not None}
    if traffic is not None and made_up:
        raise click.UsageError(f"--{next(iter(made_up))} is for requests that are made up: --synthetic")
    names = (options["strategies"] or "").split(",")
    strategies = tuple(dict.fromkeys(stripped for name in names if (stripped := name.strip())))
    return Wanted(policy=policy, traffic=traffic, hardware=options["hardware"], strategies=strategies, made_up=made_up)


class Task(Struct, frozen=True, kw_only=True):
    """One simulation, which any process can run. `strategy` is None for the policy as it is written."""

    policy: Path
    strategy: str | None
    machines: Mapping[str, Machine]
    source: Synthetic | History
    records: Path | None


class Comparison(Struct, frozen=True, kw_only=True):
    """What simulations of the same traffic came to, by strategy; `known` says where the machines are from."""

    machines: Mapping[str, Machine]
    known: str
    source: Synthetic | History
    outcomes: Mapping[str, Outcome]


def compared(program: Program, wanted: Wanted) -> Comparison:
    """Every simulation that is wanted; raises `click.UsageError` for what cannot be run."""
    _check_strategies(program, wanted.strategies)
    source = _synthetic(wanted.made_up) if wanted.traffic is None else _history(program, wanted.traffic)
    machines, known = _machines(program.policy, wanted.hardware, source)
    tasks = [
        Task(policy=wanted.policy, strategy=strategy, machines=machines, source=source, records=wanted.traffic)
        for strategy in (None, *wanted.strategies)
    ]
    outcomes = each(run, tasks, source.requests)
    named = {task.strategy or AS_WRITTEN: outcome for task, outcome in zip(tasks, outcomes, strict=True)}
    return Comparison(machines=machines, known=known, source=source, outcomes=named)


def run(task: Task, told: Told) -> Outcome:
    """Run one simulation."""
    catalog = discover()
    policy = require_policy(task.policy, catalog).policy
    if task.strategy is not None:
        policy = with_strategy(policy, task.strategy)
    source = task.source
    if isinstance(source, Synthetic):
        return simulate(program_of(policy, catalog), task.machines, source.arrivals(), source.length, told)
    replayer = replayer_of(policy, catalog)
    with _records(task.records) as records:
        return simulate(replayer.program, task.machines, arrivals(records, replayer, source), source.length, told)


# ── what is wanted ──────────────────────────────────────────────────────────────────────────────


def _check_strategies(program: Program, names: Iterable[str]) -> None:
    known = {name: strategy for name, strategy in program.catalog.strategies.items() if not strategy.shared}
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            there_is = ", ".join(f"`{each}`" for each in known)
            raise click.UsageError(f"there is no strategy `{name}` to rank by; {hint or f'there is {there_is}'}")
    if names and not any(map(is_ranked, program.policy.rules)):
        raise click.UsageError("no rule ranks several models, so no strategy changes anything: say `first of [a, b]`")


def _synthetic(given: Mapping[str, Any]) -> Synthetic:
    return Synthetic(**{"requests": REQUESTS, "rate": RATE, **given})


def _machines(policy: Policy, hardware: Path | None, source: Synthetic | History) -> tuple[Mapping[str, Machine], str]:
    models = models_of(policy)
    if hardware is not None:
        return _described(hardware, models), f"as `{hardware}` has it"
    measured = {} if isinstance(source, Synthetic) else source.measured
    unknown = [name for name in models if name not in measured]
    if not unknown:
        return machines_of(policy, models, measured), "as the records tell"
    names = "all models" if not measured else ", ".join(f"`{name}`" for name in unknown)
    click.echo(f"nothing tells how fast {names} are: they are taken for typical; say it with --hardware", err=True)
    return machines_of(policy, models, measured), "taken for typical" if not measured else "as the records tell"


def models_of(policy: Policy) -> tuple[str, ...]:
    """Every model that a chain may have: the declared ones, or those that an open policy names."""
    ranked = (rule.target for rule in policy.rules if isinstance(rule.target, Ranked))
    named = [candidate.model for target in ranked for candidate in target.candidates]
    named += [name for rule in policy.rules for name in rule.options.fallback]
    return tuple(policy.models) or tuple(dict.fromkeys(named))


def _described(path: Path, models: tuple[str, ...]) -> Mapping[str, Machine]:
    try:
        return machines_from_toml(path.read_text("utf-8"), models)
    except OSError as error:
        raise click.UsageError(f"`{path}` cannot be read: {(error.strerror or '').lower()}") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"`{path}` is no text") from None
    except MachineError as error:
        raise click.UsageError(f"`{path}` cannot be used: {error}") from None


def _history(program: Program, path: Path) -> History:
    with _records(path) as records:
        history = history_of(records, replayer_of(program.policy, program.catalog))
    if not history.requests:
        raise click.UsageError(f"there is no record in `{path}`")
    for name, count in history.unrecorded.items():
        click.echo(f"{count:,} of {history.requests:,} records do not tell `{name}`, which then is missing", err=True)
    return history


@contextmanager
def _records(path: Path | None) -> Iterator[Iterator[Record]]:
    try:
        with reading(path or Path()) as connection:
            yield map(decode, lines(connection, Every(), by="received"))
    except StoreError as error:
        raise click.UsageError(str(error)) from error
    except ValueError as error:
        raise click.UsageError(f"`{path}` has a record that cannot be read: {error}") from error
