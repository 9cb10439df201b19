"""How long a million recorded requests take to be decided again: `python bench/replay.py`, or so many as it is told.

The records are made here: two thousand requests are decided by `rules/` and recorded as the gateway does it, then
written over and over at other times and by other users. `routedsl replay` then decides all of them
by the same rules with two thresholds moved, as a command of its own. Exits 1 where that takes longer than it may.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from platform import python_version
from random import Random
from time import perf_counter

from msgspec.structs import replace

from routedsl.discover import builtin
from routedsl.engine.program import Program
from routedsl.engine.request import Message, Request
from routedsl.engine.world import ModelState, World
from routedsl.loading.policy import require_policy
from routedsl.records.cores import cores
from routedsl.records.making import Happened, instant_to_json
from routedsl.records.recipe import Privacy, Recipes
from routedsl.records.record import Attempt, Record
from routedsl.records.store import Rows, Store

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results" / "replay.json"
RECORDS = 1_000_000
DISTINCT = 2_000
BATCH = 2_000
START = datetime(2026, 1, 31, tzinfo=UTC)
MOST = 60.0
"""Seconds that a million may take on two cores."""
EDITS = (("chars < 200", "chars < 150"), ("when tokens <= 4k", "when tokens <= 3k"))
WORDS = ("the", "answer", "to", "a", "question", "def ", "invoice", "please", "explain", "why", "```", "table")


def a_request(rng: Random, number: int) -> Request:
    """A request as agents, chats and batches send them."""
    turns = rng.choice((1, 1, 1, 2, 3, 6, 12))
    said = (" ".join(rng.choices(WORDS, k=int(rng.lognormvariate(4, 1.3)) + 1)) for _ in range(turns))
    return Request(
        endpoint="chat",
        model=rng.choice(("auto", "auto", "auto", "gpt-4o", None)),
        messages=tuple(Message(role="user", text=text, images=rng.random() < 0.02) for text in said),
        id=f"r{number}",
        headers={"x-tier": "gold"} if rng.random() < 0.05 else {},
        key=rng.choice((None, "team-a", "team-b")),
        tools=("{}",) * rng.choice((0, 0, 0, 5, 20)),
        stream=rng.random() < 0.7,
        max_tokens=rng.choice((None, 500, 4_000)),
        user=f"u{rng.randrange(300)}",
        session=f"s{rng.randrange(900)}",
    )


def a_state(rng: Random) -> ModelState:
    """How a model is."""
    return ModelState(
        latency=rng.randrange(300_000, 4_000_000),
        first_token=rng.randrange(100_000, 900_000),
        errors=rng.randrange(20_000),
        inflight=rng.randrange(4),
        load=rng.randrange(10**6),
        success=rng.randrange(900_000, 10**6),
        speed=rng.uniform(10, 120),
    )


def a_record(rng: Random, number: int, program: Program, recipes: Recipes) -> Record:
    """A request that was decided, answered and recorded."""
    request, models = a_request(rng, number), program.policy.models
    world = World(now=START, models={name: a_state(rng) for name in models})
    decision = program.decide(request, world)
    took, tokens = rng.randrange(200_000, 20_000_000), (rng.randrange(5, 9_000), rng.randrange(1, 1_500))
    attempt = Attempt(model=decision.model or "", outcome="ok", headers=0.2, took=took / 1e6, status=200, tokens=tokens)
    return Happened(
        request=request,
        world=world,
        decision=decision,
        program=program,
        generation=1,
        recipes=recipes,
        attempts=(attempt,) if decision.model else (),
        status=decision.status or 200,
        end="whole",
        served_by=decision.model,
        took=took,
        first_token=None,
    ).record()


def at_another_time(record: Record, rng: Random, number: int) -> Record:
    """The record of a like request."""
    now = instant_to_json(START + timedelta(seconds=number / 20))
    models = {
        name: replace(state, errors=rng.randrange(20_000) / 10**6, speed=rng.uniform(10, 120))
        for name, state in record.world.models.items()
    }
    hashed = {**record.hashed, "user": f"{rng.randrange(2**64):016x}"}
    world = replace(record.world, time=now, draw=rng.randrange(10**6) / 10**6, models=models)
    return replace(record, id=f"{number:032x}", received=now, took=rng.random() * 20, hashed=hashed, world=world)


def records(count: int, program: Program) -> Iterator[Record]:
    """So many records."""
    rng = Random(1)  # noqa: S311 - the same records each time
    recipes = Recipes(Privacy(b"k" * 32))
    distinct = [a_record(rng, number, program, recipes) for number in range(DISTINCT)]
    return (at_another_time(rng.choice(distinct), rng, number) for number in range(count))


def write(path: Path, count: int, program: Program) -> None:
    """Write so many records, as the gateway does."""
    store, rows = Store(path), map(Rows().of, records(count, program))
    while batch := list(islice(rows, BATCH)):
        store.write(batch)
    store.close()


def edited(folder: Path) -> Path:
    """The rules with other thresholds."""
    rules = folder / "rules"
    rules.mkdir()
    for file in (ROOT / "rules").glob("*.route"):
        text = file.read_text("utf-8")
        for old, new in EDITS:
            text = text.replace(old, new)
        (rules / file.name).write_text(text, "utf-8")
    return rules


def measured(path: Path, rules: Path) -> dict[str, object]:
    """What replaying takes, and what it finds."""
    command = [sys.executable, "-m", "routedsl", "replay", str(rules), str(path), "--json"]
    before, load, started = resource.getrusage(resource.RUSAGE_CHILDREN), os.getloadavg()[0], perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)
    wall, after = perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if not done.stdout:
        raise SystemExit(done.stderr.decode())
    found = json.loads(done.stdout)
    return {
        "python": python_version(),
        "cores": cores(),
        "load": round(load, 1),
        "records": found["records"],
        "moved": found["moved"],
        "unreplayed": found["unreplayed"],
        "seconds": round(wall, 1),
        "processor": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "file": round(path.stat().st_size / 1e6),
    }


def main() -> None:
    """Measure, print, and write the results."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "records.db", count, require_policy(ROOT / "rules", builtin()))
        results = measured(folder / "records.db", edited(folder))
    print(json.dumps(results, indent=2))
    if count == RECORDS:
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")
        print("docs/replay.md quotes this: scripts/reference.py puts it there")
    seconds = results["seconds"]
    sys.exit(1 if isinstance(seconds, float) and seconds > MOST * count / RECORDS else 0)


if __name__ == "__main__":
    main()
