"""Recorded requests decided by two policies: how many each pair of rules parts, and what that costs."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from msgspec import Struct

from routedsl.discover import discover
from routedsl.engine.address import ToRoute
from routedsl.language.policy import Policy
from routedsl.records.jobs import Fold, Records
from routedsl.records.recipe import Privacy
from routedsl.records.record import Past
from routedsl.records.replay import Replayer, replayer_of
from routedsl.records.tally import Bill, added, price_of
from routedsl.records.upshots import Upshots


class Way(Struct, frozen=True):
    """How one program decides: the route that was asked, and the rule; None where no route was."""

    asked: str | None
    rule: str | None


class Parted(Struct, frozen=True):
    """Requests that go one way by the old program, and elsewhere by the new one."""

    requests: int = 0
    bill: Bill = Bill()

    def plus(self, other: "Parted") -> "Parted":
        """Those of both."""
        return Parted(self.requests + other.requests, self.bill.plus(other.bill))


class Traffic(Struct, frozen=True, kw_only=True):
    """What recorded requests come to by two programs; `parted` are those that end differently, by both ways."""

    alike: int = 0
    parted: Mapping[tuple[Way, Way], Parted] = {}
    unreplayed: int = 0
    unrecorded: Mapping[str, int] = {}

    @property
    def replayed(self) -> int:
        """How many could be decided by both."""
        return self.alike + sum(parted.requests for parted in self.parted.values())

    @property
    def records(self) -> int:
        """How many there were."""
        return self.replayed + self.unreplayed

    def merged(self, other: "Traffic") -> "Traffic":
        """The traffic of both."""
        ways = {**self.parted, **other.parted}
        return Traffic(
            alike=self.alike + other.alike,
            parted={way: self.parted.get(way, Parted()).plus(other.parted.get(way, Parted())) for way in ways},
            unreplayed=self.unreplayed + other.unreplayed,
            unrecorded=added(self.unrecorded, other.unrecorded),
        )

    def between(self, asked: tuple[str, str], old: Iterable[str], new: Iterable[str]) -> Parted:
        """Those that come into these routes and are decided by one of these rules each time."""
        olds, news = ({Way(route, rule) for rule in rules} for route, rules in zip(asked, (old, new), strict=True))
        total = Parted()
        for (one, other), parted in self.parted.items():
            if one in olds and other in news:
                total = total.plus(parted)
        return total


class Comparing(Struct, frozen=True):
    """Decide records by two checked policies."""

    old: Policy
    new: Policy

    def prepared(self) -> Fold[Traffic]:
        """The function from records to traffic."""
        old, new = replayer_of(self.old, discover()), replayer_of(self.new, discover())

        def fold(records: Records, privacy: Privacy | None) -> Traffic:
            return traffic_of(records, replace(old, privacy=privacy), replace(new, privacy=privacy))

        return fold


def traffic_of(records: Records, old: Replayer, new: Replayer) -> Traffic:
    """What comes of deciding records by two programs."""
    parted: dict[tuple[Way, Way], Parted] = {}
    unrecorded: Counter[str] = Counter()
    alike = unreplayed = 0
    before, after = Upshots(), Upshots()
    for past in records:
        one, other = old.decide(past), new.decide(past)
        lacks = {*one.unrecorded, *other.unrecorded}
        if lacks:
            unreplayed += 1
            unrecorded.update(lacks)
            continue
        upshots = before.of_decision(one.decision, past), after.of_decision(other.decision, past)
        if upshots[0] == upshots[1]:
            alike += 1
            continue
        ways = _way(past, old, one.decision.rule), _way(past, new, other.decision.rule)
        prices = price_of(upshots[0], past, old.models), price_of(upshots[1], past, new.models)
        parted[ways] = parted.get(ways, Parted()).plus(Parted(1, _bill(*prices)))
    return Traffic(alike=alike, parted=parted, unreplayed=unreplayed, unrecorded=dict(unrecorded))


def _way(past: Past, by: Replayer, rule: str | None) -> Way:
    found = by.program.addresses.find(past.asked)
    return Way(found.route if isinstance(found, ToRoute) else None, rule)


def _bill(old: int | None, new: int | None) -> Bill:
    return Bill() if old is None or new is None else Bill(1, old, new)
