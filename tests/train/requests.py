"""Labelled requests that are made up: what a weak model fails at has words in it that no subject has for itself."""

import json
from io import BytesIO
from random import Random
from typing import Any

from routedsl.discover import builtin
from routedsl.train.labelled import Labelled, read_labelled

CHAT = builtin().protocols["chat"]
HARD = ("quasar", "zeugma", "fugue")
COMMON = tuple(f"{first}{second}sk" for first in "bcdfgklmnp" for second in "aeiou")
SUBJECTS = 8


def lines(rng: Random, count: int = 320, noise: float = 0.05) -> list[dict[str, Any]]:
    """Requests of `SUBJECTS` subjects, each with words of its own; hard ones but for the noise."""
    made = []
    for number in range(count):
        subject = number % SUBJECTS
        hard = rng.random() < 0.4
        own = [f"{chr(97 + subject)}{rng.choice('aeiou')}{rng.choice('lmnr')}" for _ in range(3)]
        said = " ".join([*rng.sample(COMMON, 9), *own, *([rng.choice(HARD)] if hard else []), f"n{number}"])
        fails = hard if rng.random() >= noise else not hard
        made.append({"prompt": said, "weak": not fails, "strong": rng.random() < 0.95, "subject": f"s{subject}"})
    return made


def data(made: list[Any]) -> bytes:
    """Requests as a file has them."""
    return "".join(one if isinstance(one, str) else f"{json.dumps(one)}\n" for one in made).encode()


def labelled(made: list[Any]) -> list[Labelled]:
    """Requests as they are read."""
    return read_labelled(BytesIO(data(made)), "labelled.jsonl", CHAT)
