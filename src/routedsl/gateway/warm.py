"""Loading a policy so that its first request waits for nothing: signals have read once what they read first."""

from datetime import UTC, datetime
from pathlib import Path

from routedsl.engine.catalog import Catalog
from routedsl.engine.program import Program
from routedsl.engine.request import Message, Request
from routedsl.engine.tokenizer import load_tokenizer
from routedsl.engine.world import World
from routedsl.loading.policy import Loading, load_policy

_SAMPLE = Request(endpoint="chat", model=None, messages=(Message(role="user", text="hello"),))


def load_warm(path: Path, catalog: Catalog) -> Loading:
    """Load a policy, and have its signals load what they need: the tokenizer takes a second."""
    loading = load_policy(path, catalog)
    if loading.program is not None:
        _warm(loading.program)
    return loading


def _warm(program: Program) -> None:
    facts = program.facts(_SAMPLE, World(now=datetime.now(UTC)))
    for text in program.readings.named:
        facts.ask(text)
    # Whether a prompt fits is asked of the tokenizer too.
    if any(model.context is not None for model in program.policy.models.values()):
        load_tokenizer()
