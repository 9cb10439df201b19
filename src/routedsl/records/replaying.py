"""Replaying as a job: a policy, sent to wherever records are, and what became of them there."""

from dataclasses import replace

from msgspec import Struct

from routedsl.discover import discover
from routedsl.language.policy import Policy
from routedsl.records.jobs import Fold, Records
from routedsl.records.replay import Replayer, replayer_of
from routedsl.records.tally import Count, Tally
from routedsl.records.upshots import Move, Upshots


class Replaying(Struct, frozen=True):
    """Decide records again by a checked policy."""

    policy: Policy

    def prepared(self) -> Fold[Tally]:
        """The function from records to a tally."""
        replayer = replayer_of(self.policy, discover())
        return lambda records, privacy: tally_of(records, replace(replayer, privacy=privacy))


def tally_of(records: Records, replayer: Replayer) -> Tally:
    """What comes of deciding records again."""
    count, upshots = Count(replayer.models), Upshots()
    for past in records:
        count.seen(past)
        replayed = replayer.decide(past)
        if replayed.unrecorded:
            count.unreplayed(replayed.unrecorded)
            continue
        old, new = upshots.of_record(past), upshots.of_decision(replayed.decision, past)
        if old == new:
            count.kept(new)
        else:
            count.moved(Move(past.rule, old, replayed.decision.rule, new), past)
    return count.tally()
