"""Hypothesis strategies for the syntax of policy files: whatever a file can say, and more than makes sense.

The nodes' spans point nowhere, and texts and expressions have no written form of their own.
"""

from hypothesis import strategies as st

from routedsl.base.source import Source, Span
from routedsl.language import syntax as s
from routedsl.language.mistakes.words import is_else

NOWHERE = Span(Source("generated.route", ""), 0, 0)
RESERVED = frozenset(
    {
        *("when", "else", "and", "or", "not", "in", "is", "matches", "contains", "like", "let", "pool", "model"),
        *("upstream", "classifier", "route", "assert", "test", "import", "edition", "defaults", "true", "false"),
        *("of", "all", "always", "where", "by", "as"),
    }
)

words = st.one_of(
    st.sampled_from(
        ["a", "tiny", "llama3.2-tiny", "meta/L-3:8b", "x_1", "model-x", "given", "reject", "split", "only", "expect"]
    ),
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}(?:[.:/-][A-Za-z0-9_]{1,3}){0,2}", fullmatch=True),
).filter(lambda word: word not in RESERVED)
visible = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=6)
bare_names = st.builds(s.Name, words, span=st.just(NOWHERE))
quoted_names = st.builds(s.Name, visible.filter(bool), span=st.just(NOWHERE))
names = st.one_of(bare_names, quoted_names)

numbers = st.builds(
    s.Literal,
    st.sampled_from(["0", "200", "8k", "1.5M", "1_000", "10s", "5%", "$0.05", "10sec", "500us"]),
    span=st.just(NOWHERE),
)
literals = st.one_of(numbers, st.builds(s.Literal, st.just("09:00"), span=st.just(NOWHERE)))
texts = st.builds(s.Text, st.text(st.characters(exclude_categories=["Cs"]), max_size=8), span=st.just(NOWHERE))
patterns = st.lists(
    st.sampled_from(["a", "/", ".", r"\\", r"\d", " ", '"', "#", "{", "|", "é"]), min_size=1, max_size=6
)
regexes = st.builds(s.Regex, patterns.map("".join), st.booleans(), span=st.just(NOWHERE))
envs = st.builds(s.Env, st.sampled_from(["A", "OPENAI_API_KEY", "_x"]), span=st.just(NOWHERE))
truths = st.builds(s.Truth, st.booleans(), span=st.just(NOWHERE))


# ── values and conditions ───────────────────────────────────────────────────────────────────────


def _items(values: st.SearchStrategy[s.Operand]) -> st.SearchStrategy[s.Items]:
    return st.builds(s.Items, st.lists(values, max_size=3).map(tuple), span=st.just(NOWHERE))


constants = st.one_of(literals, texts, regexes, truths)
values: st.SearchStrategy[s.Operand] = st.recursive(
    st.one_of(constants, envs, bare_names), lambda inner: _items(inner), max_leaves=4
)
operands = st.one_of(constants, bare_names, _items(values))

signal_words = st.one_of(words, st.sampled_from(["model", "upstream", "chars", "tiny.up"]))
signals = st.one_of(
    st.builds(s.SignalRef, signal_words, span=st.just(NOWHERE)),
    st.builds(s.SignalRef, signal_words, key=texts, span=st.just(NOWHERE)),
    st.builds(s.SignalRef, st.sampled_from(["up", "first_token"]), model=quoted_names, span=st.just(NOWHERE)),
)
_UP, _DOWN = st.sampled_from([s.Op.LT, s.Op.LE]), st.sampled_from([s.Op.GT, s.Op.GE])


def _between(op: st.SearchStrategy[s.Op]) -> st.SearchStrategy[s.Between]:
    return st.builds(s.Between, operands, op, signals, op, operands, span=st.just(NOWHERE))


predicates = st.one_of(
    st.builds(s.Always, span=st.just(NOWHERE)),
    st.builds(s.Holds, signals, span=st.just(NOWHERE)),
    st.builds(s.Compare, signals, st.sampled_from(s.Op), operands, span=st.just(NOWHERE)),
    _between(_UP),
    _between(_DOWN),
    st.builds(s.Within, signals, _items(values), st.booleans(), span=st.just(NOWHERE)),
    st.builds(s.InRange, signals, literals, literals, st.booleans(), span=st.just(NOWHERE)),
    st.builds(s.Contains, signals, _items(values), span=st.just(NOWHERE)),
    st.builds(s.Matches, signals, regexes, span=st.just(NOWHERE)),
    st.builds(s.Like, signals, texts, span=st.just(NOWHERE)),
    st.builds(s.Given, signals, st.booleans(), span=st.just(NOWHERE)),
)


def _joined(kind: type[s.And] | type[s.Or], inner: st.SearchStrategy[s.Condition]) -> st.SearchStrategy[s.Condition]:
    other = inner.filter(lambda condition: not isinstance(condition, kind))  # one in its own kind is a part of it
    return st.builds(kind, st.lists(other, min_size=2, max_size=3).map(tuple), span=st.just(NOWHERE))


_conditions: st.SearchStrategy[s.Condition] = st.recursive(
    predicates,
    lambda inner: st.one_of(
        _joined(s.And, inner), _joined(s.Or, inner), st.builds(s.Not, inner, span=st.just(NOWHERE))
    ),
    max_leaves=6,
)


