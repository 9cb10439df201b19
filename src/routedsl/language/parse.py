"""From a policy file's text to its syntax: every mistake in one run, and never an exception."""

from functools import cache

from lark import Lark, Tree
from lark.parse_tree_builder import ParseTreeBuilder

from routedsl.base.diagnostic import Diagnostic, in_order
from routedsl.base.source import Source
from routedsl.language._grammar import GRAMMAR
from routedsl.language.build import Builder
from routedsl.language.syntax import File


@cache
def _grammar() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="basic", start="file", keep_all_tokens=True, maybe_placeholders=False)


def parse(source: Source) -> tuple[File, tuple[Diagnostic, ...]]:
    """The syntax of a text, as far as it can be read, and what is wrong with it."""
    lark = _grammar()
    builder = Builder(source)
    interactive = lark.parse_interactive()
    reductions = ParseTreeBuilder(lark.rules, Tree).create_callback(builder)
    interactive.parser_state.parse_conf.callbacks = reductions
    for lexeme in lark.lex(source.text):
        interactive.feed_token(lexeme)
    file = interactive.feed_eof()
    return file, in_order(builder.found)
