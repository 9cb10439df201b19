"""Reductions of the grammar for statements, rules and targets; `build_conditions` and `build_tests` have the rest."""

from typing import Any

from msgspec import Struct

from routedsl.base.diagnostic import Edit
from routedsl.base.source import Span
from routedsl.base.suggest import did_you_mean
from routedsl.language import syntax as s
from routedsl.language.build_tests import Tests
from routedsl.language.lexis import Lexeme
from routedsl.language.mistakes.words import is_else

_PROMISES = ("only", "never", "attempts", "wait", "cost")
_ABOUT_PROMISES = (
    "a promise is `only …`, `never …`, `only where …`, `never where …`, "
    "`attempts <= 4`, `wait <= 30s` or `cost <= $0.10`"
)


class _Braces(Struct, frozen=True):
    settings: tuple[s.Setting, ...]
    span: Span


class _As(Struct, frozen=True):
    name: s.Name
    span: Span


class _Where(Struct, frozen=True):
    condition: s.Condition
    span: Span


class _By(Struct, frozen=True):
    signal: s.SignalRef
    span: Span


class _Models(Struct, frozen=True):
    shares: tuple[s.Share, ...]
    span: Span

    @property
    def divided(self) -> bool:
        return any(share.share for share in self.shares)

    @property
    def items(self) -> s.Items:
        return s.Items(tuple(share.name for share in self.shares), span=self.span)


class _Promise(Struct, frozen=True):
    kind: str
    value: s.Items | s.Name | s.All | s.Condition | s.Literal
    span: Span


