"""How calls wait for a slot of an upstream that takes only so many at once."""

from routedsl.base.units import DURATIONS
from routedsl.engine.outcome import Failed, Kind

LONGEST_WAIT = DURATIONS["s"]
"""How long a call waits for a slot: the next model is likely to answer sooner."""
MOST_WAITING = 4
"""So many calls for each slot may wait."""
FULL = Failed(kind=Kind.BUSY, detail="its upstream takes no more calls for now", retry_after=LONGEST_WAIT)
