"""The extensions there are, as one immutable value that is passed as an argument."""

from collections.abc import Mapping

from msgspec import Struct

from routedsl.engine.probe import Probe
from routedsl.engine.protocol import Protocol
from routedsl.engine.signal import About, Signal
from routedsl.engine.strategy import Strategy
from routedsl.language.vocabulary import SignalWord, Vocabulary


class Catalog(Struct, frozen=True):
    """Signals of requests and world by name, signals of models by name, strategies, protocols by endpoint.

    Probes are by the kind of server that they ask.
    """

    signals: Mapping[str, Signal]
    model_facts: Mapping[str, Signal]
    strategies: Mapping[str, Strategy]
    protocols: Mapping[str, Protocol]
    probes: Mapping[str, Probe]

    def vocabulary(self) -> Vocabulary:
        """The words alone, which is all that the checker may know."""
        return Vocabulary(
            signals={name: _word(signal) for name, signal in self.signals.items()},
            model_facts={name: _word(signal) for name, signal in self.model_facts.items()},
            strategies={name: strategy.shared for name, strategy in self.strategies.items()},
            ordered=frozenset(name for name, strategy in self.strategies.items() if strategy.ordered),
            kinds=tuple(self.probes),
        )


def _word(signal: Signal) -> SignalWord:
    return SignalWord(
        name=signal.name,
        type=signal.type,
        about=signal.about,
        keyed=signal.keyed,
        values=signal.values,
        optional=signal.optional,
        declared=signal.declared and signal.about is About.MODEL,
        at_most=signal.at_most,
        better=signal.better,
    )
