"""Whether a stream shows colours."""

import os
from typing import TextIO


def color_on(stream: TextIO) -> bool:
    """Whether a stream is a terminal whose person wants colours (`NO_COLOR` is obeyed)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
