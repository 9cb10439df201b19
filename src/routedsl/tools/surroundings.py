"""What models there are on this machine and behind the keys in its environment."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from routedsl.tools.starter import HOSTED, FoundModel, FoundUpstream, guess_quality

PATIENCE = 0.5
"""Seconds that a server on this machine has to answer."""
MOST_MODELS = 4
"""Models taken of one server: a first policy stays readable."""
_LARGEST_ANSWER = 1_000_000

LOCAL = (
    ("ollama", "http://127.0.0.1:11434"),
    ("llamacpp", "http://127.0.0.1:8080"),
    ("lmstudio", "http://127.0.0.1:1234"),
    ("vllm", "http://127.0.0.1:8000"),
)
"""Servers that speak OpenAI's dialect and where they listen unless told otherwise."""


_KINDS = {"library": "ollama", "llamacpp": "llamacpp", "vllm": "vllm"}
"""What servers write as the owner of their models, and the kind of upstream that they are."""


def look_around(
    environment: Mapping[str, str], local: tuple[tuple[str, str], ...] | None = None
) -> tuple[FoundUpstream, ...]:
    """The upstreams that answer on this machine, then the hosted ones whose key is in the environment."""
    places = _places(environment) if local is None else local
    with ThreadPoolExecutor(len(places) or 1) as pool:
        answered = [upstream for upstream in pool.map(lambda place: _ask(*place), places) if upstream]
    hosted = [upstream for upstream in HOSTED if upstream.key is not None and environment.get(upstream.key)]
    return (*answered, *hosted)


def _places(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The usual places, Ollama's as its own variable `OLLAMA_HOST` tells."""
    host = environment.get("OLLAMA_HOST", "").strip().rstrip("/")
    if not host:
        return LOCAL
    address = host if "://" in host else f"http://{host}"
    parts = urlsplit(address)
    name = "127.0.0.1" if parts.hostname in (None, "0.0.0.0") else parts.hostname  # noqa: S104 - a listener's address, to be dialled
    try:
        port = parts.port or 11434
    except ValueError:
        return LOCAL
    return (("ollama", f"http://{name}:{port}"), *LOCAL[1:])


def _ask(name: str, address: str) -> FoundUpstream | None:
    owned = _models(f"{address}/v1/models")
    if not owned:
        return None
    models = tuple(FoundModel(id=id_, quality=guess_quality(id_)) for id_ in list(owned)[:MOST_MODELS])
    kind = next((kind for owner in owned.values() if (kind := _KINDS.get(owner))), None)
    return FoundUpstream(name=name, url=f"{address}/v1", key=None, models=models, kind=kind)


def _models(url: str) -> dict[str, str]:
    """The ids that `/v1/models` lists, each with its owner; none where nobody answers, or not in that form."""
    try:
        with urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - http addresses of this machine, made above
            listed = json.loads(answer.read(_LARGEST_ANSWER))["data"]
        owned = [(entry["id"], str(entry.get("owned_by"))) for entry in listed]
        # A gateway of ours, told by its routes, is no server of models.
        if any(entry.get("owned_by") == "routedsl" for entry in listed):
            return {}
    except (URLError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {id_: owner for id_, owner in owned if isinstance(id_, str) and _is_wanted(id_)}


def _is_wanted(id_: str) -> bool:
    return bool(id_) and id_.isprintable() and "embed" not in id_
