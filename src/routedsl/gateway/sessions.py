"""Which models answered each conversation, for routes that are `sticky`. It outlives every reload."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import islice

from routedsl.gateway.clock import Clock

MOST_SESSIONS = 100_000
"""Conversations that are remembered; the one that was quiet the longest is forgotten first."""
MOST_MODELS = 4
"""Models that are remembered of each."""


class Sessions:
    """The models that answered each conversation, and when each last did.

    A conversation goes by one or more names (`engine.session`): it is known if any is, and kept under the first.
    """

    def __init__(self, clock: Clock, most: int = MOST_SESSIONS) -> None:
        """Remember nobody yet."""
        self._clock = clock
        self._most = most
        self._known: OrderedDict[bytes, Mapping[str, int]] = OrderedDict()

    def models(self, names: Sequence[bytes]) -> Mapping[str, int]:
        """The models that answered a conversation, the last one first, and the microseconds since each did."""
        now = self._clock.monotonic()
        return {model: now - at for model, at in self._found(names).items()}

    def answered(self, names: Sequence[bytes], model: str | None) -> None:
        """A model answered a conversation."""
        if not names or model is None:
            return
        before = ((other, at) for other, at in self._found(names).items() if other != model)
        self._known[names[0]] = {model: self._clock.monotonic(), **dict(islice(before, MOST_MODELS - 1))}
        self._known.move_to_end(names[0])
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def _found(self, names: Sequence[bytes]) -> Mapping[str, int]:
        return next((self._known[name] for name in names if name in self._known), {})
