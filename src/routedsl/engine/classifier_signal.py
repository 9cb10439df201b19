"""Classifiers among the signals: what a policy declares, put into the catalog that its facts are read by."""

from collections.abc import Mapping

from msgspec.structs import replace

from routedsl.base.types import Type
from routedsl.engine.catalog import Catalog
from routedsl.engine.classifier import Classifier, opinion_on
from routedsl.engine.signal import Cost, Moment, Signal
from routedsl.engine.wording import wording_of
from routedsl.language import policy

PERCENT = 100


def with_classifiers(
    catalog: Catalog, declared: Mapping[str, policy.Classifier], loaded: Mapping[str, Classifier]
) -> Catalog:
    """The catalog with a signal for each declared classifier; raises KeyError for one that is not loaded."""
    signals = {
        each.signal: signal_of(each.signal, loaded[name], catalog.signals.get(each.signal))
        for name, each in declared.items()
    }
    return replace(catalog, signals={**catalog.signals, **signals}) if signals else catalog


def signal_of(name: str, classifier: Classifier, hidden: Signal | None) -> Signal:
    """The signal of a classifier; where it abstains, the signal of its name answers, if there is one."""

    def read(moment: Moment) -> float | int | None:
        opinion = opinion_on(wording_of(moment.request), classifier)
        if opinion is not None:
            return opinion.difficulty
        value = None if hidden is None else hidden.read(moment)
        return value if isinstance(value, int | float) else None

    def parts(moment: Moment) -> Mapping[str, float]:
        opinion = opinion_on(wording_of(moment.request), classifier)
        if opinion is not None:
            return {**opinion.parts, "weak model fails, in %": PERCENT * opinion.risk}
        return {} if hidden is None or hidden.parts is None else hidden.parts(moment)

    return Signal(
        name=name,
        type=Type.NUMBER,
        cost=Cost.CHEAP,
        optional=hidden is None,
        since="0.1",
        read=read,
        parts=parts,
        doc=f"A trained difficulty; its weights are {classifier.digest[:12]}.",
    )
