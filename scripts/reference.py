"""Writes what the pages say of the code: tables of signals, kinds, strategies, codes, verbs, between their markers.

Run it after a change of any of these; a test compares its result with what is committed.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from routedsl.base.codes import CODES
from routedsl.base.types import Type
from routedsl.base.units import Quantity, render_quantity
from routedsl.discover import builtin
from routedsl.engine import rule_of_thumb
from routedsl.engine.signal import About, Example, Signal
from routedsl.testing import PARTS, TROUBLES
from routedsl.tools.cli import VERBS

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results"
TORTURE = ROOT / "bench" / "results" / "torture.json"
PAGES = tuple(
    ROOT / name
    for name in (
        "README.md",
        "grammar/README.md",
        "docs/difficulty.md",
        "docs/faults.md",
        "docs/replay.md",
        "docs/simulation.md",
        "docs/torture.md",
    )
)
_SECTION = re.compile(r"(<!-- generated: (?P<name>[a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    every = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in every)


def signals(about: About) -> str:
    """The signals that are facts of one kind of thing."""
    rows = (_signal(signal) for signal in every_signal() if signal.about is about)
    return table(("signal", "type", "what it is", "as in"), rows)


def every_signal() -> tuple[Signal, ...]:
    """All signals, those of models last."""
    catalog = builtin()
    return (*catalog.signals.values(), *catalog.model_facts.values())


def _signal(signal: Signal) -> tuple[str, str, str, str]:
    name = f'{signal.name}["…"]' if signal.keyed else signal.name
    type_ = f"{signal.type}, may be missing" if signal.optional else str(signal.type)
    return f"`{name}`", type_, signal.doc, f"`{predicate(signal)}`"


def predicate(signal: Signal) -> str:
    """A predicate that asks the signal for a value which its examples have, or for any of a closed list."""
    example = min((each for each in signal.examples if each.value), key=lambda each: len(_constant(signal, each)))
    subject = f'{signal.name}["{example.given.key}"]' if signal.keyed else signal.name
    subject = f"tiny.{subject}" if signal.about is About.MODEL else subject
    constant = _constant(signal, example)
    match signal.type:
        case Type.BOOL:
            return subject
        case Type.TEXTS:
            return f"{subject} contains {constant}"
        case Type.TEXT if signal.values:
            return f"{subject} in [{', '.join(map(_quoted, signal.values))}]"
        case Type.TEXT:
            return f"{subject} {'==' if signal.optional else 'contains'} {constant}"
        case _:
            return f"{subject} <= {constant}"


def _constant(signal: Signal, example: Example) -> str:
    """The example's value as a policy writes it."""
    match example.value:
        case str(text) | (str(text), *_):
            return _quoted(text)
        case bool() | None | tuple():
            return ""
        case int(number) | float(number):
            return render_quantity(Quantity(signal.type, number))


def _quoted(text: str) -> str:
    return f'"{text}"'


def parts() -> str:
    """The parts of the rule of thumb, and what each can add or take."""
    rows = ((f"`{name}`", _points(part), part.doc) for name, part in rule_of_thumb.PARTS.items())
    return table(("part", "points", "for"), rows)


def _points(part: rule_of_thumb.Part) -> str:
    return f"up to {part.most}" if part.most else f"{part.least}"


def strategies() -> str:
    """The strategies and how each ranks."""
    rows = ((_strategy(name, shared=each.shared), each.doc) for name, each in builtin().strategies.items())
    return table(("target", "who goes first"), rows)


def _strategy(name: str, *, shared: bool) -> str:
    return f"`{name} of {'[a 90%, b 10%]' if shared else '[a, b]'}`"


def kinds() -> str:
    """The kinds of servers and what each tells."""
    return table(("kind", "is"), ((f"`{name}`", probe.doc) for name, probe in builtin().probes.items()))


def codes() -> str:
    """The codes of diagnostics."""
    return table(("code", "what it finds"), ((f"`{code}`", text) for code, text in CODES.items()))


def verbs() -> str:
    """The verbs of the command line."""
    return table(("verb", "does"), ((f"`routedsl {verb}`", text) for verb, text in VERBS.items()))


def faults() -> str:
    """What mock models do wrong."""
    rows = ((f"`{name}`", part, each.told) for part, faults in PARTS.items() for name, each in faults.items())
    return table(("fault", "of", "what the model does"), rows)


def troubles() -> str:
    """What goes wrong with connections to mock models."""
    return table(("trouble", "what the port does"), ((f"`{trouble}`", text) for trouble, text in TROUBLES.items()))


