"""Labelled requests: JSON lines that say of a request whether a weak model, and a strong one, did well on it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import IO

import msgspec
from msgspec import Struct

from routedsl.engine.features import Hashed, hashed
from routedsl.engine.fields import Fields, field, flag, required, text
from routedsl.engine.protocol import Arrival, Protocol
from routedsl.engine.request import Message, Request, RequestError
from routedsl.engine.rule_of_thumb import points_of
from routedsl.engine.strict_json import read_json
from routedsl.engine.wording import wording_of

LONGEST_LINE = 4 * 1024 * 1024
"""Bytes of one line."""
MOST_REQUESTS = 500_000
LEAST_REQUESTS = 50
LEAST_SUBJECTS = 3
"""Fewer cannot be held out from one another, and again from the rest."""
MOST_PROBLEMS = 10
"""Problems after which no more are looked for."""

_BODY, _LINE = "the body", "the line"
"""What readers of requests call what they read, and what it is here."""
_TELLING = 30
"""Requests of a subject from which on a share says something."""
_MUCH_LESS = 0.67
"""A strong model that is right so much less often than the weak one is hardly that."""


class Labelled(Struct, frozen=True):
    """One request: what its features are made of, who did well on it (None where nobody says), its subject.

    `fingerprint` is the same for the same text of the user, but for case and spaces.
    """

    hashed: Hashed
    weak: bool
    strong: bool | None
    subject: str
    fingerprint: int


class LabelError(ValueError):
    """Labelled requests that cannot be learned from: `problems` are sentences, with the line where there is one."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Keep what is told."""
        super().__init__(problems[0])
        self.problems = tuple(problems)


def read_labelled(stream: IO[bytes], name: str, chat: Protocol) -> list[Labelled]:
    """The requests in a file that is called `name`; raises `LabelError` with what is wrong, line by line."""
    found: list[Labelled] = []
    problems: list[str] = []
    for number, line in enumerate(_lines(stream), 1):
        try:
            if line.strip():
                found.append(_labelled(line, chat))
        except RequestError as error:
            problems.append(f"{name}:{number}: {error.message.replace(_BODY, _LINE)}")
        if len(problems) == MOST_PROBLEMS or len(found) > MOST_REQUESTS:
            break
    if len(found) > MOST_REQUESTS:
        problems.append(f"{name}: there are more than {MOST_REQUESTS:,} requests; take a part of them")
    problems = problems or list(lacks(found, name))
    if problems:
        raise LabelError(problems)
    return found


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    while line := stream.readline(LONGEST_LINE + 1):
        yield line


def _labelled(line: bytes, chat: Protocol) -> Labelled:
    if len(line) > LONGEST_LINE:
        raise RequestError("body_too_large", f"the line is longer than {LONGEST_LINE // 2**20} MiB")
    fields = read_json(line)
    if not isinstance(fields, dict):
        raise RequestError("invalid_request", "the line must be an object")
    request = _request(fields, chat)
    wording = wording_of(request)
    return Labelled(
        hashed=hashed(wording, points_of(wording)),
        weak=required(fields, "weak", flag),
        strong=field(fields, "strong", flag),
        subject=required(fields, "subject", text),
        fingerprint=_fingerprint(request),
    )


def _request(fields: Fields, chat: Protocol) -> Request:
    if ("prompt" in fields) is ("messages" in fields):
        raise RequestError("invalid_request", "there must be either a `prompt` or `messages`")
    if "messages" in fields:
        return chat.parse(msgspec.json.encode({"messages": fields["messages"]}), Arrival())
    said = Message(role="user", text=required(fields, "prompt", text))
    return Request(endpoint="chat", model=None, messages=(said,))


def _fingerprint(request: Request) -> int:
    said = " ".join(message.text for message in request.messages if message.role == "user").lower()
    data = " ".join(said.split()).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=6).digest())


# ── what all of them lack together ──────────────────────────────────────────────────────────────


def lacks(found: Sequence[Labelled], name: str) -> Iterator[str]:
    """Why requests that were read from `name` are not enough to learn from; nothing where they are."""
    subjects = {one.subject for one in found}
    if len(found) < LEAST_REQUESTS:
        yield f"{name}: there are {len(found)} requests; {LEAST_REQUESTS} are the fewest to learn from"
    elif len(subjects) < LEAST_SUBJECTS:
        yield f"{name}: there are {len(subjects)} subjects; {LEAST_SUBJECTS} are the fewest to hold some out"
    elif len({one.weak for one in found}) == 1:
        always = "right" if found[0].weak else "wrong"
        yield f"{name}: the weak model is always {always}, so there is nothing to tell apart"
    elif len({one.strong is None for one in found}) == 2:
        yield f"{name}: some requests have `strong` and others have not; it must be in all of them or in none"


def oddities(found: Sequence[Labelled]) -> Iterator[str]:
    """What looks wrong in the labels, a sentence for each subject."""
    count = Counter(one.subject for one in found if one.strong is not None)
    weak = Counter(one.subject for one in found if one.weak)
    strong = Counter(one.subject for one in found if one.strong)
    for subject in sorted(count):
        if count[subject] >= _TELLING and strong[subject] < _MUCH_LESS * weak[subject]:
            right, less = (round(100 * rights[subject] / count[subject]) for rights in (weak, strong))
            shares = f"the strong model is right on {less} %, the weak one on {right} %"
            yield f"in `{subject}` {shares}: were its answers read well?"
