"""What each form of the language is parsed to, with the places of what was written."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from routedsl.base.source import Node, Source, Span
from routedsl.language import syntax as s
from routedsl.language.format import format_file
from routedsl.language.lexis import lexemes_of
from routedsl.language.parse import parse
from tests.generators import NOWHERE, files
from tests.language.golden import CASES

POLICY = (CASES / "format" / "everything.route").read_text("utf-8")


def parsed(text: str) -> tuple[s.Statement, ...]:
    file, diagnostics = parse(Source("main.route", text))
    assert diagnostics == ()
    return file.statements


def condition(text: str) -> s.Condition | None:
    (rule,) = parsed(f"when {text} -> x")
    assert isinstance(rule, s.Rule)
    return rule.condition


def target(text: str) -> s.Target:
    (rule,) = parsed(f"else {text}")
    assert isinstance(rule, s.Rule)
    return rule.target


def name(text: str) -> s.Name:
    return s.Name(text, span=NOWHERE)


def number(text: str) -> s.Literal:
    return s.Literal(text, span=NOWHERE)


def text(value: str) -> s.Text:
    return s.Text(value, span=NOWHERE)


def items(*values: s.Operand) -> s.Items:
    return s.Items(values, span=NOWHERE)


def ref(text: str) -> s.SignalRef:
    return s.SignalRef(text, span=NOWHERE)


def holds(text: str) -> s.Holds:
    return s.Holds(ref(text), span=NOWHERE)


CHARS = ref("chars")
Promised = s.Items | s.Name | s.All | s.Condition | s.Literal


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("always", s.Always(span=NOWHERE)),
        ("stream", holds("stream")),
        ("llama3.2-tiny.up", holds("llama3.2-tiny.up")),
        ('"meta/L-3".up', s.Holds(s.SignalRef("up", model=name("meta/L-3"), span=NOWHERE), span=NOWHERE)),
        ("chars<200", s.Compare(CHARS, s.Op.LT, number("200"), span=NOWHERE)),
        ("quality >= difficulty", s.Compare(ref("quality"), s.Op.GE, name("difficulty"), span=NOWHERE)),
        ('model == "x"', s.Compare(ref("model"), s.Op.EQ, text("x"), span=NOWHERE)),
        ("stream == true", s.Compare(ref("stream"), s.Op.EQ, s.Truth(True, span=NOWHERE), span=NOWHERE)),
        (
            'header["x-tier"] != "gold"',
            s.Compare(s.SignalRef("header", key=text("x-tier"), span=NOWHERE), s.Op.NE, text("gold"), span=NOWHERE),
        ),
        ("1 <= chars < 5", s.Between(number("1"), s.Op.LE, CHARS, s.Op.LT, number("5"), span=NOWHERE)),
        ("5 > chars >= low", s.Between(number("5"), s.Op.GT, CHARS, s.Op.GE, name("low"), span=NOWHERE)),
        ("chars in 200..1000", s.InRange(CHARS, number("200"), number("1000"), span=NOWHERE)),
        ("time not in 22:00..06:00", s.InRange(ref("time"), number("22:00"), number("06:00"), True, span=NOWHERE)),
        ('user in ["a", b, ]', s.Within(ref("user"), items(text("a"), name("b")), span=NOWHERE)),
        ('user not in ["a"]', s.Within(ref("user"), items(text("a")), True, span=NOWHERE)),
        ('text contains "a"', s.Contains(ref("text"), items(text("a")), span=NOWHERE)),
        ('text contains ["a"]', s.Contains(ref("text"), items(text("a")), span=NOWHERE)),
        (r"text matches /a\/\d\\/i", s.Matches(ref("text"), s.Regex(r"a/\d\\", True, span=NOWHERE), span=NOWHERE)),
        ('model like "gpt-*"', s.Like(ref("model"), text("gpt-*"), span=NOWHERE)),
        ("user is given", s.Given(ref("user"), False, span=NOWHERE)),
        ("user is missing", s.Given(ref("user"), True, span=NOWHERE)),
    ],
)
def test_predicates(written: str, meant: s.Condition) -> None:
    assert condition(written) == meant
    assert condition(f"({written})") == meant


def test_not_binds_tighter_than_and_tighter_than_or() -> None:
    a, b, c, d = map(holds, "abcd")
    both = s.And((s.Not(b, span=NOWHERE), c), span=NOWHERE)
    assert condition("a or not b and c or d") == s.Or((a, both, d), span=NOWHERE)
    assert condition("a and (b and (c and d))") == s.And((a, b, c, d), span=NOWHERE)
    assert condition("a and (b or c)") == s.And((a, s.Or((b, c), span=NOWHERE)), span=NOWHERE)
    assert condition("not not (a)") == s.Not(s.Not(a, span=NOWHERE), span=NOWHERE)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("tiny", s.ToName(name("tiny"), span=NOWHERE)),
        ('"4o-mini"', s.ToName(name("4o-mini"), span=NOWHERE)),
        ("reject", s.ToName(name("reject"), span=NOWHERE)),
        ("route support", s.ToRoute(name("support"), span=NOWHERE)),
        ('reject 403 "why"', s.ToReject(number("403"), text("why"), span=NOWHERE)),
        ("best of all", s.ToStrategy(name("best"), s.All(span=NOWHERE), span=NOWHERE)),
        ("best of house where up", s.ToStrategy(name("best"), name("house"), holds("up"), span=NOWHERE)),
        (
            "best of [a] by success where up",
            s.ToStrategy(
                name("best"), items(name("a")), holds("up"), s.SignalRef("success", span=NOWHERE), span=NOWHERE
            ),
        ),
        ('first of [a, "b/c"]', s.ToStrategy(name("first"), items(name("a"), name("b/c")), span=NOWHERE)),
        (
            'split of [a 90%, b] by header["x"]',
            s.ToSplit(
                name("split"),
                (s.Share(name("a"), number("90%"), span=NOWHERE), s.Share(name("b"), None, span=NOWHERE)),
                s.SignalRef("header", key=text("x"), span=NOWHERE),
                span=NOWHERE,
            ),
        ),
        ("split of [a]", s.ToSplit(name("split"), (s.Share(name("a"), None, span=NOWHERE),), span=NOWHERE)),
    ],
)
def test_targets(written: str, meant: s.Target) -> None:
    assert target(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("200", number("200")),
        ("1_000.5M", number("1_000.5M")),
        ("10sec", number("10sec")),
        ("$0.05", number("$0.05")),
        ("5%", number("5%")),
        ("09:00", number("09:00")),
        (r'"a\"b\\\n\t\u{20ac}"', text('a"b\\\n\t€')),
        ("$OPENAI_API_KEY", s.Env("OPENAI_API_KEY", span=NOWHERE)),
        ("false", s.Truth(False, span=NOWHERE)),
        ("[]", items()),
        ("[a, [1], ]", items(name("a"), items(number("1")))),
    ],
)
def test_values(written: str, meant: s.Operand) -> None:
    (setting,) = parsed(f"x {written}")
    assert setting == s.Setting(name("x"), meant, span=NOWHERE)


def test_the_one_line_is_two_rules_and_two_options() -> None:
    line = "when messages<=2 and chars<200->tiny else medium fallback [large, medium, tiny] timeout 10s"
    first, second, fallback, timeout = parsed(line)
    assert isinstance(first, s.Rule)
    assert (first.span.text, first.span.word.text) == ("when messages<=2 and chars<200->tiny", "when")
    assert isinstance(second, s.Rule)
    assert (second.condition, second.span.text, second.span.word.text) == (None, "else medium", "else")
    assert isinstance(fallback, s.Setting)
    assert fallback.value.span.text == "[large, medium, tiny]"
    assert timeout == s.Setting(name("timeout"), number("10s"), span=NOWHERE)


def test_names_of_reserved_words_are_settings_and_signals() -> None:
    (declaration,) = parsed("model tiny { upstream local model x }")
    assert isinstance(declaration, s.Declaration)
    assert [setting.name.text for setting in declaration.settings] == ["upstream", "model"]
    assert condition("upstream == model") == s.Compare(ref("upstream"), s.Op.EQ, name("model"), span=NOWHERE)


def test_asserts_keep_their_promise() -> None:
    promises: dict[str, tuple[str, Promised]] = {
        "only house": ("only", name("house")),
        "never [a, b]": ("never", items(name("a"), name("b"))),
        "only all": ("only", s.All(span=NOWHERE)),
        "only where up": ("only where", holds("up")),
        "never where up": ("never where", holds("up")),
        "wait <= 30s": ("wait", number("30s")),
    }
    for written, (kind, value) in promises.items():
        assert parsed(f"assert always -> {written}") == (s.Assert(s.Always(span=NOWHERE), kind, value, span=NOWHERE),)


def test_comments_and_the_edition_are_kept() -> None:
    file, _ = parse(Source("m", "\ufeff# one  \r\nedition 1 # two\r\nelse x # three"))
    assert file.edition == number("1")
    assert [(comment.text, comment.span.text) for comment in file.comments] == [
        ("# one", "# one"),
        ("# two", "# two"),
        ("# three", "# three"),
    ]


def test_an_empty_file_says_nothing() -> None:
    assert parsed("") == parsed("\n # only a comment\n") == ()


def _spans(value: object) -> Iterator[Span]:
    """All spans of the nodes in a tree."""
    if isinstance(value, tuple):
        for item in value:
            yield from _spans(item)
    elif isinstance(value, Span):
        yield value
    elif isinstance(value, Node):
        yield from _spans(astuple(value))


def test_each_node_knows_its_place() -> None:
    file, _ = parse(Source("main.route", POLICY))
    for span in _spans(file.statements):
        assert 0 <= span.start < span.end <= len(POLICY)
        assert span.text == span.text.strip()
    assert [statement.span.text.split()[0] for statement in file.statements[:3]] == ["import", "upstream", "upstream"]


# ── properties ──────────────────────────────────────────────────────────────────────────────────


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert_places(text)


WORDS = [lexeme.text for lexeme in lexemes_of(Source("main.route", POLICY)).lexemes]
STRAY = [
    "->",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    "=",
    "!",
    "&&",
    '"',
    "/",
    "'",
    ";",
    ":",
    "\n",
    "@",
    ".up",
    "edition",
    "test",
]


@given(st.lists(st.sampled_from(WORDS + STRAY), max_size=40).map(" ".join))
def test_any_row_of_words_has_an_answer(text: str) -> None:
    assert_places(text)


@given(files(), st.data())
def test_any_policy_with_a_piece_torn_out_has_an_answer(file: s.File, data: st.DataObject) -> None:
    text = format_file(file)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    assert_places(text[:start] + data.draw(st.sampled_from(["", "}", "{", '"', "/", " -> ", "\n", "="])) + text[end:])


def assert_places(text: str) -> None:
    file, diagnostics = parse(Source("main.route", text))
    assert file.source.text == text
    for finding in diagnostics:
        for span in (finding.span, *(label.span for label in finding.labels)):
            assert 0 <= span.start <= span.end <= len(text)
