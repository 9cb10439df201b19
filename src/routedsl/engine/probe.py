"""The contract of a probe: one file in `probes/` binds `PROBE = Probe(...)`, and reads what a kind of server tells."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct

Told = TypeVar("Told")


class Answer(Struct, frozen=True):
    """What a server answered to one GET: an HTTP status and a body of any form."""

    status: int
    body: bytes

    def told(self, form: type[Told]) -> Told | None:
        """The body as JSON of this form; None where it is another, or the status is not 200."""
        if self.status != 200:
            return None
        try:
            return msgspec.json.decode(self.body, type=form)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return None


Answers = Mapping[str, Answer]
"""The answers to the GETs of one probe, by path."""


class Reading(Struct, frozen=True, kw_only=True):
    """What a server tells of a model, or of all it has; None is not told.

    `loaded`: the model's weights are in memory. `slots`: requests that it works on at once. `busy` and
    `queue`: requests that it works on and that wait, whoever sent them. `cache`: the share of its
    cache for prompts that is in use, in parts per million.
    """

    loaded: bool | None = None
    slots: int | None = None
    busy: int | None = None
    queue: int | None = None
    cache: int | None = None


SILENT = Reading()


class Readings(Struct, frozen=True, kw_only=True):
    """What one probe found: of the models that the server tells apart, by their id there, and of all others."""

    models: Mapping[str, Reading] = {}
    others: Reading = SILENT

    def of(self, id: str) -> Reading:  # noqa: A002 - the word of the language
        """What is told of the model that the server calls so."""
        return self.models.get(id, self.others)

    @property
    def silent(self) -> bool:
        """Whether nothing at all is told."""
        return not self.models and self.others == SILENT


Ask = Callable[[Answers], str | None]


class Probe(Struct, frozen=True, kw_only=True):
    """How a kind of server is asked about itself, and what its answers mean.

    `ask` gives the next path to GET, given the answers so far, and None where they are enough. Paths
    are those of the server, beside `/v1` and not below it; none may cost anything or change what is
    asked about. `read` is pure, and takes whatever was answered for what it is: a path may be
    switched off, and a body may be of any form. Its module tells where each form is described.
    """

    name: str
    ask: Ask
    read: Callable[[Answers], Readings]
    doc: str
    since: str


def in_turn(*paths: str) -> Ask:
    """Asks for each path once, whatever was answered to the others."""

    def ask(answers: Answers) -> str | None:
        return next((path for path in paths if path not in answers), None)

    return ask
