"""The types of facts and constants, and how each kind of value is held."""

from enum import StrEnum


class Type(StrEnum):
    """What can be compared with what: two values compare only within one type.

    How each is held: `COUNT` int; `NUMBER` int or float; `DURATION` int microseconds; `MONEY` int
    pico-dollars (a price in micro-dollars per million tokens is its pico-dollars per token);
    `SHARE` int parts per million; `TEXT` str; `TIME` int minutes of the day; `BOOL` bool;
    `TEXTS` tuple of str.
    """

    COUNT = "count"
    NUMBER = "number"
    DURATION = "duration"
    MONEY = "money"
    SHARE = "share"
    TEXT = "text"
    TIME = "time"
    BOOL = "yes/no"
    TEXTS = "list of text"

    @property
    def ordered(self) -> bool:
        """Whether `<` means something."""
        return self not in (Type.TEXT, Type.BOOL, Type.TEXTS)


Value = int | float | str | bool | tuple[str, ...] | None
"""A fact's value; `None` is missing."""
