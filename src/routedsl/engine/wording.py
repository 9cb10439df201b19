"""How a request is worded, counted once: what its difficulty is judged by, by rule of thumb and by training alike.

The word lists are English. Of a text in another language they find nothing, and nothing speaks for or against it.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from types import MappingProxyType

from msgspec import Struct

from routedsl.engine.request import Request

LONGEST = 4000
"""Characters of the user's last message that are read: of a longer one half from its start, half from its end."""
OPERATORS = b"=+*/^<>|~\\%"
MARKS = b"{}[]();_`$#@"
"""Signs that programs are full of and other texts are not."""

_LISTS: Mapping[str, str] = MappingProxyType(
    {
        "negation": "not no never none neither nor cannot except unless without least false incorrect unlikely wrong",
        "condition": "if then because therefore hence since thus suppose assume given whether would could although "
        "however while otherwise either",
        "constraint": "must should exactly only every each most minimum maximum limit limited require required "
        "requires constraint constraints ensure avoid strictly valid satisfies",
        "reasoning": "prove proof derive explain analyze analyse compare contrast evaluate critique justify reason "
        "reasoning infer deduce design optimize optimise debug refactor diagnose why implications tradeoffs implement",
        "quantity": "many much calculate compute determine estimate solve find probability percent average total "
        "integral derivative equation sum ratio",
        "sequence": "first second third next finally step steps stage after before plan",
        "person": "i you he she we they my your his her our their me him us them",
    }
)
"""Words that say something of what is asked for, each on one list."""
_KINDS = MappingProxyType({word.encode(): kind for kind, words in _LISTS.items() for word in words.split()})


def _letter(byte: int) -> int:
    char = chr(byte)
    if byte >= 128 or "a" <= char <= "z":
        return byte
    if "A" <= char <= "Z":
        return byte + 32
    return ord("0") if "0" <= char <= "9" else ord(" ")


_LETTERS = bytes(map(_letter, range(256)))
"""Makes of UTF-8 words in lower case with spaces between them, and of every digit a `0`."""


class Wording(Struct, frozen=True):
    """The words of the user's last message, and counts of it and of what stands around it.

    `opening` is the first word and `distinct` has each once, in lower case, every digit a `0`. `kinds` counts the
    distinct words on each list. `chars` are of the whole last message; all else is of what is read of it.
    `foreign` counts the bytes past one a character, `around` the characters of all other messages.
    """

    opening: bytes
    distinct: Collection[bytes]
    kinds: Mapping[str | None, int]
    words: int
    numbers: int
    chars: int
    letters: int
    questions: int
    operators: int
    marks: int
    fences: int
    foreign: int
    around: int
    tools: int

    def count(self, kind: str) -> int:
        """How many different words are on a list."""
        return self.kinds.get(kind, 0)


def wording_of(request: Request) -> Wording:
    """The wording of a request; one without a message of the user has no words."""
    last = next((message.text for message in reversed(request.messages) if message.role == "user"), "")
    text = last if len(last) <= LONGEST else f"{last[: LONGEST // 2]}\n{last[-LONGEST // 2 :]}"
    data = text.encode("utf-8", "surrogatepass")
    spaced = b" " + data.translate(_LETTERS)
    words = spaced.split()
    distinct = set(words)
    return Wording(
        opening=words[0] if words else b"",
        distinct=distinct,
        kinds=Counter(map(_KINDS.get, distinct)),
        words=len(words),
        numbers=spaced.count(b" 0"),
        chars=len(last),
        letters=len(spaced) - spaced.count(b" "),
        questions=data.count(b"?"),
        operators=_among(data, OPERATORS),
        marks=_among(data, MARKS),
        fences=data.count(b"```"),
        foreign=len(data) - len(text),
        around=sum(len(message.text) for message in request.messages) - len(last),
        tools=len(request.tools),
    )


def _among(data: bytes, these: bytes) -> int:
    """How many bytes are among these."""
    return len(data) - len(data.translate(None, these))
