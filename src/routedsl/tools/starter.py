"""The files of a first policy, written for the models that were found: pure, from findings to text."""

import json
import re
from collections.abc import Mapping, Sequence
from math import log10

from msgspec import Struct

from routedsl.base.source import NOWHERE, Source
from routedsl.language import written
from routedsl.language.format import format_source
from routedsl.language.syntax import Name, Text


class FoundModel(Struct, frozen=True, kw_only=True):
    """A model that answers: its id, and a guess of how able it is (0 to 100)."""

    id: str
    quality: int


class FoundUpstream(Struct, frozen=True, kw_only=True):
    """A place where models answer: its name in the policy, its address, its key's variable, its models.

    `kind` is what server it is, None where that is not sure.
    """

    name: str
    url: str
    key: str | None
    models: tuple[FoundModel, ...]
    kind: str | None = None


HOSTED = (
    FoundUpstream(
        name="openai",
        url="https://api.openai.com/v1",
        key="OPENAI_API_KEY",
        models=(FoundModel(id="gpt-5-mini", quality=75), FoundModel(id="gpt-5", quality=92)),
    ),
    FoundUpstream(
        name="openrouter",
        url="https://openrouter.ai/api/v1",
        key="OPENROUTER_API_KEY",
        models=(FoundModel(id="openrouter/auto", quality=85),),
    ),
    FoundUpstream(
        name="mistral",
        url="https://api.mistral.ai/v1",
        key="MISTRAL_API_KEY",
        models=(
            FoundModel(id="mistral-small-latest", quality=65),
            FoundModel(id="mistral-large-latest", quality=85),
        ),
    ),
)
"""Hosted upstreams that speak OpenAI's dialect, known by their key's usual variable.

The ids are those of November 2026: a starting point, to be checked against what the key may use.
"""
NOBODY = FoundUpstream(
    name="local",
    url="http://127.0.0.1:11434/v1",
    key=None,
    models=(FoundModel(id="llama3.2:1b", quality=30), FoundModel(id="llama3.2:3b", quality=55)),
    kind="ollama",
)
"""What the policy is written for where nothing was found: an Ollama that may come."""
SHORT = 200


def guess_quality(id_: str) -> int:
    """How able a model is likely to be, from the billions of parameters in its id: 1b 30, 8b 55, 70b 82; else 50.

    A rule of thumb for a first policy: ability grows with the logarithm of size.
    """
    size = re.search(r"(?<![\d.])(\d+(?:\.\d+)?)\s?b\b", id_, re.IGNORECASE)
    billions = float(size[1]) if size else 0
    return max(5, min(95, round(30 + 28 * log10(billions)))) if billions else 50


def starter_files(found: Sequence[FoundUpstream]) -> Mapping[str, str]:
    """The files by name: a policy in canonical form, requests that try it, and a snapshot test."""
    upstreams = tuple(found) or (NOBODY,)
    return {
        "rules/main.route": _policy(upstreams, nobody=not found),
        "requests.jsonl": _requests(),
        "test_rules.py": _TEST,
    }


def told(found: Sequence[FoundUpstream]) -> Sequence[str]:
    """What was found, a line for each place."""
    lines = [f"{upstream.name}: {', '.join(model.id for model in upstream.models)}" for upstream in found]
    return lines or ["no model on this machine and no key in the environment"]


def _policy(upstreams: Sequence[FoundUpstream], *, nobody: bool) -> str:
    models = sorted(
        ((model, upstream) for upstream in upstreams for model in upstream.models), key=lambda pair: pair[0].quality
    )
    names = _names([model.id for model, _ in models])
    small, large = names[0], names[-1]
    head = ["# Which model answers which request. Check it with `routedsl check rules/`."]
    if nobody:
        head.append(
            "# No model was found: this is written for an Ollama that may come. `routedsl demo rules/` needs none."
        )
    parts = ["\n".join(head)]
    parts += [_upstream(upstream) for upstream in upstreams]
    parts.append(
        "\n".join(
            f"model {name} {{ upstream {upstream.name}  id {_quoted(model.id)}  quality {model.quality} }}"
            for name, (model, upstream) in zip(names, models, strict=True)
        )
    )
    parts.append(_rules(small, large))
    return format_source(Source("main.route", "\n\n".join(parts)))


def _upstream(upstream: FoundUpstream) -> str:
    key = "" if upstream.key is None else f"  key ${upstream.key}"
    kind = "" if upstream.kind is None else f"  kind {upstream.kind}"
    return f"upstream {upstream.name} {{ url {_quoted(upstream.url)}{key}{kind} }}"


def _rules(small: str, large: str) -> str:
    if small == large:
        return f'when always -> {small}\ntimeout 60s\n\ntest "there is but one model" {{ expect {small} }}'
    return (
        f"# Short questions go to the small model; what is long or offers tools, and all the rest, to the large one.\n"
        f"when messages <= 2 and chars < {SHORT} and tools == 0 -> {small} as short\n"
        f"else {large}\n"
        f"fallback [{large}, {small}]\n"
        f"timeout 60s\n\n"
        f"# What is meant: `routedsl test rules/` says whether it is so.\n"
        f'test "short goes to the small model" {{ messages 2  chars {SHORT - 1}  expect {small} }}\n'
        f'test "{SHORT} characters are long" {{ messages 2  chars {SHORT}  expect {large} }}\n'
        f'test "a conversation is long" {{ messages 3  chars 5  expect {large} }}\n'
        f'test "tools are for the large model" {{ tools 1  expect {large} }}\n'
        f'test "the large model stands in" {{ {small}.up false  expect chain [{large}] }}'
    )


def _names(ids: Sequence[str]) -> list[str]:
    """A model's id as a bare name where it can be one, else quoted; each once."""
    names: list[str] = []
    for id_ in ids:
        name = id_ if id_ not in names else f"{id_}-{names.count(id_) + 1}"
        names.append(name)
    return [written.name(Name(name, span=NOWHERE)) for name in names]


def _quoted(text: str) -> str:
    return written.text(Text(text, span=NOWHERE))


def _requests() -> str:
    short = {"id": "short", "body": {"model": "auto", "messages": [{"role": "user", "content": "hello"}]}}
    question = "Compare these two designs and say which one you would build, and why. " * 4
    long = {"id": "long", "body": {"model": "auto", "messages": [{"role": "user", "content": question}]}}
    return "".join(json.dumps(case) + "\n" for case in (short, long))


_TEST = '''"""What the policy decides for the requests in requests.jsonl.

Run it with `pytest`; after a change that is meant, `pytest --snapshot-update`, and read the diff.
"""


def test_rules(route_snapshot):
    route_snapshot("rules/", "requests.jsonl")
'''
