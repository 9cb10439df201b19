"""Who is inside and who waits: a bounded number at once, a bounded line before it, and fairness between keys."""

from collections import Counter, deque
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Ticket:
    """One request of a key, of whose requests `most` may be inside at once. Lower numbers came earlier."""

    key: str
    most: int
    number: int
    inside: bool = False


class Line:
    """Lets in at most `most` at once, and lets at most `longest` wait.

    Whose key has the fewest inside goes first, and of one key who came first. No key fills more
    than half of the line where there are others (`shared`).
    """

    def __init__(self, most: int, longest: int, *, shared: bool) -> None:
        """Start empty."""
        self._most = most
        self._longest = longest
        self._longest_of_one = (longest + 1) // 2 if shared else longest
        self._inside: Counter[str] = Counter()
        self._total = 0
        self._waiting: dict[str, deque[Ticket]] = {}
        self._arrived = 0

    @property
    def inside(self) -> int:
        """How many are inside."""
        return self._total

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    def arrive(self, key: str, most: int) -> Ticket | None:
        """A ticket of someone who is inside or waits; None: the line is full."""
        self._arrived += 1
        ticket = Ticket(key, most, self._arrived)
        if self._has_room(ticket):  # nobody who waits has: they would be inside
            self._let_in(ticket)
        elif self.waiting >= self._longest or len(self._waiting.get(key, ())) >= self._longest_of_one:
            return None
        else:
            self._waiting.setdefault(key, deque()).append(ticket)
        return ticket

    def leave(self, ticket: Ticket) -> Ticket | None:
        """Someone goes, from inside or from the line; returns who came in for it."""
        if not ticket.inside:
            self._waiting[ticket.key].remove(ticket)
            self._forget(ticket.key)
            return None
        ticket.inside = False
        self._total -= 1
        self._inside[ticket.key] -= 1
        if not self._inside[ticket.key]:
            del self._inside[ticket.key]
        return self._admit()

    def is_full(self, key: str, most: int) -> bool:
        """Whether a key has all inside that it may have."""
        return self._inside[key] >= most

    def _admit(self) -> Ticket | None:
        firsts = (tickets[0] for tickets in self._waiting.values())
        able = [ticket for ticket in firsts if self._has_room(ticket)]
        if not able:
            return None
        ticket = min(able, key=lambda ticket: (self._inside[ticket.key], ticket.number))
        self._waiting[ticket.key].popleft()
        self._forget(ticket.key)
        self._let_in(ticket)
        return ticket

    def _has_room(self, ticket: Ticket) -> bool:
        return self._total < self._most and not self.is_full(ticket.key, ticket.most)

    def _let_in(self, ticket: Ticket) -> None:
        ticket.inside = True
        self._total += 1
        self._inside[ticket.key] += 1

    def _forget(self, key: str) -> None:
        if not self._waiting[key]:
            del self._waiting[key]