class Builder(Tests):
    """Builds the syntax of one source out of the parser's reductions."""

    # ── a file and its declarations ─────────────────────────────────────────────────────────────

    def file(self, children: list[Any]) -> s.File:
        """The whole file."""
        edition = children[0] if children and isinstance(children[0], s.Literal) else None
        statements = tuple(c for c in children if c is not None and c is not edition)
        return s.File(self.source, edition, statements)

    def edition(self, children: list[Any]) -> s.Literal:
        """`edition 1`: its number."""
        number = self.literal(children[1:])
        if number.text != "1":
            edit = Edit(number.span, "1")
            self.report("R0106", f"edition `{number.text}` is not known", number.span, "write `edition 1`", edit)
        return number

    def import_(self, children: list[Any]) -> s.Import:
        """`import "models.route"`."""
        return s.Import(self.text(children[1:]), span=self.span(children))

    def declaration(self, children: list[Any]) -> s.Declaration:
        """`upstream`, `model` or `classifier`."""
        return s.Declaration(children[0].text, children[1], _only(s.Setting, children), span=self.span(children))

    def let(self, children: list[Any]) -> s.Let:
        """`let name = C`."""
        return s.Let(children[1], children[3], span=self.span(children))

    def pool(self, children: list[Any]) -> s.Pool:
        """`pool name = …`."""
        target = children[3]
        if isinstance(target, s.ToSplit) or (isinstance(target, _Models) and target.divided):
            self.report("R0102", "a pool has no shares", target.span, "write the `split` where a rule uses it")
            target = _Models(target.shares, target.span)
        return s.Pool(children[1], target.items if isinstance(target, _Models) else target, span=self.span(children))

    def defaults(self, children: list[Any]) -> s.Defaults:
        """`defaults { … }`."""
        return s.Defaults(_only(s.Setting, children), span=self.span(children))

    def route(self, children: list[Any]) -> s.Route:
        """`route auto, "gpt-*" { … }`."""
        opening = next(i for i, c in enumerate(children) if isinstance(c, Lexeme) and c.type == "LBRACE")
        names = _only(s.Name, children[:opening])
        return s.Route(names, _nodes(children[opening:]), span=self.span(children))

    def assert_(self, children: list[Any]) -> s.Assert:
        """`assert C -> promise`."""
        promise: _Promise = children[3]
        return s.Assert(children[1], promise.kind, promise.value, span=self.span(children))

    def promise_models(self, children: list[Any]) -> _Promise:
        """`only house`, `never [a, b]`."""
        word, models = children
        value = models.items if isinstance(models, _Models) else models
        return self._promise(word, value, ("only", "never"), self.span(children))

    def promise_where(self, children: list[Any]) -> _Promise:
        """`only where C`, `never where C`."""
        word, where = children
        promise = self._promise(word, where.condition, ("only", "never"), self.span(children))
        return _Promise(f"{promise.kind} where", promise.value, promise.span)

    def promise_limit(self, children: list[Any]) -> _Promise:
        """`attempts <= 4`, `wait <= 30s`, `cost <= $0.10`."""
        word, operator, limit = children
        if operator.text != "<=":
            place = self.span([operator])
            self.report("R0102", f"`{operator.text}` sets no limit", place, "a promise says `<=`")
        return self._promise(word, limit, ("attempts", "wait", "cost"), self.span(children))

    def _promise(self, word: s.Name, value: Any, kinds: tuple[str, ...], span: Span) -> _Promise:
        if word.text not in kinds:
            meant = None if word.text in _PROMISES else did_you_mean(word.text, kinds)
            self.report("R0101", f"`{span.text}` is not a promise", span, meant or _ABOUT_PROMISES)
        return _Promise(word.text if word.text in kinds else kinds[0], value, span)

    def setting(self, children: list[Any]) -> s.Setting:
        """`name value`."""
        return s.Setting(children[0], children[1], span=self.span(children))

    # ── rules ───────────────────────────────────────────────────────────────────────────────────

    def option(self, children: list[Any]) -> s.Setting | s.Rule:
        """An option for all rules around it; one with a word for its value may be an `else` that was misspelt."""
        name, value = children
        if not isinstance(value, s.Name) or not is_else(name.text):
            return self.setting(children)
        edit = Edit(name.span, "else")
        self.report("R0102", f"`{name.text}` starts no statement", name.span, "write `else`", edit)
        return s.Rule(None, s.ToName(value, span=value.span), None, (), span=self.span(children))

    def options(self, children: list[Any]) -> _Braces:
        """`{ … }` behind a rule's target."""
        return _Braces(_only(s.Setting, children), self.span(children))

    def as_name(self, children: list[Any]) -> _As:
        """`as name`."""
        return _As(children[1], self.span(children))

    def rule(self, children: list[Any]) -> s.Rule:
        """`when C -> T …`."""
        return self._rule(children[1], children[3], children)

    def otherwise(self, children: list[Any]) -> s.Rule:
        """`else T …`."""
        return self._rule(None, children[1], children)

    def _rule(self, condition: s.Condition | None, target: s.Target, children: list[Any]) -> s.Rule:
        name = next((c.name for c in children if isinstance(c, _As)), None)
        options = next((c.settings for c in children if isinstance(c, _Braces)), ())
        return s.Rule(condition, target, name, options, span=self.span(children))

    def block(self, children: list[Any]) -> s.Block:
        """`when C { … }`."""
        return s.Block(children[1], _nodes(children[2:]), span=self.span(children))

    # ── targets ─────────────────────────────────────────────────────────────────────────────────

    def to_name(self, children: list[Any]) -> s.ToName:
        """A model or a pool."""
        return s.ToName(children[0], span=self.span(children))

    def to_route(self, children: list[Any]) -> s.ToRoute:
        """`route support`."""
        return s.ToRoute(children[1], span=self.span(children))

    def to_reject(self, children: list[Any]) -> s.ToReject:
        """`reject 403 "why"`."""
        word, status, message = children
        if word.text != "reject":
            self.report("R0101", f"`{word.text}` takes no number and text", word.span, 'did you mean `reject 403 "…"`?')
        return s.ToReject(self.literal([status]), self.text([message]), span=self.span(children))

    def strategy(self, children: list[Any]) -> s.ToStrategy | s.ToSplit:
        """`best of [a, b] by success where C`, `split of [a 90%, b] by user`."""
        strategy, _, source, *rest = children
        where = next((c for c in rest if isinstance(c, _Where)), None)
        by = next((c for c in rest if isinstance(c, _By)), None)
        span = self.span(children)
        if isinstance(source, _Models) and (strategy.text == "split" or source.divided):
            return self._split(strategy, source, where, by, span)
        if where and by and where is rest[0]:
            self.report("R0102", "`by` stands before `where`", by.span, "write `best of [a, b] by success where up`")
        models = source.items if isinstance(source, _Models) else source
        return s.ToStrategy(strategy, models, where.condition if where else None, by.signal if by else None, span=span)

    def _split(self, strategy: s.Name, source: _Models, where: _Where | None, by: _By | None, span: Span) -> s.ToSplit:
        if where:
            self.report("R0102", "a `split` has no `where`", where.span, "put the condition into the rule")
        return s.ToSplit(strategy, source.shares, by.signal if by else None, span=span)

    def where(self, children: list[Any]) -> _Where:
        """`where C`."""
        return _Where(children[1], self.span(children))

    def by(self, children: list[Any]) -> _By:
        """`by signal`."""
        return _By(children[1], self.span(children))

    def models(self, children: list[Any]) -> _Models:
        """`[a, b]`, `[a 90%, b]`."""
        return _Models(_only(s.Share, children), self.span(children))

    def share(self, children: list[Any]) -> s.Share:
        """A model of a list, and its share if one is written."""
        share = self.literal(children[1:]) if len(children) > 1 else None
        return s.Share(children[0], share, span=self.span(children))

    def all_(self, children: list[Any]) -> s.All:
        """`all`."""
        return s.All(span=self.span(children))


def _only(kind: type, children: list[Any]) -> tuple[Any, ...]:
    return tuple(c for c in children if isinstance(c, kind))


def _nodes(children: list[Any]) -> tuple[Any, ...]:
    return tuple(c for c in children if not isinstance(c, Lexeme))
