"""`ollama`: which models are in memory.

`/api/ps` lists the models in memory, `/api/tags` those on disk; models that run elsewhere have a
`remote_host` there. As described for Ollama 0.40 by https://docs.ollama.com/api/ps and
https://docs.ollama.com/api/tags. A model that is still being loaded is in `/api/ps` too, as
https://github.com/ollama/ollama/blob/main/server/routes.go has it. How many requests it works on
or lets wait it does not tell.
"""

from collections.abc import Iterator

from msgspec import Struct

from routedsl.engine.probe import Answer, Answers, Probe, Reading, Readings, in_turn

LATEST = ":latest"


class _Listed(Struct):
    name: str
    remote_host: str = ""


class _Listing(Struct):
    models: list[_Listed]


def read(answers: Answers) -> Readings:
    running, there = _listed(answers, "/api/ps"), _listed(answers, "/api/tags")
    if running is None:
        return Readings()
    loaded = {name: Reading(loaded=True) for model in running for name in _names(model)}
    known = {name: Reading(loaded=False) for model in there or () for name in _names(model)}
    return Readings(models={**known, **loaded})


def _listed(answers: Answers, path: str) -> list[_Listed] | None:
    listing = answers.get(path, Answer(404, b"")).told(_Listing)
    return None if listing is None else listing.models


def _names(model: _Listed) -> Iterator[str]:
    """How a model may be asked for; nobody loads one that runs elsewhere."""
    if not model.remote_host:
        yield model.name
        if model.name.endswith(LATEST):
            yield model.name.removesuffix(LATEST)


PROBE = Probe(
    name="ollama",
    ask=in_turn("/api/ps", "/api/tags"),
    read=read,
    doc="An Ollama: tells which models are loaded.",
    since="0.2",
)
