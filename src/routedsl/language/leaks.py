"""Keys that somebody wrote into a policy, wherever they stand: in a text, in a comment."""

import re
from collections.abc import Iterable, Iterator

from routedsl.base.source import Source, Span

# What keys of known services look like. A digit is wanted, so that words are none; all is bounded, so
# that no text takes long.
_KEY = re.compile(
    r"""
    (?<! [A-Za-z0-9] )
    (?: (?: sk- | rk_ | xai- | gsk_ | hf_ | nvapi- | pplx- | github_pat_ | gh[opsu]_ | glpat- | AIza | Bearer[ ] )
        (?= [\w./+-]{0,200} [0-9] ) [\w./+=-]{16,200}
      | AKIA [0-9A-Z]{16}
      | eyJ [\w-]{8,2000} \. eyJ [\w-]{8,2000}
    )
    """,
    re.VERBOSE | re.ASCII,
)


def find_keys(sources: Iterable[Source]) -> Iterator[Span]:
    """Where something looks like a key written out."""
    for source in sources:
        for match in _KEY.finditer(source.text):
            yield Span(source, match.start(), match.end())
