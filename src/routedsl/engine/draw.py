"""The draw: a stable hash of a text, in parts per million, by which roll-outs and `split` choose."""

from hashlib import blake2b

from routedsl.base.units import WHOLE


class Drawn(int):
    """A draw in the place of the text that gave it: records keep the one and not the other."""


def draw_of(text: str) -> int:
    """The text's draw, from 0 to 999,999.

    It depends on the text alone: every rule, process, machine and version gives the same number, so
    that roll-outs nest (who is among 5 % is among 10 %) and records can be replayed.
    """
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % WHOLE
