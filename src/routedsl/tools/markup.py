"""HTML made of parts: a text is escaped wherever it is put, on one line, and only what is made here is markup."""

import base64
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from typing import NamedTuple

from routedsl.tools.table import printable


class Markup(NamedTuple):
    """HTML that needs no more escaping."""

    text: str


Part = Markup | str | int | None
"""What stands in an element; None is nothing."""


def element(name: str, *parts: Part, **attributes: str | float) -> Markup:
    """An element; `class_` is the attribute `class`, and dashes are written as underscores."""
    told = "".join(f' {_name(key)}="{_escaped(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{told}>{''.join(map(_inner, parts))}</{name}>")


def together(parts: Iterable[Part]) -> Markup:
    """Parts one after the other."""
    return Markup("".join(map(_inner, parts)))


def _inner(part: Part) -> str:
    if isinstance(part, Markup):
        return part.text
    return "" if part is None else _escaped(part)


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _escaped(value: str | float) -> str:
    return escape(printable(str(value)))


def page(title: str, style: str, body: Markup) -> str:
    """A whole page that loads nothing and runs nothing: its own style is all that a browser may use."""
    mark = base64.b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{mark}'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_escaped(title)}</title>\n<style>{style}</style>\n</head>\n{body.text}\n</html>\n"
    )
