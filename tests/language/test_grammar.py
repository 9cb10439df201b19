"""The grammar has no conflict, what is shipped of it is what Lark makes of it, and it is read as Lark reads it."""

from contextlib import suppress
from random import Random
from typing import Any

import pytest
from lark import Token, UnexpectedToken

from routedsl.base.source import Source
from routedsl.language.lexis import lexemes_of
from routedsl.language.machine import END, Machine, Unfit
from routedsl.language.parse import parse
from routedsl.language.tables import tables
from scripts.grammar import TABLES, build, shipped
from tests.generators import RESERVED
from tests.language.golden import CASES

TEXTS = [path.read_text("utf-8") for path in sorted((CASES / "format").glob("*.route"))]
LARK = build()
WALKS = 100


def test_the_grammar_is_strict() -> None:
    build(strict=True)


def test_what_is_shipped_is_fresh() -> None:
    assert TABLES.read_bytes() == shipped(), "run scripts/grammar.py"


@pytest.mark.parametrize("text", TEXTS)
def test_lexemes_are_those_of_the_grammar(text: str) -> None:
    own = [(lexeme.type, lexeme.start, lexeme.end) for lexeme in lexemes_of(Source("main.route", text)).lexemes]
    assert own == [(token.type, token.start_pos, token.end_pos) for token in LARK.lex(text)]


class Pair:
    """The machine and Lark's parser on the same lexemes; each notes what it reduces."""

    def __init__(self) -> None:
        self.own: list[tuple[int, object]] = []
        self.others: list[tuple[int, object]] = []
        self.machine = Machine(tables(), [self._noting(self.own, number) for number in range(len(LARK.rules))])
        self.lark = LARK.parse_interactive("")
        callbacks: Any = {rule: self._noting(self.others, number) for number, rule in enumerate(LARK.rules)}
        self.lark.parser_state.parse_conf.callbacks = callbacks

    @staticmethod
    def _noting(noted: list[tuple[int, object]], rule: int) -> Any:
        return lambda children: noted.append((rule, [str(child) for child in children]))

    def feed(self, kind: str) -> bool:
        """Whether a lexeme fits, on which both must agree."""
        taken = {"machine": False, "lark": False}
        with suppress(Unfit):
            self.machine.feed(kind, kind)
            taken["machine"] = True
        with suppress(UnexpectedToken):
            self.lark.feed_token(Token(kind, kind))
            taken["lark"] = True
        assert taken["machine"] == taken["lark"]
        assert self.own == self.others
        return taken["machine"]


def test_the_machine_reads_as_lark_does() -> None:
    for seed in range(WALKS):
        walk(Random(seed))


def walk(rng: Random) -> None:
    """Feed what fits, and now and then what may not."""
    pair, names = Pair(), sorted({terminal.name for terminal in LARK.terminals} | {END})
    for _ in range(rng.randrange(4, 40)):
        accepts = pair.machine.accepts()
        assert accepts == pair.lark.accepts()  # type: ignore[no-untyped-call]  # Lark leaves it untyped
        kind = rng.choice(names) if rng.random() < 0.02 else rng.choice(sorted(accepts - {END} or accepts))
        assert pair.feed(kind) == (kind in accepts)
        if kind == END or kind not in accepts:
            return


@pytest.mark.parametrize("text", TEXTS)
def test_the_machine_reads_policies_to_their_end_as_lark_does(text: str) -> None:
    pair = Pair()
    assert all(pair.feed(lexeme.type) for lexeme in lexemes_of(Source("main.route", text)).lexemes)
    assert pair.feed(END)
    assert tables().rules[pair.own[-1][0]].becomes == "file"


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_a_reserved_word_is_no_name_unless_quoted_or_longer(word: str) -> None:
    assert parse(Source("m", f"let {word} = a"))[1] != ()
    for name in (f'"{word}"', f"{word}s", f"{word}-x", f"x.{word}", f"x-{word}"):
        assert parse(Source("m", f"else {name}"))[1] == ()
