"""Which model answered each session last, for routes that are `sticky`. It outlives every reload."""

from collections import OrderedDict

from routedsl.gateway.clock import Clock

MOST_SESSIONS = 100_000
"""Sessions that are remembered; the one that was quiet the longest is forgotten first."""
LONGEST_NAME = 200
"""Characters of a session's name that are kept: longer ones are told apart by these alone."""


class Sessions:
    """The last model of each session, and when it answered."""

    def __init__(self, clock: Clock, most: int = MOST_SESSIONS) -> None:
        """Remember nobody yet."""
        self._clock = clock
        self._most = most
        self._last: OrderedDict[str, tuple[str, int]] = OrderedDict()

    def last(self, session: str | None) -> tuple[str | None, int]:
        """The session's last model and the microseconds since it answered; None where there is none."""
        found = None if session is None else self._last.get(session[:LONGEST_NAME])
        if found is None:
            return None, 0
        model, at = found
        return model, self._clock.monotonic() - at

    def answered(self, session: str | None, model: str | None) -> None:
        """A model answered a session."""
        if session is None or model is None:
            return
        name = session[:LONGEST_NAME]
        self._last[name] = model, self._clock.monotonic()
        self._last.move_to_end(name)
        if len(self._last) > self._most:
            self._last.popitem(last=False)
