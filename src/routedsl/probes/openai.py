"""`openai`: a server of which nothing is known but that it speaks the dialect. It is not asked."""

from routedsl.engine.probe import Probe, Readings, in_turn

PROBE = Probe(
    name="openai",
    ask=in_turn(),
    read=lambda _: Readings(),
    doc="Any server that speaks the dialect; it is asked nothing.",
    since="0.2",
)
