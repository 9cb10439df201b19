"""Requests that were decided and recorded, and answered in one way or another."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from routedsl.base.source import Source
from routedsl.discover import builtin
from routedsl.engine.compile import compile_policy
from routedsl.engine.decision import Action
from routedsl.engine.example import NOON
from routedsl.engine.program import Program
from routedsl.engine.request import Message, Request
from routedsl.engine.world import World
from routedsl.language.parse import parse
from routedsl.records.making import Happened
from routedsl.records.recipe import Privacy, Recipes
from routedsl.records.record import Attempt, Record, encode
from routedsl.records.store import Rows, Store

PRIVACY = Privacy(b"k" * 32)
MODELS = """
upstream here { url "http://127.0.0.1:1/v1" }
model tiny   { upstream here  supports [tools] }
model medium { upstream here  input_price $1  output_price $2 }
model large  { upstream here  input_price $5  output_price $20 }
"""
OLD = f"""{MODELS}
when chars < 200 -> tiny as quick
when tools > 0 -> large as tools
when text contains "secret" -> reject 403 "no" as secret
else medium as rest
fallback [large, tiny]
timeout 10s
"""
NEW = OLD.replace("chars < 200", "chars < 100")
SPEEDS = {"tiny": 200_000, "medium": 1_000_000, "large": 3_000_000}
"""Microseconds that an answer takes."""
TOLD = {"tiny": (50, 10), "medium": (100, 200), "large": (400, 300)}
"""Tokens that an answer takes."""


def program_of_text(text: str) -> Program:
    """The program of a policy's text."""
    file, _ = parse(Source("rules.route", text))
    program, found = compile_policy([file], builtin(), digest="d" * 64)
    assert program is not None, found
    return program


def asked(chars: int, *, text: str = "", tools: int = 0, user: str | None = None, number: int = 0) -> Request:
    """A request of so many characters."""
    said = text.ljust(chars, "a")
    return Request(
        endpoint="chat",
        model="auto",
        messages=(Message(role="user", text=said),),
        id=f"r{number}",
        tools=("{}",) * tools,
        user=user,
    )


@dataclass
class Past:
    """Records by one policy."""

    program: Program
    privacy: Privacy = PRIVACY

    def record(self, request: Request, world: World | None = None, *, told: bool = True) -> Record:
        """A request that was decided and, unless it was refused, answered by the first of its chain."""
        world = world or World(now=NOON)
        decision = self.program.decide(request, world)
        model = decision.model
        took = SPEEDS.get(model or "", 1_000)
        attempt = Attempt(
            model=model or "", outcome="ok", took=took / 1e6, status=200, tokens=TOLD.get(model or "") if told else None
        )
        return Happened(
            request=request,
            world=world,
            decision=decision,
            program=self.program,
            generation=1,
            recipes=Recipes(self.privacy),
            attempts=(attempt,) if model else (),
            status=decision.status if decision.action is Action.REJECT else 200,
            end="whole",
            served_by=model,
            took=took,
            first_token=None,
        ).record()


def scene() -> list[Record]:
    """A few requests of each kind, decided by the old policy."""
    past = Past(program_of_text(OLD))
    requests = [
        *(asked(chars) for chars in (10, 50, 99, 100, 150, 199)),
        *(asked(150, tools=2) for _ in range(3)),
        *(asked(300, tools=1) for _ in range(2)),
        *(asked(500) for _ in range(4)),
        asked(500, text="a secret"),
        asked(120, text="a secret"),
    ]
    return [past.record(request) for request in requests]


def write_db(path: Path, records: Iterable[Record]) -> Path:
    """Records as the gateway keeps them."""
    store = Store(path)
    store.write([*map(Rows().of, records)])
    store.close()
    return path


def write_lines(path: Path, records: Iterable[Record]) -> Path:
    """Records as they are exported."""
    path.write_bytes(b"".join(encode(record) + b"\n" for record in records))
    return path