def costs() -> str:
    """What `make bench-decide` measured last; nothing where that was never kept."""
    measured = _measured("decide.json")
    if measured is None:
        return ""
    rules = ((f"`{name}` chosen, the facts given", measured[name]) for name in ("first rule", "else"))
    chosen = [
        (what, f"{each['ns']['policy']} ns, {each['ratio']['median']} times the rule by hand") for what, each in rules
    ]
    others = [(what, f"{taken} µs") for what, taken in measured["microseconds"].items()]
    said = f"Measured by `make bench-decide` on Python {measured['python']}, for `{measured['policy']}`:"
    return f"## What a decision costs\n\n{said}\n\n{table(('step', 'median'), chosen + others)}\n"


def torture() -> str:
    """What `make torture` found last; nothing where that was never kept."""
    if not TORTURE.is_file():
        return ""
    kept = json.loads(TORTURE.read_text("utf-8"))
    rows = (_goal(each) for each in kept["goals"])
    headings = ("goal", "what must hold", "what was found", "when, at which commit, under what load")
    return f"Python {kept['python']}, {kept['cores']} cores.\n\n{table(headings, rows)}"


def failover() -> str:
    """What was found last of the scenarios; nothing where that was never kept."""
    kept = json.loads(TORTURE.read_text("utf-8"))["goals"] if TORTURE.is_file() else []
    found = [measured for goal in kept if goal["goal"] == "scenarios" for measured in goal["measured"]]
    rows = "".join(f"- {measured}\n" for measured in found)
    said = "Of the sixteen scenarios of the public Failover Bench, re-created here from their descriptions:"
    return f"{said}\n\n{rows}\nSafe is a clean error in bounded time.\n" if found else ""


def _goal(result: Mapping[str, Any]) -> tuple[str, str, str, str]:
    found = "; ".join(result["measured"]) or f"{result['passed']} tests"
    verdict = f"**{result['failed']} failed**; " if result["failed"] else ""
    when = f"{result['date']}, `{result['commit']}`, load {result['load']}, {result['seconds']:.0f} s"
    return result["goal"], result["promise"], verdict + found, when


def starts() -> str:
    """How long the commands took when `make bench` measured last; nothing where that was never kept."""
    measured = _measured("startup.json")
    if measured is None:
        return ""
    rows = [(f"`{name}`", f"{each['wall']} ms") for name, each in measured["milliseconds"].items()]
    said = f"Measured by `make bench` on Python {measured['python']}, each a process of its own, for the same policy:"
    return f"## How long a command takes\n\n{said}\n\n{table(('command', 'median'), rows)}\n"


def _measured(name: str) -> Any:
    """What a benchmark wrote last."""
    path = RESULTS / name
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


def replay_speed() -> str:
    """How long `bench/replay.py` took when it was run last; nothing where that was never kept."""
    measured = _measured("replay.json")
    if measured is None:
        return ""
    taken = f"{measured['seconds']:.0f} s on {measured['cores']} cores, {measured['processor']:.0f} s of processor time"
    return (
        f"{measured['records']:,} records of {measured['file']} MB, by the rules of [rules/](../rules/) with two "
        f"thresholds moved: {taken}. Measured by `python bench/replay.py` "
        f"on Python {measured['python']}, on a machine whose load was {measured['load']:.0f} before it began.\n"
    )


def difficulty_by_fold() -> str:
    """How good the trained difficulty is in each fold, and the rule of thumb beside it."""
    measured = _measured("difficulty.json")
    if measured is None:
        return ""
    names = ("apgr", "cpt", "auc", "thumb_apgr", "thumb_cpt", "thumb_auc")
    headings = ("fold", "requests", "APGR", "CPT(50 %)", "AUC", "rule of thumb: APGR", "CPT(50 %)", "AUC")
    rows = [
        (str(number), f"{fold['requests']:,}", *(f"{fold[name]:.3f}" for name in names))
        for number, fold in enumerate(measured["folds"], 1)
    ]
    mean, spread = measured["mean"], measured["spread"]
    last = ("mean", f"{measured['requests']:,}", *(f"{mean[name]:.3f} ± {spread[name]:.3f}" for name in names))
    return f"\n{table(headings, [*rows, last])}\n"


