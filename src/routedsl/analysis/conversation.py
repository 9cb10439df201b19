"""Conversations as a box demands them: who says what, how many messages, characters and words."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product

from msgspec import Struct
from msgspec.structs import replace

from routedsl.analysis.samples import texts_for
from routedsl.analysis.wanted import EVERYTHING, Spans, Wanted, least
from routedsl.base.types import Value

Demands = Mapping[str, Wanted]

SYSTEM, USER, ASSISTANT = "system", "user", "assistant"
MOST = 100_000
"""Messages, tools or parts past which no conversation is made."""
LONGEST = 10_000_000
"""Characters past which none is made: the body would be refused."""
MOST_EFFORT = 10_000_000
"""Characters of texts that are tried in vain."""
_EFFORT = 500
"""What a short text counts."""
_MOST_TEXTS = 6
"""Samples of one text that are tried with those of the others."""
_SYSTEMS = ("", "Be brief.", "a", "x", "1", "é", " ")
_LASTS = ("hi", "", "a", "x", "1", "é", "~", " ", "aa")
_MEASURED = frozenset({"chars", "words", "text", "tokens", "total_tokens", "cost"})
"""What changes with each word of any message."""


class Speech(Struct, frozen=True):
    """One message."""

    role: str
    text: str


class Talk(Struct, frozen=True):
    """Messages, the description of each offered tool, and the arguments of each call of one.

    `caller` is the message in which the calls stand.
    """

    speeches: tuple[Speech, ...]
    tools: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    caller: int = 0

    def with_text(self, at: int, text: str) -> "Talk":
        """The same with another text in one message."""
        return replace(
            self, speeches=(*self.speeches[:at], replace(self.speeches[at], text=text), *self.speeches[at + 1 :])
        )


class Filler(Struct, frozen=True):
    """How a text is made longer: by this character, behind it, before it or within."""

    char: str = "a"
    at: str = "end"


FILLERS = (
    *(Filler(), Filler(" "), Filler(at="start"), Filler(at="middle")),
    *(Filler(char) for char in "x1~é"),
    *(Filler(char, at) for at in ("start", "middle") for char in " x1é"),
)


class Parts(Struct, frozen=True):
    """What the system prompt, the other messages and the user's last message say; without a user `last` is None."""

    system: str
    rest: str
    last: str | None

    def texts(self) -> tuple[str, ...]:
        """All of them."""
        return (self.system, self.rest, self.last or "")


def talks(demands: Demands) -> Iterator[Talk]:
    """Conversations that are as demanded, but for their tokens; the plainest first."""
    tools, calls = amount("tools", demands), amount("tool_calls", demands)
    if tools is None or calls is None:
        return
    for parts in _all_sized(demands):
        for talk in _arranged(parts, demands, calls > 0):
            whole = replace(talk, tools=("",) * tools, calls=("",) * calls)
            if agrees(whole, demands):
                yield whole


def _all_sized(demands: Demands) -> Iterator[Parts]:
    """What the parts may say, at the lengths demanded, each once, until that has taken its effort."""
    seen: set[Parts] = set()
    effort = 0
    for filler in FILLERS:
        for parts in _wordings(demands, filler):
            for sized in _sized(parts, demands, filler):
                effort += _EFFORT + sum(map(len, sized.texts()))
                if sized not in seen:
                    seen.add(sized)
                    yield sized
            if effort > MOST_EFFORT:
                return


def amount(name: str, demands: Demands) -> int | None:
    """How many of something there are, as few as may be; None for too many."""
    amount = least(spans_of(name, demands), 0)
    return None if amount is None or amount > MOST else amount


def spans_of(name: str, demands: Demands) -> Spans:
    """The numbers that a fact may be."""
    return demands[name].spans if name in demands else EVERYTHING


def agrees(talk: Talk, demands: Demands) -> bool:
    """Whether what is told of a conversation without counting tokens is as demanded."""
    return all(demands[name].allows(value) for name, value in _facts(talk).items() if name in demands)


def _facts(talk: Talk) -> dict[str, Value]:
    texts = [speech.text for speech in talk.speeches]
    system = [speech.text for speech in talk.speeches if speech.role == SYSTEM]
    last = next((speech.text for speech in reversed(talk.speeches) if speech.role == USER), "")
    return {
        "messages": len(texts),
        "turns": sum(speech.role == USER for speech in talk.speeches),
        "chars": sum(map(len, texts)),
        "last_chars": len(last),
        "system_chars": sum(map(len, system)),
        "words": sum(len(text.split()) for text in texts),
        "text": "\n".join(filter(None, texts)),
        "last": last,
        "system": "\n".join(filter(None, system)),
        "tools": len(talk.tools),
        "tool_calls": len(talk.calls),
    }


# ── what is said ────────────────────────────────────────────────────────────────────────────────


def _wordings(demands: Demands, filler: Filler) -> Iterator[Parts]:
    """What the parts say by themselves: a sample for each; what may stand anywhere is tried in each place."""
    systems, lasts = _samples("system", demands, _SYSTEMS), _samples("last", demands, _LASTS)
    texts = _samples("text", demands, ()) if "text" in demands else []
    first, last = _long_enough("system", systems, demands, filler), _long_enough("last", lasts, demands, filler)
    yield from (Parts(system, "", said) for system, said in product(first, last))
    yield from (Parts(system, "", None) for system in first)
    yield from (
        Parts(system, "", said) for system, said in product(first, _long_enough("last", texts, demands, filler))
    )
    yield from (Parts(text, "", said) for text, said in product(_long_enough("system", texts, demands, filler), last))
    yield from (Parts(system, text, said) for text, system, said in product(texts, first, last))
    yield from (Parts(system, text, None) for text, system in product(texts or _LASTS, first))
    both = [" ".join(filter(None, pair)) for pair in product(lasts, texts)]
    yield from (Parts(system, "", said) for system, said in product(first, _long_enough("last", both, demands, filler)))


