"""Who a client is: keys looked up by their ids, and what each may ask for."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hmac import compare_digest

import re2

from routedsl.engine.matching import like_pattern
from routedsl.gateway.keyfile import KeyEntry, digest

_FORM = re.compile(r"rk_([0-9a-z]{1,32})_.{1,200}", re.DOTALL)
_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The holder of a key: a name, whether a model's name may be asked for, and how many requests at once."""

    name: str
    may: Callable[[str], bool] | None = None
    slots: int | None = None


class Keys:
    """All keys that are let in, in memory: nobody's file or table is asked on the way in."""

    def __init__(self, entries: Iterable[KeyEntry]) -> None:
        """Index them by id."""
        self._known = {entry.id: (entry.hash, _client(entry)) for entry in entries}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._known)

    def holder(self, key: str) -> Client | None:
        """Whose key it is. It takes as long for an unknown id as for a wrong key."""
        form = _FORM.fullmatch(key)
        expected, client = self._known.get(form[1] if form else "", (_NOBODY, None))
        return client if compare_digest(digest(key), expected) else None


def _client(entry: KeyEntry) -> Client:
    may = None if entry.models is None else _any_of(entry.models)
    return Client(name=entry.name, may=may, slots=entry.slots)


def _any_of(models: Iterable[str]) -> Callable[[str], bool]:
    names = frozenset(models)
    patterns = [like_pattern(name) for name in names if "*" in name or "?" in name]
    like = re2.compile("|".join(patterns)) if patterns else None

    def may(name: str) -> bool:
        return name in names or (like is not None and like.fullmatch(name) is not None)

    return may
