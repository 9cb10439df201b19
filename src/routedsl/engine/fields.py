"""Readers of JSON values by type: each takes a value, and raises `FieldError` where it is of another type.

They combine: `field(body, "messages", each(message))` is None where the field is null or left out, and
an error inside knows its whole place, such as `messages[2].content`.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from routedsl.engine.request import RequestError

Fields = Mapping[str, object]
Read = TypeVar("Read")


class FieldError(RequestError):
    """A value of a wrong type: `place` is where it stands, empty for the value that was to be read."""

    def __init__(self, place: str, wanted: str) -> None:
        """Say what was wanted there."""
        super().__init__("invalid_request", f"{f'`{place}`' if place else 'the body'} must be {wanted}", place or None)
        self.place = place
        self.wanted = wanted

    def inside(self, outer: str) -> "FieldError":
        """The same error, seen from the value around: `outer` is a field's name, or an index in brackets."""
        dot = "." if self.place and not self.place.startswith("[") else ""
        return FieldError(f"{outer}{dot}{self.place}", self.wanted)


def field(fields: Fields, name: str, read: Callable[[object], Read]) -> Read | None:
    """The field read by `read`; None where it is null or left out."""
    return None if fields.get(name) is None else required(fields, name, read)


def required(fields: Fields, name: str, read: Callable[[object], Read]) -> Read:
    """The field read by `read`, which must be there."""
    try:
        return read(fields.get(name))
    except FieldError as error:
        raise error.inside(name) from None


def each(read: Callable[[object], Read]) -> Callable[[object], list[Read]]:
    """A reader of lists whose items are read by `read`."""

    def read_list(value: object) -> list[Read]:
        if not isinstance(value, list):
            raise FieldError("", "a list")
        items: list[Read] = []
        try:
            for item in value:
                items.append(read(item))  # their number is the index of the one that is wrong
        except FieldError as error:
            raise error.inside(f"[{len(items)}]") from None
        return items

    return read_list


def mapping(value: object) -> Fields:
    """An object."""
    if isinstance(value, dict):
        return value
    raise FieldError("", "an object")


def texts(value: object) -> Mapping[str, str]:
    """An object whose values are texts."""
    fields = mapping(value)
    return {name: value for name in fields if (value := field(fields, name, text)) is not None}


def text(value: object) -> str:
    """A text."""
    if isinstance(value, str):
        return value
    raise FieldError("", "a text")


def flag(value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise FieldError("", "true or false")


def whole(value: object) -> int:
    """A whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise FieldError("", "a whole number")


def number(value: object) -> float:
    """A number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise FieldError("", "a number")