@st.composite
def any_condition(draw: st.DrawFn) -> s.Condition:
    """A condition; a function of its own, since Hypothesis warns of strategies that are long to print."""
    return draw(_conditions)


conditions = any_condition()

# ── targets, rules and statements ───────────────────────────────────────────────────────────────

models = st.builds(s.Items, st.lists(names, max_size=3).map(tuple), span=st.just(NOWHERE))
sources = st.one_of(models, names, st.builds(s.All, span=st.just(NOWHERE)))
shares = st.builds(s.Share, names, st.none() | numbers, span=st.just(NOWHERE))
strategies = st.builds(
    s.ToStrategy,
    bare_names.filter(lambda name: name.text != "split"),
    sources,
    st.none() | conditions,
    st.none() | signals,
    span=st.just(NOWHERE),
)
targets = st.one_of(
    st.builds(s.ToName, names, span=st.just(NOWHERE)),
    strategies,
    st.builds(
        s.ToSplit,
        st.just(s.Name("split", span=NOWHERE)),
        st.lists(shares, max_size=3).map(tuple),
        st.none() | signals,
        span=st.just(NOWHERE),
    ),
    st.builds(s.ToRoute, names, span=st.just(NOWHERE)),
    st.builds(s.ToReject, numbers, texts, span=st.just(NOWHERE)),
)
setting_names = st.builds(s.Name, st.one_of(words, st.sampled_from(["model", "upstream"])), span=st.just(NOWHERE))
settings = st.builds(s.Setting, setting_names, values, span=st.just(NOWHERE))
options = st.builds(s.Setting, bare_names, values, span=st.just(NOWHERE)).filter(
    lambda option: not is_else(option.name.text)  # `otherwise tiny` is a mistake
)
some_settings = st.lists(settings, max_size=3).map(tuple)
rules = st.builds(
    s.Rule,
    st.none() | conditions,
    targets,
    st.none() | names,
    some_settings,
    span=st.just(NOWHERE),
)


def _blocks(inner: st.SearchStrategy[s.Statement]) -> st.SearchStrategy[s.Block]:
    body = st.lists(inner, max_size=3).map(tuple)
    return st.builds(s.Block, conditions, body, span=st.just(NOWHERE))


_nested: st.SearchStrategy[s.Statement] = st.recursive(st.one_of(rules, options), _blocks, max_leaves=4)


@st.composite
def any_nested(draw: st.DrawFn) -> s.Statement:
    """What may stand in the braces of a route or a block."""
    return draw(_nested)


nested = any_nested()
promises = st.one_of(
    st.tuples(st.sampled_from(["only", "never"]), sources),
    st.tuples(st.sampled_from(["only where", "never where"]), conditions),
    st.tuples(st.sampled_from(["attempts", "wait", "cost"]), literals),
)
in_tests = words.filter(lambda word: word != "expect")
said = st.builds(s.Name, in_tests, span=st.just(NOWHERE))
stated = st.builds(
    s.Stated,
    st.one_of(
        st.builds(s.SignalRef, st.one_of(in_tests, st.just("model")), span=st.just(NOWHERE)),
        st.builds(s.SignalRef, in_tests, key=texts, span=st.just(NOWHERE)),
        st.builds(s.SignalRef, st.just("up"), model=quoted_names, span=st.just(NOWHERE)),
    ),
    st.one_of(literals, texts, truths, said),
    span=st.just(NOWHERE),
)
expectable = st.one_of(literals, texts, truths, said, _items(values))
expected = st.one_of(
    st.builds(s.Expected, st.none(), names, span=st.just(NOWHERE)),
    st.builds(s.Expected, said, expectable, span=st.just(NOWHERE)),
    st.builds(s.Expected, said, literals, texts, span=st.just(NOWHERE)),
    st.builds(s.Expected, st.just(s.Name("route", span=NOWHERE)), names, span=st.just(NOWHERE)),
)
tests = st.builds(
    s.Test,
    texts,
    st.lists(stated, max_size=3).map(tuple),
    st.lists(expected, max_size=3).map(tuple),
    span=st.just(NOWHERE),
)
statements: st.SearchStrategy[s.Statement] = st.one_of(
    tests,
    st.builds(s.Import, texts, span=st.just(NOWHERE)),
    st.builds(s.Declaration, st.sampled_from(["upstream", "model"]), names, some_settings, span=st.just(NOWHERE)),
    st.builds(s.Declaration, st.just("classifier"), bare_names, some_settings, span=st.just(NOWHERE)),
    st.builds(s.Let, bare_names, conditions, span=st.just(NOWHERE)),
    st.builds(s.Pool, names, st.one_of(strategies, models), span=st.just(NOWHERE)),
    st.builds(s.Defaults, some_settings, span=st.just(NOWHERE)),
    st.builds(
        s.Route,
        st.lists(names, min_size=1, max_size=2).map(tuple),
        st.lists(nested, max_size=3).map(tuple),
        span=st.just(NOWHERE),
    ),
    st.tuples(conditions, promises).map(lambda both: s.Assert(both[0], *both[1], span=NOWHERE)),
    nested,
)
editions = st.none() | st.just(s.Literal("1", span=NOWHERE))


@st.composite
def files(draw: st.DrawFn) -> s.File:
    """A whole file, without comments."""
    return s.File(NOWHERE.source, draw(editions), tuple(draw(st.lists(statements, max_size=3))))