def difficulty_drawn() -> str:
    """The gap recovered by the share of calls that the strong model gets, as a chart."""
    measured = _measured("difficulty.json")
    if measured is None:
        return ""
    lines = [*measured["drawn"].values(), [share / 10 for share in range(11)]]
    drawn = "\n".join(f"    line [{', '.join(f'{100 * value:.0f}' for value in line)}]" for line in lines)
    return (
        "\n```mermaid\nxychart-beta\n"
        '    x-axis "calls of the strong model, %" 0 --> 100\n    y-axis "gap recovered, %" 0 --> 100\n'
        f"{drawn}\n```\n\nThe lines from the top: {', '.join(measured['drawn'])}, a random mix.\n\n"
    )


def difficulty_foretold() -> str:
    """How often the weak model fails at requests of each difficulty, as foretold and as it was."""
    measured = _measured("difficulty.json")
    if measured is None:
        return ""
    shares = ("foretold", "weak_fails", "strong_fails")
    rows = (
        (f"{band['low']} to {band['high']}", f"{band['requests']:,}", *(f"{100 * band[name]:.0f} %" for name in shares))
        for band in measured["bands"]
    )
    return f"\n{table(('difficulty', 'requests', 'weak fails, foretold', 'weak fails', 'strong fails'), rows)}\n"


def ways_to_learn() -> str:
    """Routers and what else could have been learned, by their figures."""
    measured = _measured("difficulty.json")
    if measured is None:
        return ""
    names = ("apgr by call", "apgr by cost", "apgr by prompt", "cpt", "auc")
    rows = (
        (name, *(f"{found[each]:.3f}" + (f" ± {found['spread']:.3f}" if each == names[0] else "") for each in names))
        for name, found in measured["routers"].items()
    )
    headings = ("what decides", "APGR", "by cost", "by prompt", "CPT(50 %)", "AUC")
    return f"\n{table(headings, rows)}\n"


def simulated(part: str) -> str:
    """What `bench/simulate.py` found each strategy to come to."""
    measured = _measured("simulate.json")
    if measured is None:
        return ""
    headings = ("strategy", "no answer", "cost", "first token", "99 %", "whole", "99 %", "shares", "most at once")
    return f"\n{table(headings, (_simulated(*each) for each in measured[part]['strategies'].items()))}\n"


def _simulated(strategy: str, outcome: Mapping[str, Any]) -> tuple[str, ...]:
    ends, served = outcome["ends"], outcome["models"].values()
    times = (f"{outcome[name][share]:.2f} s" for name in ("first_token", "took") for share in ("median", "p99"))
    shares = " ".join(f"{100 * each['share']:.0f}" for each in served)
    most = " ".join(str(each["peak"]) for each in served)
    without = outcome["requests"] - ends["answered"] - ends["broken"]
    return f"`{strategy}`", str(without), f"${outcome['cost']:.2f}", *times, f"{shares} %", most


def simulation_speed() -> str:
    """How long `bench/simulate.py` took for many requests."""
    measured = _measured("simulate.json")
    if measured is None:
        return ""
    timed = measured["timed"]
    each = 1e6 * timed["processor"] / timed["requests"]
    return (
        f"{timed['requests']:,} requests among four models by `least_busy` took one process {timed['processor']:.0f} s "
        f"of processor time, {each:.0f} µs each, and {timed['seconds']:.0f} s by the clock, on Python "
        f"{measured['python']} and {timed['cores']} cores whose load was {timed['load']:.0f} before it began.\n"
    )


SECTIONS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "facts of the request": lambda: signals(About.REQUEST),
        "facts of the world": lambda: signals(About.WORLD),
        "facts of a model": lambda: signals(About.MODEL),
        "parts of the rule of thumb": parts,
        "strategies": strategies,
        "kinds": kinds,
        "codes": codes,
        "verbs": verbs,
        "faults": faults,
        "troubles": troubles,
        "costs": costs,
        "starts": starts,
        "torture": torture,
        "replay speed": replay_speed,
        "failover": failover,
        "simulated": lambda: simulated("unknown"),
        "simulated with slots": lambda: simulated("declared"),
        "simulation speed": simulation_speed,
        "difficulty by fold": difficulty_by_fold,
        "difficulty drawn": difficulty_drawn,
        "difficulty foretold": difficulty_foretold,
        "ways to learn": ways_to_learn,
    }
)
"""What can stand between markers, by the marker's name."""


def refreshed(page: str) -> str:
    """A page with each of its generated sections made anew; raises KeyError for a section that nothing makes."""
    return _SECTION.sub(lambda match: match[1] + SECTIONS[match["name"]]() + match[3], page)


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(refreshed(path.read_text("utf-8")), "utf-8")
