"""The grammar has no conflict, and what is shipped of it is what Lark makes of grammar/route.lark."""

import lark
import pytest

from routedsl.base.source import Source
from routedsl.language import tables
from routedsl.language._grammar import GRAMMAR
from routedsl.language.lexis import lexemes_of
from routedsl.language.parse import parse
from scripts.grammar import shipped
from tests.generators import RESERVED
from tests.language.golden import CASES

TEXTS = [path.read_text("utf-8") for path in sorted((CASES / "format").glob("*.route"))]


def test_the_grammar_is_strict() -> None:
    tables.build(GRAMMAR, strict=True)


def test_what_is_shipped_is_fresh() -> None:
    stale = [path.name for path, text in shipped().items() if path.read_text("utf-8") != text]
    assert stale == [], "run scripts/grammar.py"


def test_the_parser_is_made_anew_for_another_lark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lark, "__version__", "0.0")
    made = tables.parser.__wrapped__()
    assert made.source_path == "<string>"  # and not `<deserialized>`
    assert made.parse("else x") == tables.parser().parse("else x")


@pytest.mark.parametrize("text", TEXTS)
def test_lexemes_are_those_of_the_grammar(text: str) -> None:
    own = [(lexeme.type, lexeme.start, lexeme.end) for lexeme in lexemes_of(Source("main.route", text)).lexemes]
    assert own == [(token.type, token.start_pos, token.end_pos) for token in tables.parser().lex(text)]


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_a_reserved_word_is_no_name_unless_quoted_or_longer(word: str) -> None:
    assert parse(Source("m", f"let {word} = a"))[1] != ()
    for name in (f'"{word}"', f"{word}s", f"{word}-x", f"x.{word}", f"x-{word}"):
        assert parse(Source("m", f"else {name}"))[1] == ()
