"""The grammar as a parser: from shipped tables, since Lark takes ten times as long to make them."""

import json
from functools import cache
from pkgutil import get_data

import lark
from lark import Lark

from routedsl.language._grammar import GRAMMAR


def build(grammar: str, *, strict: bool = False) -> Lark:
    """The parser of a grammar, made anew; `strict` refuses conflicts, which needs interegular."""
    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        start="file",
        keep_all_tokens=True,
        maybe_placeholders=False,
        strict=strict,
    )


@cache
def parser() -> Lark:
    """The parser of policy files; made anew where the shipped tables are those of another Lark."""
    shipped = json.loads(get_data(__package__, "_grammar.json") or "{}", object_pairs_hook=_numbered)
    if shipped.get("lark") != lark.__version__:
        return build(GRAMMAR)
    return Lark.load(shipped)


def _numbered(pairs: list[tuple[str, object]]) -> dict[str | int, object]:
    """Numbers as keys, which JSON turns into text."""
    return {int(key) if key.isdigit() else key: value for key, value in pairs}