def _samples(name: str, demands: Demands, plain: tuple[str, ...]) -> list[str]:
    """Texts that a part may say; where its own facts do not care, the two plainest."""
    if name in demands:
        return list(islice(texts_for(demands[name], plain or _LASTS), _MOST_TEXTS))
    return list(plain[:2])


def _long_enough(name: str, samples: Sequence[str], demands: Demands, filler: Filler) -> list[str]:
    """The texts, as long as it is demanded of this part, of which that is left which still is as demanded."""
    spans, wanted = spans_of(f"{name}_chars", demands), demands.get(name)
    lengths = [(text, least(spans, len(text))) for text in samples]
    texts = [stretched(text, n - len(text), None, filler) for text, n in lengths if n is not None and n <= LONGEST]
    return [text for text in texts if text is not None and (wanted is None or wanted.allows(text))]


# ── how much is said ────────────────────────────────────────────────────────────────────────────


def _sized(parts: Parts, demands: Demands, filler: Filler) -> Iterator[Parts]:
    """The parts with one of them so much longer that the whole has the characters and words demanded."""
    chars, words = _missing(parts, demands)
    if chars is None or words is None or chars > LONGEST:
        return
    if chars == 0:
        yield parts
        return
    more = words if "words" in demands else None
    for name in ("last", "rest", "system"):
        text = getattr(parts, name)
        grown = None if text is None else stretched(text, chars, more, filler)
        if grown is not None:
            yield replace(parts, **{name: grown})


def _missing(parts: Parts, demands: Demands) -> tuple[int | None, int | None]:
    """The characters and words that the parts lack of what is demanded of the whole; None where they have too many."""
    has_chars, has_words = sum(map(len, parts.texts())), sum(len(text.split()) for text in parts.texts())
    words = least(spans_of("words", demands), has_words)
    if words is None:
        return None, None
    chars = least(spans_of("chars", demands), has_chars + 2 * (words - has_words))
    return (None if chars is None else chars - has_chars), words - has_words


def stretched(text: str, extra: int, words: int | None, filler: Filler) -> str | None:
    """A text with so many more characters and, where that is said, words; None where that cannot be."""
    if extra == 0:
        return None if words else text
    fill = _fill(extra, words, filler.char, attached=bool(text))
    match fill, filler.at:
        case None, _:
            return None
        case str(), "end":
            return text + fill
        case str(), "start":
            return fill[::-1] + text
        case _:
            half = len(text) // 2
            return text[:half] + fill + text[half:]


def _fill(length: int, words: int | None, char: str, *, attached: bool) -> str | None:
    """Characters in so many words, one where nothing is said; in none they belong to the word that is there."""
    if words is None:
        words = int(char != " " and (length > 1 or not attached))
    if words == 0:
        return (char if attached else " ") * length
    gap = " " if attached else ""
    last = length - len(gap) - 2 * (words - 1)
    return None if last < 1 or char == " " else gap + f"{char} " * (words - 1) + char * last


# ── who says it ─────────────────────────────────────────────────────────────────────────────────


def _arranged(parts: Parts, demands: Demands, calls: bool) -> Iterator[Talk]:  # noqa: FBT001 - whether there are any
    """The parts as messages: as few as may be, blank ones among them where more are demanded."""
    spans = spans_of("turns", demands)
    turns = 0 if parts.last is None else least(spans, 1)
    if turns is None:
        return
    ends = int(bool(parts.system)) + int(turns > 0)
    between = max(int(bool(parts.rest)), turns - 1, int(not ends))
    for wanted in (max(between, 1), between) if calls else (between,):
        messages = least(spans_of("messages", demands), ends + wanted)
        if messages is not None and messages <= MOST:
            extra = messages - ends
            users = turns - 1 if "turns" in demands else extra // 2
            yield from _ordered(parts, _between(extra, max(users, 0), parts, demands))


def _between(extra: int, users: int, parts: Parts, demands: Demands) -> tuple[Speech, ...]:
    """The messages before the last: user and assistant in turn while there are such, one of them with the rest."""
    blank = "" if any(name.rpartition(".")[2] in _MEASURED for name in demands) else "ok"
    users = 0 if parts.last is None else users
    pairs = min(users, extra - users)
    more = USER if users > pairs else ASSISTANT
    roles = [more] * (extra - 2 * pairs) + [USER, ASSISTANT] * pairs
    texts = [parts.rest or blank, *[blank] * (extra - 1)]
    return tuple(Speech(role, text) for role, text in zip(roles, texts[:extra], strict=True))


def _ordered(parts: Parts, between: tuple[Speech, ...]) -> Iterator[Talk]:
    """The system prompt first, else behind the others: what stands first in all text may matter."""
    system = (Speech(SYSTEM, parts.system),) if parts.system else ()
    last = () if parts.last is None else (Speech(USER, parts.last),)
    for speeches in ((*system, *between, *last), (*between, *last, *system))[: 2 if system else 1]:
        roles = [speech.role for speech in speeches]
        caller = len(roles) - 1 - roles[::-1].index(ASSISTANT) if ASSISTANT in roles else len(roles) - 1
        yield Talk(speeches, caller=caller)
