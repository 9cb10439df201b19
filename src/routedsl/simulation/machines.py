"""The machines that models run on, as a hardware file describes them: how fast they are, how much they do at once."""

import tomllib
from collections.abc import Callable, Mapping
from itertools import pairwise

from msgspec import Struct

from routedsl.base.suggest import did_you_mean
from routedsl.base.types import Type
from routedsl.base.units import DURATIONS, from_json

SECOND = DURATIONS["s"]
_DURATION = 'a duration of more than nothing, such as `"300ms"`'
_RANGE = 'a range of durations such as `"10m..11m"`, from the start on'


class MachineError(Exception):
    """A hardware file that cannot be used; the text says where and why, in one sentence."""


class Machine(Struct, frozen=True, kw_only=True):
    """What one model runs on. Times are microseconds, from the start of the simulation.

    It works on `slots` requests at once (None: on any number), and lets the others wait in the order in which
    they came. It reads `prompt_speed` tokens a second (None: any prompt in no time), needs `first_token`
    on top of that, and writes each answer at `speed` tokens a second, however many it writes. While it is
    `down` it refuses calls; while it is `silent` it takes them and says nothing. When either begins, or silence
    ends, the calls that it has break off.
    """

    speed: float
    first_token: int
    prompt_speed: float | None = None
    slots: int | None = None
    down: tuple[tuple[int, int], ...] = ()
    silent: tuple[tuple[int, int], ...] = ()

    def until_first_token(self, prompt: int) -> int:
        """How long a prompt of so many tokens takes once it is its turn."""
        return self.first_token + (0 if self.prompt_speed is None else int(prompt * SECOND / self.prompt_speed))

    def writing(self, tokens: int) -> int:
        """How long so many tokens take to write."""
        return int(tokens * SECOND / self.speed)

    def written(self, duration: int) -> int:
        """How many tokens are written in so long."""
        return int(duration * self.speed / SECOND)


TYPICAL = Machine(speed=50, first_token=SECOND // 2)
"""A model of which nothing is known."""


def machines_from_toml(text: str, models: tuple[str, ...]) -> Mapping[str, Machine]:
    """The machine of each model, by a table of its name; raises `MachineError`."""
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise MachineError(f"it is no TOML: {error}") from None
    for name in tables:
        if name not in models:
            raise MachineError(f"the policy has no model `{name}`" + _hint(name, models))
    machines = {name: _machine(name, table) for name, table in tables.items()}
    absent = next((name for name in models if name not in machines), None)
    if absent is not None:
        raise MachineError(f"it has no table `[{_key(absent)}]`, and the policy has a model of that name")
    return {name: machines[name] for name in models}


def _hint(name: str, known: tuple[str, ...]) -> str:
    hint = did_you_mean(name, known)
    return "" if hint is None else f"; {hint}"


def _key(name: str) -> str:
    plain = name.replace("-", "").replace("_", "")
    return name if plain.isascii() and plain.isalnum() else f'"{name}"'


def _machine(name: str, table: object) -> Machine:
    if not isinstance(table, dict):
        raise MachineError(f"`{name}` is to be a table: `[{_key(name)}]`, and its settings below")
    fields: dict[str, object] = {}
    for field, value in table.items():
        if field not in _FIELDS:
            raise MachineError(f"`{name}` has no setting `{field}`" + _hint(field, tuple(_FIELDS)))
        fields[field] = _read(name, field, value)
    for field in ("speed", "first_token"):
        if field not in fields:
            raise MachineError(f"`{name}` has no `{field}`")
    return Machine(**fields)  # type: ignore[arg-type]  # each is of its type


def _read(name: str, field: str, value: object) -> object:
    try:
        return _FIELDS[field](value)
    except ValueError as error:
        raise MachineError(f"`{field}` of `{name}` must be {error}") from None


def _speed(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < SECOND:
        return value
    raise ValueError("tokens a second: a number of more than 0")


def _slots(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < SECOND:
        return value
    raise ValueError("a whole number of at least 1")


def _duration(value: object, wanted: str = _DURATION) -> int:
    try:
        duration = None if isinstance(value, bool) else from_json(Type.DURATION, value)
    except ValueError:
        duration = None
    if isinstance(duration, int):
        return duration
    raise ValueError(wanted)


def _ranges(value: object) -> tuple[tuple[int, int], ...]:
    found = tuple(map(_range, value if isinstance(value, list) else [value]))
    if any(begin >= end for begin, end in found) or any(one[1] > other[0] for one, other in pairwise(found)):
        raise ValueError("ranges of which each ends after it begins, one after the other")
    return found


def _range(value: object) -> tuple[int, int]:
    begin, dots, end = value.partition("..") if isinstance(value, str) else ("", "", "")
    if not dots:
        raise ValueError(_RANGE)
    return _duration(begin.strip(), _RANGE), _duration(end.strip(), _RANGE)


_FIELDS: Mapping[str, Callable[[object], object]] = {
    "speed": _speed,
    "first_token": _duration,
    "prompt_speed": _speed,
    "slots": _slots,
    "down": _ranges,
    "silent": _ranges,
}
