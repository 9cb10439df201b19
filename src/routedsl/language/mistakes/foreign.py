"""Texts of other tools, pasted in whole: told once, by name, since no line of them is a rule."""

import re
from collections.abc import Iterable

from routedsl.base.diagnostic import Diagnostic
from routedsl.base.source import Source, Span

_HELP = "write its rules as `when chars < 200 -> tiny`, one below the other, and last `else large`"
# By its first line that is no comment; the surest first.
_SHAPES = (
    ("JSON", r'[{\[]\s*$|[{\[]\s*"'),
    ("TOML or INI", r"\[\[?[\w. -]+\]\]?\s*$"),
    ("XML", r"<[?!]?[A-Za-z]"),
    ("a table", r"\|.*\|\s*$"),
    ("SQL", r"(?i:select|insert|update|with)\s.*\b(?i:from|into|set|as)\b"),
    ("Rego", r"package [\w.]+\s*$|import (?:rego|data)\.|default \w+ :?=|(?:allow|deny)\b.*\{"),
    ("Cedar", r"(?:permit|forbid)\s*\("),
    ("a configuration of nginx", r"(?:map|geo) \$|(?:server|location|http|events)\b.*\{\s*$"),
    ("a configuration of HAProxy", r"(?:acl|use_backend|default_backend|frontend|listen|global) ?.*"),
    ("rules of iptables", r"(?:iptables )?-[A-Z] "),
    ("Python", r"(?:if|for|while|def|class|match)\b[^{]*:\s*$|(?:from \w+ )?import \w+\s*$"),
    ("YAML", r"---\s*$|[\w.-]+:\s*$|- \w+"),
    ("JavaScript", r"(?:const|let|var) \w+ = .*(?:=>|function|\?)|(?:export |async )?function\b|switch \("),
    ("CEL", r"[^\"]*\?[^\"]*\".*\" : |.* \? .* : "),
    ("HCL", r"\w+( \"[\w-]+\"){2,} \{"),
    ("a Caddyfile", r"(?:[\w-]+\.)*[\w-]+\.[a-z]+(?::\d+)? \{\s*$|:\d+ \{"),
    ("a sentence", r"(?!when|else|if )[A-Z][a-z]+(?: [\w',-]+){4,}[.!]?\s*$"),
)
_WIDEST = 200
_SEPARATORS = ("\t", ",")


def foreign(source: Source) -> Diagnostic | None:
    """What a text likely is that has no rule in it; asked where it does not parse."""
    if "->" in source.text.replace("-->", ""):
        return None
    lines = [(match.start(), match[0]) for match in re.finditer(r"^[^\n]*\S[^\n]*", source.text, re.MULTILINE)]
    start, first = next(((at, line) for at, line in lines if line.lstrip()[0] != "#"), (0, ""))
    name = next((name for name, shape in _SHAPES if re.match(shape, first[:_WIDEST])), None) or _table(
        line for _, line in lines
    )
    if name is None or first.startswith("when "):
        return None
    span = Span(source, start, start + len(first.rstrip()))
    return Diagnostic(code="R0111", message=f"this looks like {name}, and is no policy", span=span, help=_HELP)


def _table(lines: Iterable[str]) -> str | None:
    """Rows of words with the same sign between them."""
    rows = [line.strip() for line in lines]
    for sign in _SEPARATORS:
        counts = {row.count(sign) for row in rows}
        if len(rows) > 1 and len(counts) == 1 and counts != {0} and not any("{" in row or "[" in row for row in rows):
            return "a table"
    return None
