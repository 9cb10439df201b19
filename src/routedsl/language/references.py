"""Signals as conditions name them: found in the vocabulary, or told why there is none."""

import re

from msgspec import Struct

from routedsl.base.source import Span
from routedsl.base.types import Type
from routedsl.language import policy
from routedsl.language.findings import listed, quoted, suggested
from routedsl.language.scope import Scope, Wrong
from routedsl.language.syntax import SignalRef
from routedsl.language.vocabulary import SignalWord

LATER = frozenset({"language", "code"})
"""Signals of the language that no version has yet."""
_ALIASES = {
    "headers": "header", "prompt_tokens": "tokens", "input_tokens": "tokens", "token_count": "tokens",
    "prompt": "text", "content": "text", "message": "text", "body": "text", "input": "text", "query": "last",
    "length": "chars", "characters": "chars", "word_count": "words", "message_count": "messages",
    "streaming": "stream", "hour": "time", "day": "weekday", "user_id": "user", "api_key": "key", "functions": "tools",
}  # fmt: skip
"""What other tools call signals."""
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Asked(Struct, frozen=True):
    """A signal that a predicate asks: the fact, what the vocabulary knows of it, where it is named."""

    fact: policy.Fact
    word: SignalWord
    span: Span

    @property
    def text(self) -> str:
        """The author's words."""
        return self.span.text

    @property
    def type(self) -> Type:
        """The type of its values."""
        return self.word.type


def find_signal(ref: SignalRef, scope: Scope) -> Asked:
    """The signal that a reference names; raises `Wrong` where there is none."""
    word, model = _word(ref, scope)
    fact = policy.Fact(word.name, word.type, _key(ref, word, scope), model, word.optional)
    return Asked(fact, word, ref.span)


def _word(ref: SignalRef, scope: Scope) -> tuple[SignalWord, str | None]:
    vocabulary, names = scope.vocabulary, scope.names
    if ref.model is not None:
        return _model_fact(ref.model.text, ref.name, ref, scope)
    if ref.name in names.lets:
        names.used.add(("let", ref.name))
        raise scope.wrong("R0303", ref.span, f"`{ref.name}` is a condition", "it stands alone: nothing is compared")
    if ref.name in names.classifiers:
        names.used.add(("classifier", ref.name))
        return scope.classifier_word(ref.name), None
    if scope.candidate and ref.name in vocabulary.model_facts:
        return vocabulary.model_facts[ref.name], policy.CANDIDATE
    if ref.name in vocabulary.signals:
        return vocabulary.signals[ref.name], None
    model, dot, fact = ref.name.rpartition(".")
    if dot:
        return _model_fact(model, fact, ref, scope)
    raise _unknown(ref, scope)


def _model_fact(model: str, fact: str, ref: SignalRef, scope: Scope) -> tuple[SignalWord, str]:
    signals, facts = scope.vocabulary.signals, scope.vocabulary.model_facts
    if model in signals and signals[model].keyed:
        form = f'{model}["{fact}"]'
        message = f"{quoted(ref.span.text)} has its name behind a dot"
        raise scope.wrong("R0307", ref.span, message, f"write `{form}`", edit=form)
    meant = _of_request(ref, scope)
    if meant and (fact not in facts or model in _REQUEST):
        bare = Span(ref.span.source, ref.span.start, ref.span.start + len(ref.name))
        raise scope.wrong("R0201", bare, f"{quoted(bare.text)} is written `{meant}`", f"write `{meant}`", edit=meant)
    if fact not in facts:
        hint, edit = suggested(fact, facts, f"a model's facts are {listed(facts)}")
        place = Span(ref.span.source, ref.span.end - len(fact), ref.span.end) if ref.key is None else ref.span
        raise scope.wrong("R0201", place, f"{quoted(fact)} is no fact of a model", hint, edit=edit)
    if not scope.has_model(model, Span(ref.span.source, ref.span.start, ref.span.end - len(fact) - 1)):
        raise Wrong
    return facts[fact], model


_REQUEST = frozenset({"request", "req", "input", "ctx", "context", "body", "http", "r", "event"})
"""What other tools call the request, before a dot."""


def _of_request(ref: SignalRef, scope: Scope) -> str | None:
    """`request.tokens`, `input.headers.x-tier`: the signal that is meant."""
    _, _, rest = ref.name.partition(".")
    if rest in scope.vocabulary.signals and ref.model is None:
        return rest
    head, _, key = rest.partition(".")
    word = _ALIASES.get(head, head)
    if word not in scope.vocabulary.signals or not scope.vocabulary.signals[word].keyed:
        return None
    return f'{word}["{key}"]' if key else word


def _unknown(ref: SignalRef, scope: Scope) -> Wrong:
    name, vocabulary = ref.name, scope.vocabulary
    example = next(iter(scope.names.models), "tiny")
    if name in vocabulary.model_facts:
        help_ = f"write whose it is: `{example}.{name}`; it stands bare in `where` alone"
        return scope.wrong("R0308", ref.span, f"`{name}` is a fact of a model", help_)
    if name in LATER:
        scope.findings.not_yet(ref.span, f"the signal `{name}` is")
        return Wrong()
    if name in scope.names.models:
        help_ = f"ask for a fact of it, such as `{name}.up`"
        return scope.wrong("R0201", ref.span, f"{quoted(name)} is a model, and no condition", help_)
    declared = [*scope.names.classifiers, *scope.names.lets]
    known = [*vocabulary.signals, *declared, *(vocabulary.model_facts if scope.candidate else ())]
    there = f"the signals are {listed(sorted(vocabulary.signals))}"
    alias = _ALIASES.get(name.lower())
    hint, edit = (f"did you mean `{alias}`?", alias) if alias else suggested(name, known, there)
    place = Span(ref.span.source, ref.span.start, ref.span.start + len(name))
    return scope.wrong("R0201", place, f"{quoted(name)} is no signal and no `let`", hint, edit=edit)


# ── signals that take a name in brackets ────────────────────────────────────────────────────────


def _key(ref: SignalRef, word: SignalWord, scope: Scope) -> str | None:
    if word.keyed:
        return _given_key(ref, word, scope)
    if ref.key is not None:
        message = f"`{word.name}` takes no name in brackets"
        bare = ref.span.text.partition("[")[0].rstrip()
        raise scope.wrong("R0307", ref.span, message, f"write `{bare}`", edit=bare)
    return None


def _given_key(ref: SignalRef, word: SignalWord, scope: Scope) -> str:
    if ref.key is None:
        raise scope.wrong("R0307", ref.span, f"`{word.name}` needs a name", f'write `{word.name}["…"]`')
    if word.name != "header":
        return ref.key.value
    if not _HEADER.fullmatch(ref.key.value):
        help_ = "a header's name has letters, digits and `-`"
        raise scope.wrong("R0307", ref.key.span, f"{quoted(ref.key.value)} is no name of a header", help_)
    return ref.key.value.lower()
