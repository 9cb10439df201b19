"""One request to decide, and the world in which it is decided."""

from collections.abc import Mapping

from msgspec import Struct

from routedsl.base.types import Value
from routedsl.engine.request import Request
from routedsl.engine.world import World


class Case(Struct, frozen=True, kw_only=True):
    """One request to decide: its id, what the client sent, the world, and the facts that are pinned."""

    id: str | None
    request: Request
    world: World
    pinned: Mapping[str, Value]
